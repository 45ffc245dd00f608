"""From files to tables. Each function works on a cursor inside a transaction of its caller: all of it happens, or nothing.

What an epoch says, and whether it counts, `ftft.curves` decides for maps and tables alike; here it is only copied, each epoch once. What
is wrong with one that is left out is remembered until its file changes.

Shapes: N examples of a run.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ftft.curves import Curve, Curves
from ftft.datamap import DataMap
from ftft.domain import JOIN, Finding
from ftft.dynamics import left_out
from ftft.publish import stamp
from ftft.runfolder import RunFolder

_OF_RUN = ("ingested", "epochs", "members", "dynamics", "metrics", "results")


@dataclass(frozen=True)
class Ingested:
    """What a look at a run's folder brought: the numbers of the epochs that are new, and what is wrong with those that are left out."""

    epochs: tuple[int, ...]
    problems: tuple[Finding, ...]


def is_ingested(cursor: duckdb.DuckDBPyConnection, folder: RunFolder) -> bool:
    """Whether the tables say what the folder says. Cheap: published files are known by their stamps."""
    files = (*folder.epoch_files().values(), *_beside(folder))
    return _states(cursor, folder.run) == {(file.name, stamp(file)) for file in files} and not lacks_metrics(cursor, folder.run)


def ingest_next(cursor: duckdb.DuckDBPyConnection, curves: Curves) -> int | None:
    """Takes the first epoch that is not there yet, and says which: None when all are. What the files no longer say goes first.

    One epoch at a time, so that other writers wait for no more than that.
    """
    run, every = curves.folder.run, (*curves.epochs, *curves.unfit)
    known = _known(cursor, run)
    said = {curve.file: (curve.state, curve.problem) for curve in every}
    beside = {file.name for file in _beside(curves.folder)}
    for file in [file for file in known if file not in beside and known[file] != said.get(file)]:
        _forget_epoch(cursor, run, file)
        del known[file]
    fresh = [curve for curve in every if curve.file not in known]
    for curve in fresh:
        cursor.execute("INSERT INTO ingested VALUES (?, ?, ?, ?, ?, ?, ?)", [run, curve.file, *curve.state, curve.number, curve.problem])
        if not curve.problem:
            _insert_epoch(cursor, curves, curve)
            return curve.number
    return None


def forget_run(cursor: duckdb.DuckDBPyConnection, run: str) -> None:
    """Removes all that is known of a run."""
    for table in _OF_RUN:
        cursor.execute(f"DELETE FROM {table} WHERE run = ?", [run])


def ingest_dataset(cursor: duckdb.DuckDBPyConnection, name: str, fingerprint: str, train: Path, text_columns: Sequence[str]) -> None:
    """Takes the training examples in the Parquet file `train`, unless those with this fingerprint are there already."""
    if has_dataset(cursor, name, fingerprint):
        return
    table = pq.ParquetFile(train).read(columns=list(dict.fromkeys(("id", "label", *text_columns))))
    texts = [pc.fill_null(table[column].cast(pa.string()), "") for column in text_columns]
    arrived = pa.table(
        {
            "row": np.arange(table.num_rows, dtype=np.int32),
            "id": table["id"],
            "label": table["label"],
            "text": pc.binary_join_element_wise(*texts, JOIN),
        }
    )
    cursor.execute("DELETE FROM examples WHERE dataset = ?", [name])
    insert(cursor, "INSERT INTO examples SELECT $dataset, row, id, label, text FROM arrived ORDER BY row", arrived, {"dataset": name})
    cursor.execute("INSERT OR REPLACE INTO datasets VALUES (?, ?)", [name, fingerprint])


def has_dataset(cursor: duckdb.DuckDBPyConnection, name: str, fingerprint: str) -> bool:
    """Whether the examples with this fingerprint are there."""
    return cursor.execute("SELECT fingerprint FROM datasets WHERE dataset = ?", [name]).fetchall() == [(fingerprint,)]


# ---- epochs


def _insert_epoch(cursor: duckdb.DuckDBPyConnection, curves: Curves, curve: Curve) -> None:
    run = curves.folder.run
    if not numbers(cursor, run):
        members = pa.table({"id": pa.array(curves.ids_N, pa.string()), "gold": curves.gold_N, "row": np.arange(len(curves.ids_N))})
        insert(cursor, "INSERT INTO members SELECT $run, row, id, gold FROM arrived ORDER BY row", members, {"run": run})
    n = len(curve.p_gold_N)
    arrived = pa.table({"row": np.arange(n, dtype=np.int32), "p_gold": curve.p_gold_N, "correct": curve.correct_N})
    statement = "INSERT INTO dynamics SELECT $run, $epoch, row, p_gold, correct FROM arrived ORDER BY row"
    insert(cursor, statement, arrived, {"run": run, "epoch": curve.number})
    cursor.execute("INSERT INTO epochs VALUES (?, ?, ?, ?, false)", [run, curve.number, curve.capture, curve.order_hash])


