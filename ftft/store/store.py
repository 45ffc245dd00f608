"""`Store`: one connection to the derived database, in a file or in memory.

A connection that threads share gives wrong rows without a word (measured): every call has a cursor of its own, and writers take turns.
Results are fetched to their end, since DuckDB streams them and a cursor with rows left does nothing else.

Shapes: N examples of a run.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from ftft.curves import Curves, read_curves
from ftft.datamap import DataMap
from ftft.errors import WorkError
from ftft.metrics import METRICS
from ftft.runfolder import RunFolder
from ftft.runpaths import CACHE
from ftft.store import ingest, page, schema, summary

if TYPE_CHECKING:
    import pandas as pd

_FAILURES = (duckdb.IOException, duckdb.FatalException, duckdb.SerializationException, duckdb.OutOfMemoryException)


class Store:
    """What the files of a workspace say, as far as it was ingested. `close` it, or use it in a `with`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, on_close: Callable[[], object] = lambda: None) -> None:
        self._connection = connection
        self._on_close = on_close
        self._writing = threading.Lock()
        self._runs: dict[str, threading.Lock] = {}
        self._odd: dict[str, tuple[tuple, np.ndarray]] = {}  # dataset -> of which content, `page.odd_rows`

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
        """Takes what is new in a run's folder: complete epochs, once each, imported metrics, and the scores of its verdict.

        Cheap when nothing is new, and waits for no other writer then. Reading and reckoning happen outside of transactions, which take
        one epoch each: whoever wants to write meanwhile waits for no more than that.
        """
        with self._cursor() as cursor:
            if ingest.is_ingested(cursor, folder):
                return ingest.Ingested((), ingest.problems(cursor, folder.run))
        taken = []
        with self._runs.setdefault(folder.run, threading.Lock()):  # or one thread's older look would undo another's newer one
            curves = read_curves(folder, folder.workspace / CACHE)
            while (number := self._ingest_next(curves)) is not None:
                taken.append(number)
            self._refresh_metrics(curves)
            with self._transaction() as cursor:
                ingest.ingest_measures(cursor, folder)
                ingest.ingest_scores(cursor, folder)
        return ingest.Ingested(tuple(taken), curves.problems)

    def ingest_dataset(self, name: str, fingerprint: str, train: Path, text_columns: Sequence[str]) -> None:
        """Takes the training examples of a dataset from its train.parquet, unless those with this fingerprint are there."""
        with self._cursor() as cursor:
            if ingest.has_dataset(cursor, name, fingerprint):
                return
        with self._transaction() as cursor:
            ingest.ingest_dataset(cursor, name, fingerprint, train, text_columns)

    def take_map(self, datamap: DataMap) -> None:
        """Takes the metrics of a run from its map over all epochs, and nothing else."""
        with self._transaction() as cursor:
            ingest.insert_metrics(cursor, datamap)

    def forget(self, run: str) -> None:
        """Removes a run, whose folder is gone."""
        with self._transaction() as cursor:
            ingest.forget_run(cursor, run)

    def _ingest_next(self, curves: Curves) -> int | None:
        with self._transaction() as cursor:
            return ingest.ingest_next(cursor, curves)

    def _refresh_metrics(self, curves: Curves) -> None:
        with self._cursor() as cursor:
            if not ingest.lacks_metrics(cursor, curves.folder.run):
                return
        datamap = curves.map(labels=())
        dict(datamap.values)  # worked out now, before the transaction
        self.take_map(datamap)

    def says(self, folder: RunFolder) -> bool:
        """Whether it says all that the run's files say, by their names and stamps."""
        with self._cursor() as cursor:
            return ingest.is_ingested(cursor, folder)

    # ---- runs

    def runs(self) -> list[str]:
        """The runs of which anything is known."""
        with self._cursor() as cursor:
            return [run for (run,) in cursor.execute("SELECT DISTINCT run FROM ingested ORDER BY run").fetchall()]

    def epochs(self, run: str) -> tuple[int, ...]:
        """The epochs of a run that were ingested, ascending."""
        with self._cursor() as cursor:
            return ingest.numbers(cursor, run)

    def summary(self, run: str, epochs: tuple[int, int] | None = None, names: Sequence[str] = summary.FROM_P_GOLD) -> dict[str, np.ndarray]:
        """`{metric: values_N}` as `ftft.metrics.compute` gives it, for metrics that come from p(gold), worked out by the database."""
        with self._cursor() as cursor:
            return summary.summary(cursor, run, epochs, names)

    def metrics(self, run: str, names: Sequence[str] = tuple(METRICS)) -> dict[str, np.ndarray] | None:
        """`{metric: values_N}` over all ingested epochs, NumPy's values, in the order of the run's ids; None where there are none."""
        with self._cursor() as cursor:
            return summary.metrics(cursor, run, names)

    def scores(self, runs: Iterable[str]) -> "pd.DataFrame":
        """The scores in the verdicts of `runs`: columns run, evaluation, metric, value."""
        with self._cursor() as cursor:
            query = "SELECT run, evaluation, metric, value FROM results WHERE run IN (SELECT unnest(?)) ORDER BY ALL"
            return cursor.execute(query, [list(runs)]).df()

    # ---- texts of examples

    def matching(self, dataset: str, query: str, regex: bool = False) -> np.ndarray:
        """Rows of the training examples that hold `query`, whatever its case, or in which RE2 finds it; int32, ascending."""
        with self._cursor() as cursor:
            odd = np.empty(0, np.int32) if regex else self._odd_rows(cursor, dataset)
            return np.sort(page.matching(cursor, dataset, query, regex, odd))

    def texts(self, dataset: str, rows: np.ndarray) -> list[str]:
        """The texts of the training examples in `rows`, in that order."""
        with self._cursor() as cursor:
            return page.texts(cursor, dataset, rows)

    def ordered_by_text(self, dataset: str, descending: bool = False) -> np.ndarray:
        """All rows by their texts, code point by code point; int32."""
        with self._cursor() as cursor:
            return page.ordered_by_text(cursor, dataset, descending)

    def sample(self, dataset: str, count: int) -> list[str]:
        """About `count` texts, evenly spaced."""
        with self._cursor() as cursor:
            return page.sample(cursor, dataset, count)

    def alike(self, dataset: str, rare: Sequence[str], weights: dict[str, float], limit: int) -> list[tuple[int, str]]:
        """(row, text) of the `limit` examples with the most `weights` of words, among those that hold one of the words `rare`."""
        with self._cursor() as cursor:
            return page.alike(cursor, dataset, rare, weights, limit)

    def _odd_rows(self, cursor: duckdb.DuckDBPyConnection, dataset: str) -> np.ndarray:
        state = tuple(cursor.execute("SELECT fingerprint FROM datasets WHERE dataset = ?", [dataset]).fetchall())
        if self._odd.get(dataset, ((), None))[0] != state:
            self._odd[dataset] = (state, page.odd_rows(cursor, dataset))
        return self._odd[dataset][1]

    # ---- inside

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        except _FAILURES as problem:
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
