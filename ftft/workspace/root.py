"""`Workspace`: where things lie, who holds the database, and the verbs grouped by noun."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from ftft.domain import Run, RunSpec, Selection
from ftft.errors import FtftError
from ftft.workspace.place import open_folder, where


class Workspace:
    """`path`: a folder, made on first use; `$FTFT_WORKSPACE`, else `./ftft-workspace` where None.

    Opening it starts the runner if work is queued; `runner=False` leaves that to somebody else.
    """

    def __init__(self, path: str | Path | None = None, *, runner: bool = True) -> None:
        self.path = where(path)
        open_folder(self.path)
        self._may_run = runner
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
    def selections(self):
        """Selections that addresses name by their hash: `keep`, `get`."""
        from ftft.workspace.selections import Selections

        return Selections(self)

    @cached_property
    def notes(self):
        """Flags, notes and suggested labels: `flag`, `write`, `suggest`, `get`, `all`, `flags`, `export`, `derive`."""
        from ftft.workspace.notes import Notes

        return Notes(self)

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

    # ---- runs from elsewhere

    def import_run(
        self,
        path: str | Path,
        *,
        name: str,
        dataset: str | None = None,
        new_dataset: str | None = None,
        format: str = "auto",
        epochs: int | None = None,
    ):
        """Dynamics or metrics recorded elsewhere, as the run `name` of `dataset`, or of a dataset made of them: an `Imported`.

        `epochs`: over how many metrics were taken, where the file does not say it. The same content again is the run that exists.
        """
        from ftft.workspace.importing import import_run

        return import_run(self, Path(path), name, dataset, new_dataset, format, epochs)

    # ---- maps and selections

    def map(self, run: str, epochs: Sequence[int] | None = None):
        """The data map of a run, or of "mean~RUN~RUN…", over epochs a to b (all complete ones where None)."""
        return self._maps.of(self._maps.id(run), epochs)

    def places(self, run: str):
        """(N,) int32: for each training example, in the order of `data.ids`, its row in `map(run)`; -1 where the run did not see it."""
        found = self.map(run)
        return self._maps.places(self._maps.dataset(found.run), found)

    def curves(self, runs: Iterable[str], id: str) -> dict[str, Any]:
        """p(gold) of one example in every epoch recorded so far: run -> (E,) array; runs that did not see it are left out."""
        return self._maps.curves([self.runs.id(r) for r in runs], id)

    def order_hashes(self, run: str) -> dict[int, str]:
        """Epoch -> the hash of the order in which the run saw its examples then."""
        return self._maps.read(self.runs.id(run)).order_hashes

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

    @cached_property
    def _database(self):
        from ftft.workspace.database import Database

        return Database(self)

    def own(self) -> bool:
        """Holds the database until `close` and ingests in a thread: what the app does. False where another process owns it."""
        return self._database.own()

    def close(self) -> None:
        """Lets go of the database, if this workspace holds it. Everything else goes on working."""
        self._database.close()

    def rebuild(self) -> dict[str, Any]:
        """Throws away what is derived, the database and the caches, and fills them again from the files.

        `{runs{R: epochs[]}, datasets[], left_out[], checks[{name, ok, remedy}]}`: findings about epochs that are left out, and for each
        dataset and run whether all of it is there. InputError where another process owns the database.
        """
        return self._database.rebuild()

    def store(self, runs: Iterable[str] = (), datasets: Iterable[str] = ()) -> AbstractContextManager[Any]:
        """A store with these runs and datasets as their files are now: the database, or memory where another process owns that."""
        return self._database.store(runs, datasets)
