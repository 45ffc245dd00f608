"""Who holds the workspace's database, and what it says: all that the files say, or what is asked of it."""

import atexit
import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ftft.errors import InputError
from ftft.runpaths import CACHE

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

INGEST_EVERY = 1.0  # seconds between two looks of the ingesting thread


class Database:
    """`owned`: the store, while this process holds the file. `aside`: one in memory, kept where no file may be written."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.owned: Any = None
        self.aside: Any = None
        self._ended = threading.Event()
        self._taken: dict[str, tuple[int, ...]] = {}  # run: its stamp when the ingesting thread last took it

    def own(self) -> bool:
        """Takes the database, and ingests in a thread from now on. False where another process has it, or nothing may be written."""
        from ftft.store import open_database

        if self.owned is None and not self.workspace.read_only:
            self.owned = open_database(self.workspace.path)
            if self.owned is not None:
                self._ended.clear()
                self._taken = {}
                self._ingester = threading.Thread(target=self._ingest_forever, name="ingest", daemon=True)
                self._ingester.start()
                atexit.register(self.close)  # a thread inside DuckDB when the interpreter goes down would abort the process
        return self.owned is not None

    def close(self) -> None:
        """Gives it back, if it was taken."""
        if self.owned is not None:
            self._ended.set()
            self._ingester.join()
            self.owned.close()
            self.owned = None
            atexit.unregister(self.close)

    def rebuild(self) -> dict[str, Any]:
        """As `Workspace.rebuild` promises it."""
        from ftft.store import open_database

        store = None if self.owned is not None else open_database(self.workspace.path, afresh=True)
        if store is None:
            raise InputError(
                f"the database of {self.workspace.path} is in use", "Stop ftft app, or wait for the command that uses it, and try again"
            )
        with store:
            shutil.rmtree(self.workspace.path / CACHE, ignore_errors=True)
            datasets, runs = self.workspace.data.names(), sorted(self.workspace.runs.ids())
            self._ingest(store, (), datasets)
            found = {run: store.ingest(self.workspace.runs.folder(run)) for run in runs}
        left_out = [problem.to_json() for ingested in found.values() for problem in ingested.problems]
        remedies = {f"dataset {name}": None for name in datasets}
        remedies |= {f"run {run}": ingested.problems[0].message if ingested.problems else None for run, ingested in found.items()}
        checks = [{"name": name, "ok": remedy is None, "remedy": remedy} for name, remedy in remedies.items()]
        epochs = {run: list(ingested.epochs) for run, ingested in found.items()}
        return {"runs": epochs, "datasets": datasets, "left_out": left_out, "checks": checks}

    @contextmanager
    def store(self, runs: Iterable[str] = (), datasets: Iterable[str] = ()) -> Iterator[Any]:
        """As `Workspace.store` promises it.

        Memory holds the examples and the runs' metrics alone, which is what pages are made of: epochs would fill it.
        """
        from ftft.store import Store, open_database

        if self.owned is not None:
            self._ingest(self.owned, runs, datasets)
            yield self.owned
            return
        if self.workspace.read_only:
            self.aside = self.aside or Store.memory()
            self._fill(self.aside, runs, datasets)
            yield self.aside
            return
        store = open_database(self.workspace.path)
        try:
            if store is not None:
                self._ingest(store, runs, datasets)
            else:
                store = Store.memory()
                self._fill(store, runs, datasets)
            yield store
        finally:
            if store is not None:
                store.close()

    def _fill(self, store: Any, runs: Iterable[str], datasets: Iterable[str]) -> None:
        self._ingest(store, (), datasets)
        for found in filter(None, map(self.workspace._maps.if_any, runs)):
            store.take_map(found)

    def _ingest(self, store: Any, runs: Iterable[str], datasets: Iterable[str]) -> None:
        for name in datasets:
            self.workspace.data.ingest(store, name)
        for run in runs:
            store.ingest(self.workspace.runs.folder(run))

    def _ingest_forever(self) -> None:
        while not self._ended.wait(INGEST_EVERY):
            self._try(self._forget_removed)
            for name in self.workspace.data.names():
                self._try(lambda name=name: self._ingest(self.owned, (), [name]))
            for run in self.workspace.runs.ids():
                if self._ended.is_set():
                    return
                self._try(lambda run=run: self._ingest_if_new(run))

    def _ingest_if_new(self, run: str) -> None:
        """A workspace of a thousand runs would keep a core busy, each second again, with finding that nothing has changed."""
        stamp = self.workspace.runs.folder(run).stamp()
        if self._taken.get(run) != stamp:
            self._ingest(self.owned, [run], ())
            self._taken[run] = stamp

    def _forget_removed(self) -> None:
        known = self.owned.runs()  # asked first: a run that comes meanwhile is in the second list
        for run in set(known) - set(self.workspace.runs.ids()):
            self.owned.forget(run)
            self._taken.pop(run, None)
            shutil.rmtree(self.workspace.path / CACHE / "curves" / run, ignore_errors=True)

    def _try(self, step: Callable[[], object]) -> None:
        """What fails for one folder, torn or just being removed, keeps no other waiting; the next round looks again."""
        try:
            step()
        except Exception as problem:
            logging.getLogger(__name__).info("ingest: %s", problem)
