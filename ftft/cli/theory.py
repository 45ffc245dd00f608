"""`ftft theory`: does what theory says of stability show?"""

from pathlib import Path

import click

from ftft.cli.output import common, emit, note, table
from ftft.errors import unknown
from ftft.figures import KINDS
from ftft.workspace import Workspace

DASH = "–"


@click.command()
@click.option("--sets", type=int, default=300, show_default=True, help="Synthetic sets, shared out among the factors.")
@click.option("--seeds", type=int, default=20, show_default=True, help="Heads trained on each.")
@click.option("--method", "methods", multiple=True, default=("standard", "mmr", "mhloss"), show_default=True, metavar="NAME")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also draw it: .pdf, .svg or .png.")
@common
def theory(sets: int, seeds: int, methods: tuple[str, ...], out: Path | None, workspace: str | None, as_json: bool) -> None:
    """Varies one factor at a time on synthetic sets, trains linear heads with one example left out, and shows which trends come out.

    \b
    ftft theory
    ftft theory --sets 60 --seeds 5 --out trends.pdf
    """
    from ftft.figures import save

    if out is not None and out.suffix.lower() not in KINDS:
        raise unknown("kind of figure", out.suffix, KINDS)
    found = Workspace(workspace).measure_theory(sets, seeds, methods, lambda done, of: note(f"{done} of {of}") if done % 60 == 0 else None)
    if out is not None:
        save(found.figure(), out)
    emit(as_json, found.value, lambda: f"{_table(found.value)}\n\n{found.note}")


def _table(value: dict) -> str:
    names = value["study"]["methods"]
    rows = [
        [factor, of["expected"], *(_rho(of["methods"][name]["spearman"]["epsilon"]) for name in names)]
        for factor, of in value["factors"].items()
    ]
    return table(["factor", "theory", *names], rows)


def _rho(found: dict[str, float] | None) -> str:
    return DASH if found is None else f"{found['value']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"
