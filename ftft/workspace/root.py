"""`Workspace`: where things lie, who holds the database, and the verbs grouped by noun."""

import logging
import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftft.domain import Estimate, Pending, Run, RunSpec, Selection
from ftft.errors import FtftError
from ftft.workspace.place import open_folder, where

if TYPE_CHECKING:
    from ftft.jobs import RunnerOptions


class Workspace:
    """`path`: a folder, made on first use; `$FTFT_WORKSPACE`, else `./ftft-workspace` where None.

    Opening it starts the runner if work is queued; `runner=False` leaves that to somebody else, options say how it is started.
    `read_only`: it must be there, and to look at it writes nothing into it, neither caches nor the database; verbs that write still do.
    """

    def __init__(self, path: str | Path | None = None, *, runner: "bool | RunnerOptions" = True, read_only: bool = False) -> None:
        self.path, self.read_only = where(path), read_only
        open_folder(self.path, make=not read_only)
        self._runner = runner
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
    def jobs(self):
        """The queue: `list`, `slots`, `gpus`, `paused`, `pause`, `resume`, `set_slots`, `prioritise`."""
        from ftft.workspace.queueing import Jobs

        return Jobs(self)

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
    def experiment(self):
        """Experiments: `ftft`, `plan_ftft`, `queue`, `list`, `get`."""
        from ftft.workspace.experiments import Experiments

        return Experiments(self)

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
    def _examples(self):
        from ftft.workspace.examples import Examples

        return Examples(self)

    @cached_property
    def _one(self):
        from ftft.workspace.one_example import OneExample

        return OneExample(self)

    @cached_property
    def _training(self):
        from ftft.workspace.training import Training

        return Training(self)

    @cached_property
    def _estimating(self):
        from ftft.workspace.estimating import Estimating

        return Estimating(self)

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

    def plan_after(
        self, dataset: str, model: str, seeds: tuple[int, ...], settings: dict[str, Any], planned: Collection[str]
    ) -> list[RunSpec]:
        """The same for runs that are to be queued after those of `planned`, which their selections may name."""
        return self._training.plan(dataset, model, seeds, False, settings, planned)

    def train(
        self, dataset: str, *, model: str, seeds: Iterable[int] = (1,), detach: bool = False, again: bool = False,
        after: Iterable[str] = (), priority: int = 0, **settings: Any,
    ) -> list[Run]:  # fmt: skip
        """Queues one run a seed and waits for them, unless `detach`. A spec that was run before returns that run, unless `again`.

        `after`: runs that must succeed first. `priority`: higher ones start first. With `selection` (a Selection, or a selection file's
        content) beside a new name as `subset`, the subset is made when the run starts, after the runs that the selection names.
        """
        specs = self.plan(dataset, model=model, seeds=seeds, again=again, **settings)
        runs = self._training.submit(specs, after, priority)
        return runs if detach else self.runs.wait([r.id for r in runs])

    def estimate(self, specs: Sequence[RunSpec], wait: bool = False) -> Estimate | Pending:
        """What these runs (those of a `plan`) will cost: FLOPs, time on this machine, memory, disk. Never trains and never takes long.

        `Pending` while a process measures the model on these texts, where nobody did before, unless `wait`. FtftError where that failed.
        """
        return self._estimating.of(specs, wait)

    def train_command(self, dataset: str, *, model: str, seeds: Iterable[int] = (1,), **settings: Any) -> str:
        """The words that do in a shell what `train` does here."""
        return self._training.command(dataset, model, tuple(seeds), settings)

    def prepare(self, run: str) -> None:
        """Writes down what a run waited for, the subset that its selection makes and its steps: the first that such a run does."""
        self._training.prepare(run)

    def results(self, experiment: str, *, metric: str | None = None, baseline: str | None = None):
        """The table of an experiment as its runs are now: `.rows`, `.columns`, `.claims`, `.to_json()`; kinds of files in `tables`."""
        from ftft.workspace.results import results

        return results(self, self.experiment.get(experiment), metric, baseline)

    def theory(self):
        """The trends of stability on synthetic sets, as `ftft theory` measured them here: `.value`, `.figure()`; None where nobody did."""
        from ftft.workspace import theory

        return theory.read(self)

    def measure_theory(self, sets: int = 300, seeds: int = 20, methods: Sequence[str] = ("standard", "mmr", "mhloss"), progress=None):
        """Measures those trends, in this process and with torch: about a minute. Returns what `theory` gives from then on."""
        from ftft.workspace import theory

        return theory.measure(self, sets, seeds, methods, progress)

    def wake(self) -> None:
        """Starts the runner if work is queued and none is there."""
        from ftft import jobs

        if self._runner and os.access(self.path, os.W_OK):  # who may only look at it leaves the queue to others
            jobs.ensure_runner(self.path, self.runner_options)

    @property
    def runner_options(self) -> "RunnerOptions":
        """How the runner is started."""
        from ftft import jobs

        return jobs.RunnerOptions() if isinstance(self._runner, bool) else self._runner

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

    def check_threshold(self, run: str) -> None:
        """InputError unless the run was trained on a dataset with AUM's threshold samples."""
        self._maps.check_threshold(self.runs.id(run))

    def epochs_after(self, run: str, burn_in: int = 0) -> list[int]:
        """[first, last]: the epochs that a run, or a mean, has recorded so far, without the first `burn_in`."""
        return list(self._maps.after(self._maps.id(run), burn_in))

    def places(self, run: str):
        """(N,) int32: for each training example, in the order of `data.ids`, its row in `map(run)`; -1 where the run did not see it."""
        found = self.map(run)
        return self._maps.places(self._maps.dataset(found.run), found)

    def curves(self, runs: Iterable[str], id: str) -> dict[str, Any]:
        """p(gold) of one example in every epoch recorded so far: run -> (E,) array; runs that did not see it are left out."""
        found = {self._maps.id(r): self._examples.curves(self._maps.id(r), [id])[:, 0] for r in runs}
        return {run: curve_E for run, curve_E in found.items() if curve_E.size and not (curve_E != curve_E).any()}

    def order_hashes(self, run: str) -> dict[int, str]:
        """Epoch -> the hash of the order in which the run saw its examples then."""
        return self._maps.read(self.runs.id(run)).order_hashes

    def examples(self, dataset: str, mask=None, *, run: str | None = None, **query: Any):
        """A page of examples, as a DataFrame, and how many there are in all.

        `query`: epochs, search, regex, labels, sort, descending, offset, limit, columns, as in `ftft.workspace.examples.Query`.
        """
        from ftft.workspace.examples import Query

        return self._examples.page(Query(dataset, mask, None if run is None else self._maps.id(run), **query))

    def beside(self, dataset: str, id: str, mask=None, *, run: str | None = None, **query: Any):
        """(place of an example in that table, the id before it, the id after it), None where there is none."""
        from ftft.workspace.examples import Query

        return self._examples.beside(Query(dataset, mask, None if run is None else self._maps.id(run), **query), id)

    def trajectories(self, runs: Iterable[str], id: str) -> dict[str, dict[str, Any]]:
        """What runs said of one example: run -> {epochs, p_EC, predicted_E, p_gold_E}; without runs that did not see it."""
        return self._one.trajectories([self._maps.id(r) for r in runs], id)

    def percentiles(self, run: str, id: str, epochs: Sequence[int] | None = None, metrics: Sequence[str] | None = None):
        """Metric -> (value of an example, percent of the map's examples below it), for `metrics` or all that the map has."""
        return self._one.percentiles(self._maps.id(run), id, epochs, metrics)

    def neighbours(
        self, run: str, id: str, epochs: Sequence[int] | None = None, x: str = "variability", y: str = "confidence", k: int = 8
    ) -> list[tuple[str, float]]:
        """(id, distance) of the examples nearest to one on a map, each axis scaled to its range."""
        return self._one.neighbours(self._maps.id(run), id, epochs, x, y, k)

    def similar(self, dataset: str, id: str, k: int = 8) -> list[tuple[str, float]]:
        """(id, similarity in (0, 1]) of the examples whose texts share most words with one, rare words counting more."""
        return self._one.similar(dataset, id, k)

    @property
    def strategies(self):
        """The registry of selection strategies, name -> Strategy (`description`, `source`, `options`, `seeded`, `several`)."""
        from ftft.strategies import STRATEGIES

        return STRATEGIES

    def strategy_options(self, text: str) -> dict[str, Any]:
        """The options in "mix:easy=0.3"; InputError names every mistake."""
        from ftft.strategies import parse

        return parse(text)[1]

    def resolve(self, selection: Selection):
        """(N,) bool over the dataset's training examples, in the order of `data.ids`."""
        return self._maps.resolve(selection)

    def select(self, selection: Selection | dict[str, Any] | None = None, *, name: str, **by: Any):
        """Freezes a subset: of a selection, or of `run=…, by=METRIC, top=q` (or `bottom=q`), optionally `epochs=(a, b)`, `per_label`.

        Or of `run=…, strategy="mix:easy=0.3"`, optionally `top=q`, `epochs`, `per_label`, `seed`.
        """
        if selection is None:
            selection = self._maps.strategy_selection(**by) if "strategy" in by else self._maps.top_selection(**by)
        elif isinstance(selection, dict):
            selection = Selection.from_json(selection)
        return self.subsets.save(name, selection)

    # ---- transfer

    @cached_property
    def _transfer(self):
        from ftft.workspace.transfer import Transfer

        return Transfer(self)

    def transfer(self, *runs: str, top: float = 0.33, epochs: Any = None) -> list[dict[str, Any]]:
        """Each pair of runs: rank correlation of their maps, overlap of their most variable `top`, what chance gives, the ceiling.

        `epochs`: None for all recorded, (first, last), or a dict that says it for each run.
        """
        return self._transfer.pairs([self._maps.id(r) for r in runs], top, epochs)

    def evidence(self, *runs: str, target: str | None = None, top: float = 0.33, epochs: Any = None) -> list[dict[str, Any]]:
        """The checks of a good reference for each run, and its agreement with `target`: what to look at before a main model is trained."""
        return self._transfer.evidence([self._maps.id(r) for r in runs], target and self._maps.id(target), top, epochs)

    def disagreements(self, a: str, b: str, metric: str = "confidence", limit: int = 100, epochs: Any = None):
        """The examples on which two maps differ most, by their ranks: id, row, gold, a, b, rank_a, rank_b, gap, curve_a, curve_b."""
        return self._transfer.disagreements(self._maps.id(a), self._maps.id(b), metric, limit, epochs)

    def siblings(self, run: str) -> list[Run]:
        """Runs that differ from this one in seed and data order alone: what its ceiling is made of, once they have ended."""
        return self._transfer.siblings(self._maps.id(run))

    def another_seed(self, run: str) -> dict[str, Any]:
        """The words with which `train` trains a run's model once more, under a new seed. InputError for an imported run."""
        return self._transfer.another_seed(self.runs.id(run))

    def rank_counts(self, a: str, b: str, metric: str = "confidence", cells: int = 60, epochs: Any = None):
        """(cells, cells) how many examples have these ranks on a (row) and on b (column)."""
        return self._transfer.rank_counts(self._maps.id(a), self._maps.id(b), metric, cells, epochs)

    # ---- several runs as one

    def spread(self, id: str, metric: str, epochs: Sequence[int] | None = None):
        """(ids_N, sd_N): how much a metric of each example varies over the runs of a mean map (sample SD), rows as in `map(id)`."""
        from ftft.workspace import averaging

        return averaging.spread(self._maps, id, metric, epochs)

    def stability(
        self, runs: Sequence[str], top: float = 0.33, by: str = "variability", end: str = "top", epochs: Sequence[int] | None = None
    ) -> dict[str, Any]:
        """How far the top examples of single runs agree, with an interval, and what a mean of several should give."""
        from ftft.workspace import averaging

        return averaging.stability(self._maps, runs, top, by, end, epochs)

    def top_share(
        self, runs: Sequence[str], top: float = 0.33, by: str = "variability", end: str = "top", epochs: Sequence[int] | None = None
    ):
        """(N,) in the order of `data.ids`: the share of the runs whose top holds the example; NaN where not all recorded it."""
        from ftft.workspace import averaging

        return averaging.top_share(self._maps, runs, top, by, end, epochs)

    def stabilising(self, run: str, top: float = 0.33, by: str = "variability", end: str = "top", epochs: Sequence[int] | None = None):
        """When the top examples became what they are: `.points` [{epoch, overlap, chance}], `.stabilised_at` an epoch or None."""
        from ftft.workspace import averaging

        return averaging.stabilising(self._maps, self._maps.id(run), top, by, end, epochs)

    def early_reference(self, run: str, top: float = 0.33) -> dict[str, Any] | None:
        """What ending a reference once its selection has settled saves: `{run, steps, budget, saved, overlap, measured}`.

        Of a run that went on, what it would have saved; of one that was stopped, `overlap` needs the same run in full. None where nothing
        can be said: no run, or fewer than three epochs.
        """
        from ftft.workspace import early_references

        return early_references.early_reference(self._maps, self.runs.get(run), top) if run in self.runs.ids() else None

    # ---- figures and files

    def rows_bytes(self, dataset: str, mask: Any, *, kind: str, run: str | None = None, epochs: Sequence[int] | None = None) -> bytes:
        """What `mask` (N,) marks, with the metrics of `run`, as a file's content. `kind`: csv, jsonl, parquet; txt for ids alone."""
        from ftft.workspace import exports

        return exports.rows(self._maps, dataset, mask, kind, run, epochs)

    def figure(
        self, runs: str | Sequence[str], epochs: Any = None, selection: Selection | None = None, *, x: str = "variability",
        y: str = "confidence", colour: Any = "correctness", width: str = "column", marginals: bool = False,
    ):  # fmt: skip
        """A matplotlib Figure of maps at paper size: `width` "column" (3.3 in) or "page" (6.9 in); the selection is drawn on each map.

        `epochs`: (a, b), or id -> (a, b). `colour`: a metric, "label", None, or (name, values_N in the order of `data.ids`);
        (name, values_N, names) for places among names.
        """
        from ftft.workspace import drawing

        named = [runs] if isinstance(runs, str) else runs
        return drawing.figure(self._maps, named, epochs, selection, x, y, colour, width, marginals)

    def figure_bytes(
        self, runs: str | Sequence[str], epochs: Any = None, selection: Selection | None = None, *, kind: str, **how: Any
    ) -> bytes:
        """The same as the content of a file. `kind`: "png", "svg" or "pdf"."""
        from ftft.figures import as_bytes

        return as_bytes(self.figure(runs, epochs, selection, **how), f".{kind.lstrip('.')}")

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
