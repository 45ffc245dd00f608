"""`ftft subsets …`"""

from pathlib import Path

import click

from ftft.cli.output import common, emit, table
from ftft.workspace import Workspace


@click.group()
def subsets() -> None:
    """Subsets: frozen selections of training examples."""


@subsets.command("list")
@common
def list_(workspace: str | None, as_json: bool) -> None:
    """Lists subsets, newest first."""
    found = Workspace(workspace).subsets.list()
    rows = [[s.name, s.dataset_name, len(s.ids), s.of, s.hash[:12], s.created] for s in found]
    emit(as_json, {"subsets": [s.to_json() for s in found]}, lambda: table(["subset", "dataset", "n", "of", "hash", "created"], rows))


@subsets.command()
@click.argument("subset")
@common
def show(subset: str, workspace: str | None, as_json: bool) -> None:
    """Shows a subset: its size, labels, hash and the selection that made it."""
    found = Workspace(workspace).subsets.get(subset)
    labels = "  ".join(f"{label} {n}" for label, n in found.labels.items())
    steps = "\n".join(f"  {step}" for step in found.selection["steps"])
    emit(
        as_json,
        found.to_json(),
        lambda: f"{found.name}: {len(found.ids)} of {found.of} of {found.dataset_name}, hash {found.hash[:12]}\n{labels}\n{steps}",
    )


@subsets.command()
@click.argument("subset")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help=".jsonl, .csv, .parquet, .txt (ids), or a folder (datasets).",
)
@common
def export(subset: str, out: Path, workspace: str | None, as_json: bool) -> None:
    """Writes a subset's rows for other tools.

    \b
    ftft subsets export ambiguous --out ambiguous.jsonl
    """
    file = Workspace(workspace).subsets.export(subset, out)
    emit(as_json, {"file": str(file)}, lambda: f"Wrote {file}.")


@subsets.command()
@click.argument("a")
@click.argument("b")
@common
def compare(a: str, b: str, workspace: str | None, as_json: bool) -> None:
    """Counts what two subsets of a dataset share.

    \b
    ftft subsets compare ambiguous by-hand
    """
    found = Workspace(workspace).subsets.compare(a, b)
    rows = [["both", found["both"]], [f"only {found['a']}", found["only_a"]], [f"only {found['b']}", found["only_b"]]]
    emit(as_json, found, lambda: table(["part", "n"], rows))
