"""`ftft data …`"""

from typing import Any

import click

from ftft.cli.output import common, emit, note, table
from ftft.domain import Dataset
from ftft.workspace import Workspace


@click.group()
def data() -> None:
    """Datasets: what models are trained and judged on."""


@data.command()
@click.argument("name")
@click.option("--train", required=True, metavar="FILE", help="CSV, TSV, JSON Lines (also .gz) or Parquet.")
@click.option(
    "--eval", "evaluations", multiple=True, metavar="EVAL=FILE:id|ood[:dev|test]", help="An evaluation set, in or out of distribution."
)
@click.option("--text", multiple=True, required=True, metavar="COL", help="Column with the text; give it twice for pairs.")
@click.option("--label", required=True, metavar="COL", help="Column with the label.")
@click.option("--id", metavar="COL", help="Column with the ids [default: id, else the row's number].")
@click.option("--map", "label_maps", multiple=True, metavar="EVAL:theirs=ours", help="What a label of an evaluation set means here.")
@click.option("--metric", help="accuracy, macro_f1 or auroc [default: accuracy; macro_f1 where one class has over 70 %].")
@common
def add(name: str, workspace: str | None, as_json: bool, **what: Any) -> None:
    """Adds a dataset and says what is odd about it.

    \b
    ftft data add cad --train cad/train.jsonl --text text --label label \\
        --eval dev=cad/dev.jsonl:id:dev --eval dynahate=dynahate/test.jsonl:ood \\
        --map dynahate:hate=abusive --map dynahate:nothate=neutral
    """
    _show(Workspace(workspace).data.add(name, **what), as_json)


@data.command("list")
@common
def list_(workspace: str | None, as_json: bool) -> None:
    """Lists the datasets."""
    found = Workspace(workspace).data.list()
    rows = [{"dataset": d.name, "rows": d.train.rows, "fingerprint": d.fingerprint} for d in found]
    emit(
        as_json,
        {"datasets": rows},
        lambda: table(["dataset", "rows", "fingerprint"], [[r["dataset"], r["rows"], r["fingerprint"][:12]] for r in rows]),
    )


@data.command()
@click.argument("dataset")
@common
def show(dataset: str, workspace: str | None, as_json: bool) -> None:
    """Shows a dataset: its sets, labels and findings."""
    _show(Workspace(workspace).data.get(dataset), as_json)


def _show(dataset: Dataset, as_json: bool) -> None:
    if as_json:
        for finding in dataset.warnings:
            note(f"{finding.kind}: {finding.message}")
    emit(as_json, dataset.to_json(), lambda: _text(dataset))


def _text(dataset: Dataset) -> str:
    rows = [[s.name, s.rows, s.distribution, s.role, "  ".join(f"{k} {v}" for k, v in s.labels.items())] for s in dataset.splits]
    findings = [f"! {f.message}" for f in dataset.warnings] or ["Nothing odd was found."]
    head = f"{dataset.name}  fingerprint {dataset.fingerprint[:12]}, metric {dataset.metric}"
    return "\n".join([head, table(["set", "rows", "distribution", "role", "labels"], rows), *findings])
