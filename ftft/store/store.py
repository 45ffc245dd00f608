"""`Store`: one connection to the derived database, in a file or in memory.

A connection that threads share gives wrong rows without a word (measured): every call has a cursor of its own, and writers take turns.
Results are fetched to their end, since DuckDB streams them and a cursor with rows left does nothing else.

Shapes: E epochs, N examples of a run, M of them that are asked for, C classes.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from ftft.dynamics import Dynamics
from ftft.errors import InputError, WorkError, unknown
from ftft.runfolder import RunFolder
from ftft.store import ingest, page, schema, summary

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """What the files of a workspace say, as far as it was ingested. `close` it, or use it in a `with`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, on_close: Callable[[], object] = lambda: None) -> None:
        self._connection = connection
        self._on_close = on_close
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The database in `path`, made when missing. Only for its owner: see ftft/store/ownership.py."""
        return cls(schema.connect(Path(path)))

    @classmethod
    def memory(cls) -> "Store":
        """An empty database that vanishes when it is closed: for readers that cannot have the file."""
        return cls(schema.connect(None))

    def close(self) -> None:
        """Ends the connection; calls in other threads must be over."""
        self._connection.close()
        self._on_close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- from files

    def ingest(self, folder: RunFolder) -> ingest.Ingested:
        """Takes what is new in a run's folder: complete epochs, once each, and the scores of its verdict. Cheap when nothing is new."""
        with self._transaction() as cursor:
            return ingest.ingest_run(cursor, folder)

    def ingest_dataset(self, name: str, fingerprint: str, train: Path, text_columns: Sequence[str]) -> None:
        """Takes the training examples of a dataset from its train.parquet, unless those with this fingerprint are there."""
        with self._transaction() as cursor:
            ingest.ingest_dataset(cursor, name, fingerprint, train, text_columns)

    def forget(self, run: str) -> None:
        """Removes a run, whose folder is gone."""
        with self._transaction() as cursor:
            ingest.forget_run(cursor, run)

    # ---- runs

    def dynamics(self, run: str) -> Dynamics:
        """All ingested epochs of a run; InputError when nothing is known of it."""
        with self._cursor() as cursor:
            epochs = cursor.execute("SELECT epoch, capture, order_hash FROM epochs WHERE run = ? ORDER BY epoch", [run]).fetchall()
            if not epochs:
                raise _without_dynamics(cursor, run)
            numbers, captures, hashes = zip(*epochs, strict=True)
            members = cursor.execute("SELECT id, gold FROM members WHERE run = ? ORDER BY row", [run]).fetchnumpy()
            query = "SELECT logits FROM dynamics WHERE run = ? ORDER BY epoch, row"
            ids_N, gold_N = np.asarray(members["id"], dtype=object), np.asarray(members["gold"])
            logits = cursor.sql(query, params=[run]).to_arrow_table()["logits"].combine_chunks()
            logits_ENC = logits.flatten().to_numpy().reshape(len(epochs), len(ids_N), -1)
        return Dynamics(run, ids_N, gold_N, logits_ENC, numbers, captures[0], hashes)

    def order_hashes(self, run: str) -> dict[int, str]:
        """Epoch -> the hash of the order in which it saw the examples."""
        with self._cursor() as cursor:
            return dict(cursor.execute("SELECT epoch, order_hash FROM epochs WHERE run = ? ORDER BY epoch", [run]).fetchall())

    def summary(self, run: str, epochs: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """`{metric: values_N}` as `ftft.metrics.compute` gives it, worked out by the database."""
        with self._cursor() as cursor:
            return summary.summary(cursor, run, epochs)

    def curves(self, run: str, ids: Iterable[str]) -> np.ndarray:
        """p(gold) of the examples `ids` in every epoch of a run, (E, M); NaN for an example that the run did not see."""
        wanted = list(ids)
        with self._cursor() as cursor:
            epochs = [number for (number,) in cursor.execute("SELECT epoch FROM epochs WHERE run = ? ORDER BY epoch", [run]).fetchall()]
            found = cursor.execute(
                """
                SELECT id, epoch, p_gold FROM dynamics JOIN members USING (run, row)
                WHERE run = $run AND row IN (SELECT row FROM members WHERE run = $run AND id IN (SELECT unnest($ids)))
                """,
                {"run": run, "ids": wanted},
            ).fetchall()
        p_gold = {(epoch, example): p for example, epoch, p in found}
        return np.array([[p_gold.get((epoch, example), np.nan) for example in wanted] for epoch in epochs]).reshape(
            len(epochs), len(wanted)
        )

    def scores(self, runs: Iterable[str]) -> "pd.DataFrame":
        """The scores in the verdicts of `runs`: columns run, evaluation, metric, value."""
        with self._cursor() as cursor:
            query = "SELECT run, evaluation, metric, value FROM results WHERE run IN (SELECT unnest(?)) ORDER BY ALL"
            return cursor.execute(query, [list(runs)]).df()

    # ---- the table of examples

    def page(self, dataset: str, **query: Any) -> "tuple[pd.DataFrame, int]":
        """A page of a dataset's training examples, and how many match: the fields of `ftft.store.page.Query`."""
        with self._cursor() as cursor:
            return page.page(cursor, page.Query(dataset, **query))

    # ---- inside

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        except (duckdb.IOException, duckdb.FatalException, duckdb.SerializationException) as problem:
            message = f"the database cannot be read or written: {str(problem).splitlines()[0]}"
            raise WorkError(
                message, "Delete workspace.duckdb, which is made again from the files, and see that the disk has room"
            ) from problem
        finally:
            cursor.close()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor whose changes all happen, or none."""
        with self._writing, self._cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise


def _without_dynamics(cursor: duckdb.DuckDBPyConnection, run: str) -> InputError:
    if problems := ingest.problems(cursor, run):
        return InputError(f"run {run} has no epoch that can be used", problems[0].message)
    return unknown("run with dynamics", run, (name for (name,) in cursor.execute("SELECT DISTINCT run FROM epochs").fetchall()))
