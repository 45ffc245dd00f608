"""`ftft results` and `ftft report`."""

from pathlib import Path

import click

from ftft.cli.output import common, emit, table
from ftft.errors import InputError, unknown
from ftft.figures import KINDS
from ftft.workspace import Workspace
from ftft.workspace.methods import FTFT
from ftft.workspace.report import FIGURES, STABILITY_FIGURES


@click.command()
@click.argument("of", metavar="E|R")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE.html")
@click.option("--metric", metavar="M", help="Of an experiment: accuracy, macro_f1, auroc or loss [default: the dataset's].")
@click.option("--baseline", metavar="NAME", help="Of an experiment: the method that differences are taken to [default: erm].")
@common
def report(of: str, out: Path, metric: str | None, baseline: str | None, workspace: str | None, as_json: bool) -> None:
    """Writes an experiment, or a run, as one HTML file that needs nothing else.

    \b
    ftft report 3f2a --out report.html
    """
    from ftft.workspace.report import page, page_of_run, write

    ws = Workspace(workspace)
    if any(found.id.startswith(of) for found in ws.experiment.list()):
        content = page(ws.results(of, metric=metric, baseline=baseline))
    elif any(run.startswith(of) for run in ws.runs.ids()):
        if metric or baseline:
            raise InputError("--metric and --baseline are of experiments", "Leave them out for a run")
        content = page_of_run(ws, ws.runs.get(of))
    else:
        raise unknown("experiment or run", of, [*(found.id for found in ws.experiment.list()), *ws.runs.ids()])
    write(content, out)
    emit(as_json, {"file": str(out)}, lambda: f"{out}")


@click.command()
@click.argument("experiment")
@click.option("--metric", metavar="M", help="accuracy, macro_f1, auroc or loss [default: the dataset's].")
@click.option("--baseline", metavar="NAME", help="The method that differences are taken to [default: erm, of stability standard].")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the table (.csv, .md, .tex) or a figure (.pdf, .svg, .png).",
)
@click.option(
    "--figure",
    metavar="NAME",
    help=f"Which one, with --out: {', '.join(FIGURES)} [default: the first]; of stability {', '.join(STABILITY_FIGURES)}.",
)
@common
def results(
    experiment: str, metric: str | None, baseline: str | None, out: Path | None, figure: str | None, workspace: str | None, as_json: bool
) -> None:
    """Shows an experiment: methods by evaluation sets, differences and what they are worth, what has been ruled out.

    \b
    ftft results 3f2a --metric auroc
    ftft results 3f2a --out table.tex
    ftft results 3f2a --out cost.pdf --figure cost
    """
    from ftft.workspace import tables

    if figure is not None and (out is None or out.suffix.lower() not in KINDS):
        raise InputError("--figure says nothing without a file for it", f"Add --out FILE{KINDS[0]} (or {', '.join(KINDS[1:])})")
    found = Workspace(workspace).results(experiment, metric=metric, baseline=baseline)
    if out and out.suffix.lower() in KINDS:
        found.save_figure(figure or ("strips" if found.experiment.kind == "stability" else "differences"), out)
    elif out:
        tables.write(found, out)

    def text() -> str:
        claims = []
        for claim in found.claims:
            claims += [claim.text, f"  {claim.summary}"] if claim.confounds else [claim.text]
            if claim.holds or claim.method == FTFT:
                claims += [f"  {c.name}: {c.verdict}. {c.text}" for c in claim.confounds]
        heads, rows = tables.grid(found)
        return "\n".join([table(heads, rows), "", *tables.notes(found), "", *claims])

    emit(as_json, found.to_json(), text)
