"""From files to tables. Each function works on a cursor inside a transaction of its caller: all of it happens, or nothing.

An epoch is taken once; one that fails a check is left out, and what is wrong with it is remembered until its file changes.

Shapes: N examples, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ftft.domain import JOIN, Finding
from ftft.dynamics import Epoch
from ftft.metrics import compute
from ftft.runfolder import RunFolder
from ftft.store.summary import materialise

_OF_RUN = ("ingested", "epochs", "members", "dynamics", "metrics", "results")


@dataclass(frozen=True)
class Ingested:
    """What a look at a run's folder brought: the numbers of the epochs that are new, and what is wrong with those that are left out."""

    epochs: tuple[int, ...]
    problems: tuple[Finding, ...]


class _UnfitError(Exception):
    """An epoch that cannot be taken; the text says why."""


def ingest_run(cursor: duckdb.DuckDBPyConnection, folder: RunFolder) -> Ingested:
    """Makes the tables say what the folder says. Files are known by size and time: they never change, they are only replaced."""
    numbers = {path.name: number for number, path in folder.epoch_files().items()}
    states = {name: _state(folder.path / "dynamics" / name) for name in numbers}
    if folder.measures_file.exists():
        states[folder.measures_file.name] = _state(folder.measures_file)
    known = _known(cursor, folder.run)
    if any(states.get(name) != state for name, state in known.items() if name != folder.results_file.name):
        forget_run(cursor, folder.run)  # it was made anew
        known = {}
    taken = tuple(n for name, n in numbers.items() if name not in known and _take_epoch(cursor, folder, n, name, states[name]))
    if taken:
        materialise(cursor, folder.run)
    measures = folder.measures_file
    if measures.exists() and measures.name not in known:
        _take_measures(cursor, folder)
    verdict = folder.results_file
    if verdict.exists() and known.get(verdict.name) != _state(verdict):
        _take_scores(cursor, folder)
    return Ingested(taken, problems(cursor, folder.run))


def forget_run(cursor: duckdb.DuckDBPyConnection, run: str) -> None:
    """Removes all that is known of a run."""
    for table in _OF_RUN:
        cursor.execute(f"DELETE FROM {table} WHERE run = ?", [run])


def ingest_dataset(cursor: duckdb.DuckDBPyConnection, name: str, fingerprint: str, train: Path, text_columns: Sequence[str]) -> None:
    """Takes the training examples in the Parquet file `train`, unless those with this fingerprint are there already."""
    if cursor.execute("SELECT fingerprint FROM datasets WHERE dataset = ?", [name]).fetchall() == [(fingerprint,)]:
        return
    table = pq.ParquetFile(train).read(columns=list(dict.fromkeys(("id", "label", *text_columns))))
    texts = [table[column].cast(pa.string()).fill_null("").to_pylist() for column in text_columns]
    arrived = pa.table(
        {
            "row": np.arange(table.num_rows, dtype=np.int32),
            "id": table["id"],
            "label": table["label"],
            "text": pa.array([JOIN.join(parts) for parts in zip(*texts, strict=True)], pa.string()),
        }
    )
    cursor.execute("DELETE FROM examples WHERE dataset = ?", [name])
    _insert(cursor, "INSERT INTO examples SELECT $dataset, row, id, label, text FROM arrived ORDER BY row", arrived, {"dataset": name})
    cursor.execute("INSERT OR REPLACE INTO datasets VALUES (?, ?)", [name, fingerprint])


# ---- epochs


def _take_epoch(cursor: duckdb.DuckDBPyConnection, folder: RunFolder, number: int, name: str, state: tuple[int, int]) -> bool:
    """Whether the epoch could be taken; either way it is known from now on."""
    problem = None
    try:
        _insert_epoch(cursor, folder.run, _checked(cursor, folder.run, _read(folder, number)))
    except _UnfitError as unfit:
        problem = str(unfit)
    cursor.execute("INSERT INTO ingested VALUES (?, ?, ?, ?, ?)", [folder.run, name, *state, problem])
    return problem is None


def _read(folder: RunFolder, number: int) -> Epoch:
    try:
        return folder.read_epoch(number)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as problem:
        raise _UnfitError(f"it cannot be read ({problem})") from problem


