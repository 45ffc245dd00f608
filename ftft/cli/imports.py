"""`ftft import`"""

from pathlib import Path

import click

from ftft.cli.output import common, emit, note
from ftft.imports import FORMATS
from ftft.imports.formats import AUTO
from ftft.workspace import Workspace
from ftft.workspace.importing import Imported

KINDS = "; ".join(f"{f.name}: {f.description}" for f in FORMATS.values())


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", type=click.Choice((AUTO, *FORMATS)), default=AUTO, show_default=True, help=f"{KINDS}.")
@click.option("--dataset", metavar="D", help="The dataset of this workspace that the run is of: examples are matched by their ids.")
@click.option("--new-dataset", metavar="NAME", help="Make a dataset of the import alone instead.")
@click.option("--name", required=True, metavar="R", help="What the run is called from now on.")
@click.option("--epochs", type=int, metavar="N", help="Over how many epochs metrics were taken, where the file does not say it.")
@common
def import_(
    path: Path,
    format: str,
    dataset: str | None,
    new_dataset: str | None,
    name: str,
    epochs: int | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Imports training dynamics, or metrics of them, that were recorded elsewhere.

    \b
    ftft import training_dynamics --dataset snli --name roberta
    ftft import winogrande_coordinates.jsonl.gz --new-dataset winogrande --name roberta --epochs 6
    ftft import /cluster/runs/0f3a5c7e9b1d2f40 --dataset cad --name cluster-1
    """
    done = Workspace(workspace).import_run(path, name=name, dataset=dataset, new_dataset=new_dataset, format=format, epochs=epochs)
    if as_json:
        for finding in done.found:
            note(f"{finding.kind}: {finding.message}")
    value = {"run": done.run.id, "n": done.n, "epochs": done.epochs, "found": [f.to_json() for f in done.found], "existing": done.existing}
    emit(as_json, value, lambda: _text(done))


def _text(done: Imported) -> str:
    run, measures = done.run, done.run.measures
    facts = {
        "run": f"{run.id}{'  (existing)' if done.existing else ''}",
        "dataset": run.spec.dataset,
        "format": run.spec.imported,
        "examples": f"{done.n:,}",
        "epochs": done.epochs,
        "holds": "logits of every epoch" if measures is None else f"metrics alone: {', '.join(measures)}",
    }
    return "\n".join([*(f"{name:<10}{value}" for name, value in facts.items()), *(f"! {f.message}" for f in done.found)])
