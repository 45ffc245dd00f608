"""`Workspace`: where things lie, who holds the database, and the verbs grouped by noun."""

import atexit
import errno
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ftft.domain import Run, RunSpec, Selection
from ftft.errors import FtftError, InputError, shown
from ftft.publish import publish_json, read_json

FORMAT = 1
_NOT_THE_NAMES_FAULT = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE)
INGEST_EVERY = 1.0  # seconds between two looks of the ingesting thread


class Workspace:
    """`path`: a folder, made on first use; `$FTFT_WORKSPACE`, else `./ftft-workspace` where None.

    Opening it starts the runner if work is queued; `runner=False` leaves that to somebody else.
    """

    def __init__(self, path: str | Path | None = None, *, runner: bool = True) -> None:
        self.path = where(path)
        _open(self.path)
        self._may_run = runner
        self._owned: Any = None
        self._ended = threading.Event()
        self._ingesting = threading.Lock()
        self._left_out: set[str] = set()
        self.wake()

    # ---- the nouns

    @cached_property
    def data(self):
        """Datasets: `add`, `list`, `get`, `rows`, `ids`, `gold`."""
        from ftft.workspace.data import Data

        return Data(self)

    @cached_property
    def runs(self):
        """Runs: `list`, `get`, `progress`, `log`, `cancel`, `resume`, `wait`."""
        from ftft.workspace.runs import Runs

        return Runs(self)

    @cached_property
    def subsets(self):
        """Subsets: `list`, `get`, `save`, `export`."""
        from ftft.workspace.subsets import Subsets

        return Subsets(self)

    @cached_property
    def _maps(self):
        from ftft.workspace.maps import Maps

        return Maps(self)

    @cached_property
    def _training(self):
        from ftft.workspace.training import Training

        return Training(self)

    def left_out(self, what: str, problem: FtftError) -> None:
        """Says once, on standard error unless the log goes elsewhere, that something broken is missing from a list: the rest is there."""
        message = f"{what} is left out. {problem}"
        if message not in self._left_out:
            self._left_out.add(message)
            logging.getLogger(__name__).warning(message)

    # ---- training

    def models(self):
        """Models to offer: the bundled ones and those that runs of this workspace used."""
        return self._training.models()

    def plan(self, dataset: str, *, model: str, seeds: Iterable[int] = (1,), again: bool = False, **settings: Any) -> list[RunSpec]:
        """The specs that `train` would run: checks all input and starts nothing. `settings`: fields of RunSpec."""
        return self._training.plan(dataset, model, tuple(seeds), again, settings)

    def train(
        self, dataset: str, *, model: str, seeds: Iterable[int] = (1,), detach: bool = False, again: bool = False, **settings: Any
    ) -> list[Run]:
        """Queues one run a seed and waits for them, unless `detach`. A spec that was run before returns that run, unless `again`."""
        runs = self._training.submit(self.plan(dataset, model=model, seeds=seeds, again=again, **settings))
        return runs if detach else self.runs.wait([r.id for r in runs])

    def train_command(self, dataset: str, *, model: str, seeds: Iterable[int] = (1,), **settings: Any) -> str:
        """The words that do in a shell what `train` does here."""
        return self._training.command(dataset, model, tuple(seeds), settings)

    def wake(self) -> None:
        """Starts the runner if work is queued and none is there."""
        from ftft import jobs

        if self._may_run and jobs.Queue(self.path).rows():
            jobs.ensure_runner(self.path)

    # ---- maps and selections

    def map(self, run: str, epochs: Sequence[int] | None = None):
        """The data map of a run over epochs a to b (all complete ones where None)."""
        return self._maps.of(self.runs.id(run), epochs)

    def curves(self, runs: Iterable[str], id: str) -> dict[str, Any]:
        """p(gold) of one example in every epoch recorded so far: run -> (E,) array; runs that did not see it are left out."""
        return self._maps.curves([self.runs.id(r) for r in runs], id)

    def examples(self, dataset: str, mask=None, *, run: str | None = None, **query: Any):
        """A page of examples and how many there are in all. `query`: search, labels, sort, descending, offset, limit."""
        return self._maps.examples(dataset, mask, None if run is None else self.runs.id(run), query)

    def resolve(self, selection: Selection):
        """(N,) bool over the dataset's training examples, in the order of `data.ids`."""
        return self._maps.resolve(selection)

    def select(self, selection: Selection | dict[str, Any] | None = None, *, name: str, **by: Any):
        """Freezes a subset: of a selection, or of `run=…, by=METRIC, top=q` (or `bottom=q`), optionally `epochs=(a, b)`."""
        if selection is None:
            selection = self._maps.top_selection(**by)
        elif isinstance(selection, dict):
            selection = Selection.from_json(selection)
        return self.subsets.save(name, selection)

    def transfer(self, *runs: str, top: float = 0.33, epochs: Sequence[int] | None = None) -> list[dict[str, Any]]:
        """Each pair of runs: rank correlation of their maps, overlap of their most variable `top`, what chance gives, the ceiling."""
        from ftft.workspace.transfer import pairs

        return pairs(self, [self.runs.id(r) for r in runs], top, epochs)

    # ---- the database

    def own(self) -> bool:
        """Holds the database until `close` and ingests in a thread: what the app does. False where another process owns it."""
        from ftft.store import open_database

        if self._owned is None:
            self._owned = open_database(self.path)
            if self._owned is not None:
                self._ingester = threading.Thread(target=self._ingest_forever, name="ingest", daemon=True)
                self._ingester.start()
                atexit.register(self.close)  # a thread inside DuckDB when the interpreter goes down would abort the process
        return self._owned is not None

    def close(self) -> None:
        """Lets go of the database, if this workspace holds it. Everything else goes on working."""
        if self._owned is not None:
            self._ended.set()
            self._ingester.join()
            self._owned.close()
            self._owned = None
            atexit.unregister(self.close)

    @contextmanager
    def store(self, runs: Iterable[str] = (), datasets: Iterable[str] = ()) -> Iterator[Any]:
        """A store with these runs and datasets as their files are now: the database, or memory where another process owns that."""
        from ftft.store import Store, open_database

        if self._owned is not None:
            self._ingest(self._owned, runs, datasets)
            yield self._owned
            return
        store = open_database(self.path) or Store.memory()
        try:
            self._ingest(store, runs, datasets)
            yield store
        finally:
            store.close()

    def _ingest(self, store: Any, runs: Iterable[str], datasets: Iterable[str]) -> None:
        with self._ingesting:
            for name in datasets:
                self.data.ingest(store, name)
            for run in runs:
                store.ingest(self.runs.folder(run))

    def _ingest_forever(self) -> None:
        while not self._ended.wait(INGEST_EVERY):
            try:
                self._ingest(self._owned, self.runs.ids(), self.data.names())
            except (OSError, FtftError) as problem:  # a folder that is removed while it is read, say; the next round looks again
                logging.getLogger(__name__).info("ingest: %s", problem)