def _checked(cursor: duckdb.DuckDBPyConnection, run: str, epoch: Epoch) -> Epoch:
    """`epoch`, when it is sound and tells of the same examples as the run's other epochs."""
    if not (epoch.ids_N[1:] > epoch.ids_N[:-1]).all():
        raise _UnfitError("its ids are not distinct and in order")
    if bad := int((~np.isfinite(epoch.logits_NC)).any(axis=1).sum()):
        raise _UnfitError(f"{bad} of its rows have logits that are not finite")
    if epoch.gold_N.min() < 0 or epoch.gold_N.max() >= epoch.logits_NC.shape[1]:
        raise _UnfitError(f"its gold labels are not all among its {epoch.logits_NC.shape[1]} classes")
    classes = cursor.execute("SELECT len(logits) FROM dynamics WHERE run = ? LIMIT 1", [run]).fetchall()
    if not classes:
        return epoch
    if classes != [(epoch.logits_NC.shape[1],)]:
        raise _UnfitError(f"it has {epoch.logits_NC.shape[1]} classes, the epochs before it have {classes[0][0]}")
    members = cursor.execute("SELECT id, gold FROM members WHERE run = ? ORDER BY row", [run]).fetchnumpy()
    if not np.array_equal(members["id"], epoch.ids_N):
        raise _UnfitError(f"its {len(epoch.ids_N)} examples are not the {len(members['id'])} of the epochs before it")
    if not np.array_equal(members["gold"], epoch.gold_N):
        raise _UnfitError("its gold labels are not those of the epochs before it")
    return epoch


def _insert_epoch(cursor: duckdb.DuckDBPyConnection, run: str, epoch: Epoch) -> None:
    n, classes = epoch.logits_NC.shape
    alone = compute(("confidence", "correctness", "aum", "el2n", "entropy", "loss"), epoch.logits_NC[None], epoch.gold_N)
    logits = pa.FixedSizeListArray.from_arrays(pa.array(epoch.logits_NC.ravel()), classes)
    arrived = pa.table(
        {
            "row": np.arange(n, dtype=np.int32),
            "id": pa.array(epoch.ids_N, pa.string()),
            "gold": epoch.gold_N,
            "step": epoch.step_N,
            "logits": logits.cast(pa.list_(pa.float32())),
            **alone,
        }
    )
    if cursor.execute("SELECT count(*) FROM epochs WHERE run = ?", [run]).fetchall() == [(0,)]:
        _insert(cursor, "INSERT INTO members SELECT $run, row, id, gold FROM arrived ORDER BY row", arrived, {"run": run})
    columns = "$run, $epoch, row, step, logits, confidence, correctness > 0, aum, el2n, entropy, loss"
    about = {"run": run, "epoch": epoch.number}
    _insert(cursor, f"INSERT INTO dynamics SELECT {columns} FROM arrived ORDER BY row", arrived, about)
    cursor.execute("INSERT INTO epochs VALUES (?, ?, ?, ?)", [run, epoch.number, epoch.capture, epoch.order_hash])


def _insert(cursor: duckdb.DuckDBPyConnection, statement: str, arrived: pa.Table, parameters: dict[str, object]) -> None:
    cursor.register("arrived", arrived)
    try:
        cursor.execute(statement, parameters)
    finally:
        cursor.unregister("arrived")


# ---- the rest


def _take_measures(cursor: duckdb.DuckDBPyConnection, folder: RunFolder) -> None:
    """Imported metrics go where those of dynamics are worked out; what the file lacks is null."""
    measures = folder.read_measures()
    arrived = pa.table(
        {
            "run": [folder.run] * len(measures.ids_N),
            "row": np.arange(len(measures.ids_N), dtype=np.int32),
            "id": pa.array(measures.ids_N, pa.string()),
            **{name: pa.array(values_N, from_pandas=True) for name, values_N in measures.values.items()},
        }
    )
    _insert(cursor, "INSERT INTO metrics BY NAME SELECT * FROM arrived ORDER BY row", arrived, {})
    state = _state(folder.measures_file)
    cursor.execute("INSERT INTO ingested VALUES (?, ?, ?, ?, NULL)", [folder.run, folder.measures_file.name, *state])


def _take_scores(cursor: duckdb.DuckDBPyConnection, folder: RunFolder) -> None:
    verdict = folder.verdict() or {}
    cursor.execute("DELETE FROM results WHERE run = ?", [folder.run])
    for evaluation, scores in verdict.get("scores", {}).items():
        for metric, value in scores.items():
            cursor.execute("INSERT INTO results VALUES (?, ?, ?, ?)", [folder.run, evaluation, metric, value])
    name, state = folder.results_file.name, _state(folder.results_file)
    cursor.execute("INSERT OR REPLACE INTO ingested VALUES (?, ?, ?, ?, NULL)", [folder.run, name, *state])


def _known(cursor: duckdb.DuckDBPyConnection, run: str) -> dict[str, tuple[int, int]]:
    rows = cursor.execute("SELECT file, size, modified FROM ingested WHERE run = ?", [run]).fetchall()
    return {name: (size, modified) for name, size, modified in rows}


def problems(cursor: duckdb.DuckDBPyConnection, run: str) -> tuple[Finding, ...]:
    """What is wrong with the epochs of a run that are left out."""
    rows = cursor.execute("SELECT file, problem FROM ingested WHERE run = ? AND problem IS NOT NULL ORDER BY file", [run]).fetchall()
    remedy = "Copy the file again from where the run was made, or train it again"
    return tuple(Finding("epoch_left_out", 1, (file,), f"{file} of run {run} is left out: {problem}. {remedy}") for file, problem in rows)


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
