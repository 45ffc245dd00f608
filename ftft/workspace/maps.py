"""Data maps of a workspace, and what a selection on them means.

Shapes: E epochs, N training examples of the dataset, M examples that a run recorded (M < N for a run on a subset).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import outlines
from ftft import selection as pick
from ftft.curves import Curves, read_curves
from ftft.datamap import DataMap, Together, positions
from ftft.domain import Run, Selection, Step, mean_id, runs_in
from ftft.domain.spec import TOP
from ftft.errors import InputError, unknown
from ftft.metrics import METRICS
from ftft.publish import stamp
from ftft.runpaths import CACHE
from ftft.strategies import parse
from ftft.workspace import choosing
from ftft.workspace.kept import Kept

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

LOOK_S = 0.5  # epochs' files are looked at anew so often, or when the folder changes
KEPT = 48  # runs whose curves are held, mapped from their files


@dataclass(frozen=True)
class Map(DataMap):
    """A data map that can draw itself."""

    title: str = ""

    def plot(self):
        """A matplotlib Figure: x = variability, y = confidence, colour = correctness."""
        from ftft.workspace import drawing

        return drawing.of_one(self)


class Maps:
    """Maps are made once for each (run, its epochs' files, range) and kept for a while. They come from files: no database is waited for."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self._kept = Kept()
        self._glances: dict[str, tuple[int, int]] = {}
        self._curves: dict[str, Curves] = {}

    def of(self, run: str, epochs: Sequence[int] | None = None) -> Map:
        """The map of a run, or a mean map. InputError where a run recorded no complete epoch, or not those."""
        part = None if epochs is None else (epochs[0], epochs[1])
        if len(runs_in(run)) > 1:
            return self.once(("map", *self.key(run), part), lambda: self._averaged(run, part))
        folder = self.workspace.runs.folder(run)
        if folder.measures_file.exists():
            key, draw = self.key(run), lambda labels: DataMap.of_measures(folder.read_measures(), labels, part)
            return self.once(("map", *key, part), lambda: self._titled(run, draw))
        curves = self.read(run)
        if not curves.epochs and not curves.unfit:
            raise InputError(f"run {run} has recorded no complete epoch", "Wait for its first epoch, or train it with --capture online")
        return self.once(("map", *_state(curves), part), lambda: self._titled(run, lambda labels: curves.map(labels, part)))

    def id(self, run: str) -> str:
        """The full id of a run, or of a mean of runs, given by ids or by what they start with."""
        runs = [self.workspace.runs.id(r) for r in runs_in(run)]
        return mean_id(runs) if len(runs) > 1 else runs[0]

    def dataset(self, run: str) -> str:
        """The dataset of a run, or of all runs of a mean: InputError where they have several."""
        names = {self.workspace.runs.get(r).spec.dataset for r in runs_in(run)}
        if len(names) > 1:
            raise InputError(f"the runs are of different datasets: {', '.join(sorted(names))}", "Take runs of one dataset")
        return names.pop()

    def recorded(self, run: str) -> tuple[int, ...]:
        """The epochs that a run recorded, or that all runs of a mean did, counted from 1."""
        found = [self._recorded(r) for r in runs_in(run)]
        return tuple(e for e in found[0] if all(e in other for other in found))

    def after(self, run: str, burn_in: int) -> tuple[int, int]:
        """(first, last) of the recorded epochs without the first `burn_in`. InputError where none is left."""
        if burn_in == 0:
            return self.of(run).epochs
        left = self.recorded(run)[burn_in:]
        if not left:
            raise InputError(
                f"run {run} recorded {len(self.recorded(run))} epochs: none is left after {burn_in}", "Drop fewer of the first epochs"
            )
        return left[0], left[-1]

    def check_threshold(self, run: str) -> None:
        """InputError unless the run is of a dataset with threshold samples."""
        choosing.threshold_label(self, run)

    def measured(self, run: str) -> bool:
        """Was the run imported with its metrics alone?"""
        return self.workspace.runs.folder(run).measures_file.exists()

    def together(self, runs: Sequence[str], epochs: Sequence[int] | None = None) -> Together:
        """The maps of several runs over the same epochs: all that every one of them recorded, where None."""
        id = mean_id(runs)
        self.dataset(id)
        shared = self.recorded(id)
        if epochs is None and shared:
            epochs = shared[0], shared[-1]
        maps = [self.of(run, epochs) for run in runs]  # says which run has no epoch at all, or not those
        if not shared:
            raise InputError(f"runs {', '.join(runs)} have no epoch in common", "Average runs that recorded the same epochs")
        return self.once(("together", *self.key(id), maps[0].epochs), lambda: Together.of(maps))

    def if_any(self, run: str) -> Map | None:
        """The map over all epochs; None for a run that has none yet."""
        try:
            return self.of(run)
        except InputError:
            return None

    def read(self, run: str) -> Curves:
        """p(gold) of a run's examples over all its epochs, as its files are now: a page asks a hundred times, and looks once."""
        known, glance = self._curves.get(run), self._glance(run)
        if known is not None and glance == self._glances.get(run):
            return known
        curves = read_curves(self.workspace.runs.folder(run), self.workspace.path / CACHE, known, keep=not self.workspace.read_only)
        if known is None or curves.ids_N is not known.ids_N:
            curves = replace(curves, ids_N=self.workspace.data.shared(self.workspace.runs.get(run).spec.dataset, curves.ids_N))
        self._curves.pop(run, None)
        self._curves[run], self._glances[run] = curves, glance
        while len(self._curves) > KEPT:
            self._curves.pop(next(iter(self._curves)), None)
        return curves

    def _glance(self, run: str) -> tuple[int, int]:
        """What changes when an epoch is published, at once, and with time, for what changes in place."""
        folder = self.workspace.runs.folder(run).path / "dynamics"
        return folder.stat().st_mtime_ns if folder.is_dir() else 0, int(time.monotonic() / LOOK_S)

    def resolve(self, selection: Selection) -> np.ndarray:
        """(N,) bool. Steps are folded from the first to the last, starting with nothing selected."""
        ids_N = self.workspace.data.ids(selection.dataset)
        return pick.fold(selection.steps, lambda step: self._mask(selection.dataset, step), len(ids_N))

    def top_selection(
        self,
        *,
        run: str,
        by: str,
        top: float | None = None,
        bottom: float | None = None,
        epochs: Sequence[int] | None = None,
        per_label: bool = False,
    ) -> Selection:
        """One step: the `top` or `bottom` share of a run's examples by a metric."""
        if (top is None) == (bottom is None):
            raise InputError("a selection by metric needs a share", "Give one of top and bottom, such as --top 0.33")
        run = self.id(run)
        _known_metric(by)
        what = {
            "run": run,
            "metric": by,
            "q": top if bottom is None else bottom,
            "end": "top" if bottom is None else "bottom",
            "epochs": list(epochs) if epochs else None,
            "per_label": per_label,
        }
        return Selection(self.dataset(run), (Step("new", "top", what),))

    def strategy_selection(
        self, *, run: str, strategy: str, top: float = TOP, epochs: Sequence[int] | None = None, per_label: bool = False, seed: int = 0
    ) -> Selection:
        """One step: the share `top` of a run's examples that a strategy takes, written as "mix:easy=0.3"."""
        run = self.id(run)
        name, options = parse(strategy)
        what = {
            "run": run, "strategy": name, "options": options, "q": top, "epochs": list(epochs) if epochs else None, "per_label": per_label,
            "seed": seed,
        }  # fmt: skip
        return Selection(self.dataset(run), (Step("new", "strategy", what),))

    # ---- one step

    def _mask(self, dataset: str, step: Step) -> np.ndarray:
        data = self.workspace.data
        match step.by:
            case "region" | "top" | "strategy":
                mask_N = self._on_map(dataset, step)
                for inner in step.inner:
                    mask_N = mask_N & self._mask(dataset, inner)
                return mask_N
            case "label":
                return pick.by_label(data.gold(dataset), data.get(dataset).labels, step["labels"])
            case "text":
                return self.workspace._examples.matching(dataset, step["query"], step["regex"])
            case "column":
                return pick.by_column(self._column(dataset, step["column"]), step["values"], step["min"], step["max"])
            case "ids":
                return pick.by_ids(data.ids(dataset), step["ids"])
            case "subset":
                subset = self.workspace.subsets.get(step["subset"])
                if subset.dataset_name != dataset:
                    raise InputError(
                        f"subset {subset.name!r} is of dataset {subset.dataset_name!r}, not {dataset!r}", "Use a subset of the same dataset"
                    )
                return pick.by_ids(data.ids(dataset), subset.ids)
            case "flag":
                return self.workspace.notes.flagged(dataset, step["flag"])
            case "random":
                labels, gold_N = data.get(dataset).labels, data.gold(dataset)
                labels_N = np.array(labels, dtype=object)[gold_N]
                n, counts = self._size(dataset, step, labels_N)
                pick.by_label(gold_N, labels, list(counts or ()))  # or says which label is not known
                return pick.at_random(data.ids(dataset), n, step["seed"], labels_N, counts)
        raise AssertionError(step.by)

    def _size(self, dataset: str, step: Step, labels_N: np.ndarray) -> tuple[int, dict[str, int] | None]:
        """How many examples a random step draws, and how many of each label; None for whatever comes."""
        if not step["like"]:
            return step["n"], step["counts"]
        like_N = np.logical_or.reduce([self._mask(dataset, inner) for inner in step["like"]])
        labels, counts = np.unique(labels_N[like_N].astype(str), return_counts=True)
        return int(like_N.sum()), dict(zip(labels.tolist(), counts.tolist(), strict=True))

    def _on_map(self, dataset: str, step: Step) -> np.ndarray:
        run = self.id(step["run"])
        of = self.dataset(run)
        if of != dataset:
            raise InputError(f"run {run} is of dataset {of!r}, not {dataset!r}", "Select on a map of the same dataset")
        burn_in = step.what.get("burn_in", 0)
        found = self.of(run, self.after(run, burn_in) if burn_in else step["epochs"])
        if step.by == "strategy":
            mask_M = choosing.chosen(self, run, found, step)
        elif step.by == "top":
            _known_metric(step["metric"])
            labels_M = found.gold_N if step["per_label"] else None
            mask_M = pick.top(found.ids_N, found.of_metric(step["metric"]), step["q"], step["end"], labels_M, self.ties(run, found.ids_N))
        else:
            x, y = _known_metric(step["x"]), _known_metric(step["y"])
            mask_M = outlines.inside(found.of_metric(x), found.of_metric(y), step["shapes"])
        return self._in_dataset(dataset, found, mask_M)

    def _in_dataset(self, dataset: str, found: DataMap, mask_M: np.ndarray) -> np.ndarray:
        """The same examples in the dataset's order; examples that the run did not see are not selected."""
        rows_N = self.places(dataset, found)
        return mask_M[rows_N] & (rows_N >= 0)

    def places(self, dataset: str, found: DataMap) -> np.ndarray:
        """(N,) int32: the row of a map that holds each training example of `dataset`; -1 where none does."""
        key = ("rows", *self.key(found.run), self.workspace.data.get(dataset).fingerprint)
        return self.once(key, lambda: positions(found.ids_N, self.workspace.data.ids(dataset)).astype(np.int32))

    def ties(self, id: str, ids_N: np.ndarray) -> Callable[[], np.ndarray]:
        """`tie_order` of the examples of a map, kept once somebody needed it."""
        return lambda: self.once(("ties", *self.key(id)), lambda: pick.tie_order(ids_N))

    # ---- data behind it

    def key(self, run: str) -> tuple:
        """What a map is made of, whatever was done to its runs' files since."""
        if len(runs := runs_in(run)) > 1:
            return (run, *(self.key(r) for r in runs))
        folder = self.workspace.runs.folder(run)
        return (run, stamp(folder.measures_file)) if folder.measures_file.exists() else _state(self.read(run))

    def _titled(self, run: str, draw: Callable[[tuple[str, ...]], DataMap]) -> Map:
        about = self.workspace.runs.get(run)
        return _with_title(draw(self.workspace.data.get(about.spec.dataset).labels), _title(about))

    def _averaged(self, run: str, part: tuple[int, int] | None) -> Map:
        """As `Map`s of their own, the maps of the runs are kept, and worked out once for all means that they are part of."""
        about = [self.workspace.runs.get(r) for r in runs_in(run)]
        return _with_title(self.together(runs_in(run), part).averaged(), _mean_title(about))

    def _recorded(self, run: str) -> tuple[int, ...]:
        if self.measured(run):
            return tuple(range(1, self.workspace.runs.folder(run).read_measures().epochs + 1))
        return self.read(run).numbers

    def _column(self, dataset: str, column: str) -> np.ndarray:
        rows = self.workspace.data.rows(dataset)
        if column not in rows.columns:
            raise unknown("column", column, rows.columns)
        return rows[column].to_numpy()

    def once(self, key: tuple, make: Callable[[], Any]) -> Any:
        """What `make` gave for `key` before, or gives now."""
        return self._kept.once(key, make)


def _state(curves: Curves) -> tuple:
    """What a run's epochs are, whatever was done to its files since."""
    return curves.folder.run, *(curve.state for curve in (*curves.epochs, *curves.unfit))


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return name


def _with_title(plain: DataMap, title: str) -> Map:
    return Map(**{f.name: getattr(plain, f.name) for f in fields(DataMap)}, title=title)


def _mean_title(runs: Sequence[Run]) -> str:
    """Seeds of one model are listed; else every run is named."""
    seeds = [run.spec.seed for run in runs]
    if len({run.spec.model_name for run in runs}) == 1 and None not in seeds:
        return f"mean of {len(runs)}: {runs[0].spec.model_name}, seeds {', '.join(map(str, seeds))}"
    return f"mean of {len(runs)}: {' + '.join(map(_title, runs))}"


def _title(run: Run) -> str:
    return f"{run.spec.model_name}, seed {run.spec.seed}" if run.spec.seed is not None else run.spec.model_name
