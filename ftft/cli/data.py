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
@click.option(
    "--train",
    required=True,
    metavar="FILE",
    help="CSV, TSV, JSON Lines (also .gz), Parquet, a folder that `datasets` saved, or hub:owner/name[:config][:split].",
)
@click.option(
    "--eval", "evaluations", multiple=True, metavar="EVAL=FILE:id|ood[:dev|test]", help="An evaluation set, in or out of distribution."
)
@click.option("--text", multiple=True, required=True, metavar="COL", help="Column with the text; give it twice for pairs.")
@click.option("--label", required=True, metavar="COL", help="Column with the label.")
@click.option("--id", metavar="COL", help="Column with the ids [default: id, else the row's number].")
@click.option(
    "--map",
    "label_maps",
    multiple=True,
    metavar="EVAL:theirs=ours[|ours2]",
    help="What a label of an evaluation set means here: one of our labels, or any of several.",
)
@click.option(
    "--columns", multiple=True, metavar="EVAL:text=COL", help="What an evaluation set calls a column; also EVAL:label=COL, EVAL:id=COL."
)
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


@data.command()
@click.argument("dataset")
@click.option("--name", required=True, metavar="NEW", help="What the new dataset is called.")
@click.option("--drop", metavar="FILE", help="Training examples to leave out: ids, one a line (.txt), or a table with a column id.")
@click.option("--relabel", metavar="FILE", help="Training examples with another label: a table with the columns id and label.")
@click.option("--threshold-samples", type=int, metavar="SEED", help="AUM's: one class more, of examples drawn at random.")
@common
def derive(dataset: str, workspace: str | None, as_json: bool, **what: Any) -> None:
    """Makes a dataset from another one, without some training examples, with other labels or with threshold samples.

    \b
    ftft data derive cad --name cad-clean --drop mislabelled.txt
    """
    _show(Workspace(workspace).data.derive(dataset, **what), as_json)


@data.command()
@click.argument("dataset")
@click.option("--force", is_flag=True, help="Also where runs or subsets use it; these stay, and need the same data again to be shown.")
@common
def remove(dataset: str, force: bool, workspace: str | None, as_json: bool) -> None:
    """Deletes a dataset that no run and no subset uses."""
    Workspace(workspace).data.remove(dataset, force=force)
    emit(as_json, {"dataset": dataset}, lambda: f"dataset {dataset} is removed")


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
    origin = [f"{split} is {source}" for split, source in dataset.sources.items()]
    if parent := dataset.parent:
        how = {"drop": "left out, by a file with sha256", "relabel": "relabelled, by a file with sha256", "threshold": "drawn, draw"}
        what = f"{parent.count:,} {'threshold samples' if parent.kind == 'threshold' else 'training examples'} {how[parent.kind]}"
        origin += [f"made from {parent.dataset} (fingerprint {parent.fingerprint[:12]}): {what} {parent.sha256[:12]}"]
    return "\n".join([head, *origin, table(["set", "rows", "distribution", "role", "labels"], rows), *findings])