def where(path: str | Path | None) -> Path:
    """The folder of a workspace: `path`, else `$FTFT_WORKSPACE`, else `./ftft-workspace`."""
    given = path or os.environ.get("FTFT_WORKSPACE") or "ftft-workspace"
    with _as_input(given):
        return Path(given).expanduser().resolve()


def _open(path: Path) -> None:
    """Makes the folder if need be. InputError where it is something else, or cannot be made."""
    marker = path / "workspace.json"
    with _as_input(path):
        if marker.exists():
            _check_format(path, read_json(marker))
        elif path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise InputError(f"{path} is not a workspace and not empty", "Name a new or an empty folder with --workspace")
        else:
            publish_json(marker, {"format": FORMAT})


@contextmanager
def _as_input(path: str | Path) -> Iterator[None]:
    """What the system says of a wrong name, as an InputError."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as problem:  # RuntimeError: ~name of nobody; ValueError: a zero byte
        if isinstance(problem, InputError) or getattr(problem, "errno", None) in _NOT_THE_NAMES_FAULT:
            raise
        what = getattr(problem, "strerror", None) or problem
        raise InputError(f"{shown(str(path))} cannot be a workspace: {what}", "Name a folder that you may write to") from problem


def _check_format(path: Path, about: Any) -> None:
    found = about.get("format") if isinstance(about, dict) else None
    if found != FORMAT:
        raise InputError(
            f"{path} is a workspace of format {shown(found)}, this version reads {FORMAT}", "Use the ftft version that made it, or newer"
        )
