"""`ftft notes …`"""

from pathlib import Path

import click

from ftft.cli.output import common, emit, table
from ftft.errors import InputError
from ftft.workspace import Workspace


@click.group()
def notes() -> None:
    """Flags, notes and suggested labels of training examples."""


@notes.command("list")
@click.argument("dataset")
@common
def list_(dataset: str, workspace: str | None, as_json: bool) -> None:
    """Lists the examples of a dataset that have a flag, a note or a suggested label."""
    ws = Workspace(workspace)
    counts, found = ws.notes.flags(dataset), ws.notes.all(dataset).values()
    value = {"dataset": dataset, "flags": counts, "notes": [note.to_json() for note in found]}
    rows = [[note.id, ", ".join(note.flags), note.label or "–", note.text.replace("\n", " ")[:60]] for note in found]
    said = ", ".join(f"{flag} {n}" for flag, n in counts.items())
    emit(as_json, value, lambda: f"{dataset}: {said}\n{table(['id', 'flags', 'label', 'note'], rows)}")


@notes.command()
@click.argument("dataset")
@click.argument("flag")
@click.option("--ids", type=click.Path(path_type=Path), metavar="FILE", help="Which examples: their ids, one a line.")
@click.option("--subset", metavar="S", help="Which examples: those of a subset.")
@click.option("--off", is_flag=True, help="Take the flag away.")
@common
def flag(dataset: str, flag: str, ids: Path | None, subset: str | None, off: bool, workspace: str | None, as_json: bool) -> None:
    """Flags training examples, such as "label wrong" or "keep out".

    \b
    ftft notes flag cad "label wrong" --ids suspicious.txt
    """
    ws = Workspace(workspace)
    if (ids is None) == (subset is None):
        raise InputError("nothing says which examples" if ids is None else "--ids and --subset exclude each other", "Give one of them")
    named = _ids(ids) if ids is not None else _of_subset(ws, dataset, str(subset))
    ws.notes.flag(dataset, named, flag, on=not off)
    value = {"dataset": dataset, "flag": flag, "on": not off, "n": len(set(named)), "flags": ws.notes.flags(dataset)}
    emit(as_json, value, lambda: f"{value['n']} examples of {dataset} are {'no longer ' if off else ''}flagged {flag!r}")


@notes.command()
@click.argument("dataset")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help=".csv, .jsonl or .parquet.")
@common
def export(dataset: str, out: Path, workspace: str | None, as_json: bool) -> None:
    """Writes id, flags, text and label of every note."""
    n = Workspace(workspace).notes.export(dataset, out)
    emit(as_json, {"file": str(out), "n": n}, lambda: f"Wrote {n} notes to {out}.")


def _ids(file: Path) -> list[str]:
    if not file.is_file():
        raise InputError(f"{file} is no file of ids", "Check the path")
    try:
        return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as problem:
        raise InputError(f"{file} is not UTF-8", "Save it as UTF-8") from problem


def _of_subset(ws: Workspace, dataset: str, subset: str) -> tuple[str, ...]:
    found = ws.subsets.get(subset)
    if found.dataset_name != dataset:
        raise InputError(f"subset {found.name!r} is of dataset {found.dataset_name!r}, not {dataset!r}", "Use a subset of the same dataset")
    return found.ids