def _forget_epoch(cursor: duckdb.DuckDBPyConnection, run: str, file: str) -> None:
    ((number,),) = cursor.execute("DELETE FROM ingested WHERE run = ? AND file = ? RETURNING epoch", [run, file]).fetchall()
    for table in ("dynamics", "epochs"):
        cursor.execute(f"DELETE FROM {table} WHERE run = ? AND epoch = ?", [run, number])
    cursor.execute("UPDATE epochs SET in_metrics = false WHERE run = ?", [run])
    if not numbers(cursor, run):
        for table in ("members", "metrics"):  # the next epochs may be of other examples
            cursor.execute(f"DELETE FROM {table} WHERE run = ?", [run])


def insert(cursor: duckdb.DuckDBPyConnection, statement: str, arrived: pa.Table, parameters: dict[str, object]) -> None:
    """`statement` takes its rows from the table `arrived`."""
    cursor.register("arrived", arrived)
    try:
        cursor.execute(statement, parameters)
    finally:
        cursor.unregister("arrived")


# ---- metrics, scores


def ingest_measures(cursor: duckdb.DuckDBPyConnection, folder: RunFolder) -> None:
    """Takes metrics that were imported without dynamics, where those of dynamics are worked out; what the file lacks is null."""
    file = folder.measures_file
    if file.exists() and (file.name, stamp(file)) not in _states(cursor, folder.run):
        insert_metrics(cursor, DataMap.of_measures(folder.read_measures(), labels=()))
        _ingested(cursor, folder.run, file)


def lacks_metrics(cursor: duckdb.DuckDBPyConnection, run: str) -> bool:
    """Whether an epoch is there that the table `metrics` does not know of yet."""
    return bool(cursor.execute("SELECT 1 FROM epochs WHERE run = ? AND NOT in_metrics LIMIT 1", [run]).fetchall())


def insert_metrics(cursor: duckdb.DuckDBPyConnection, datamap: DataMap) -> None:
    """The values of a map over all epochs: NumPy's, so that a table sorted by them is in one order, whoever asks."""
    columns = {name: pa.array(values_N, from_pandas=True) for name, values_N in datamap.values.items()}
    rows = {"row": np.arange(datamap.n, dtype=np.int32), "id": pa.array(datamap.ids_N, pa.string())}
    cursor.execute("DELETE FROM metrics WHERE run = ?", [datamap.run])
    statement = "INSERT INTO metrics BY NAME SELECT $run AS run, * FROM arrived ORDER BY row"
    insert(cursor, statement, pa.table({**rows, **columns}), {"run": datamap.run})
    cursor.execute("UPDATE epochs SET in_metrics = true WHERE run = ?", [datamap.run])


def ingest_scores(cursor: duckdb.DuckDBPyConnection, folder: RunFolder) -> None:
    """Takes the scores of the verdict, if there is one that is new."""
    file = folder.results_file
    if not file.exists() or (file.name, stamp(file)) in _states(cursor, folder.run):
        return
    cursor.execute("DELETE FROM results WHERE run = ?", [folder.run])
    for evaluation, scores in (folder.verdict() or {}).get("scores", {}).items():
        for metric, value in scores.items():
            cursor.execute("INSERT INTO results VALUES (?, ?, ?, ?)", [folder.run, evaluation, metric, value])
    _ingested(cursor, folder.run, file)


# ---- what is there


def numbers(cursor: duckdb.DuckDBPyConnection, run: str) -> tuple[int, ...]:
    """The epochs of a run that are there, ascending."""
    return tuple(number for (number,) in cursor.execute("SELECT epoch FROM epochs WHERE run = ? ORDER BY epoch", [run]).fetchall())


def problems(cursor: duckdb.DuckDBPyConnection, run: str) -> tuple[Finding, ...]:
    """What is wrong with the epochs of a run that are left out."""
    rows = cursor.execute("SELECT file, problem FROM ingested WHERE run = ? AND problem IS NOT NULL ORDER BY epoch", [run]).fetchall()
    return tuple(left_out(run, file, problem) for file, problem in rows)


def _beside(folder: RunFolder) -> list[Path]:
    """What a run has besides epochs."""
    return [file for file in (folder.results_file, folder.measures_file) if file.exists()]


def _ingested(cursor: duckdb.DuckDBPyConnection, run: str, file: Path) -> None:
    cursor.execute("INSERT OR REPLACE INTO ingested VALUES (?, ?, ?, ?, ?, NULL, NULL)", [run, file.name, *stamp(file)])


def _states(cursor: duckdb.DuckDBPyConnection, run: str) -> set[tuple[str, tuple[int, ...]]]:
    return {(file, state) for file, (state, _) in _known(cursor, run).items()}


def _known(cursor: duckdb.DuckDBPyConnection, run: str) -> dict[str, tuple[tuple[int, ...], str | None]]:
    """File -> (its stamp, what is wrong with it)."""
    rows = cursor.execute("SELECT file, size, modified, inode, problem FROM ingested WHERE run = ?", [run]).fetchall()
    return {file: (tuple(state), problem) for file, *state, problem in rows}
