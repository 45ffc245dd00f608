"""What is known of a subset before a main model is trained on it: what its label shares alone would do, how much of it is hard
everywhere, and which of its texts occur twice or in an evaluation set.

What is slow is kept: the texts of a dataset are hashed once, each map's hard examples are found once.

Shapes: N training examples, M rows of an evaluation set, C classes.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import dataset as files
from ftft import selection as pick
from ftft.domain import Dataset, Run, Subset, runs_in
from ftft.scores import scores

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

REFERENCES = 6  # the newest runs on everything whose maps say what is hard


@dataclass(frozen=True)
class Shift:
    """What moving every label's share to the subset's would do to the predictions of `run`, with no example chosen.

    Each class's logit rises by the log of (its share in the subset / its share in the whole): what a model that is right about
    p(label | text) under the whole's shares would say under the subset's. A label that the subset lacks counts as half an example.
    `scores`: evaluation set -> (the dataset's metric as it is, as it would be), None where the metric says nothing.
    """

    run: Run
    scores: dict[str, tuple[float | None, float | None]]


@dataclass(frozen=True)
class Hard:
    """Examples in the region "hard" of the maps of all `runs`: how many of the subset, how many of the whole training set."""

    runs: tuple[str, ...]
    in_subset: int
    in_whole: int


@dataclass(frozen=True)
class Texts:
    """Counts of the subset's examples: whose text another one of the subset has, too; of these, with another label; in evaluation sets."""

    repeated: int
    conflicting: int
    shared: dict[str, int]


@dataclass(frozen=True)
class Health:
    """`shift` is None where no run on everything has predictions, `hard` where fewer than two such runs have maps."""

    n: int
    of: int
    shift: Shift | None
    hard: Hard | None
    texts: Texts


def health(workspace: "Workspace", subset: Subset) -> Health:
    """What the dataset's texts, and the runs that there are, say of a subset."""
    about = workspace.data.get(subset.dataset_name)
    mask_N = workspace._maps.once(
        ("members", about.fingerprint, subset.hash), lambda: pick.by_ids(workspace.data.ids(about.name), subset.ids)
    )
    on_everything = [
        run
        for run in workspace.runs.list(dataset=about.name)
        if run.spec.on_everything and run.spec.dataset_fingerprint == about.fingerprint
    ]
    return Health(
        len(subset.ids), subset.of, _shift(workspace, about, subset, on_everything), _hard(workspace, about, mask_N, on_everything),
        _texts(workspace, about, mask_N),
    )  # fmt: skip


# ---- label shares alone


def _shift(workspace: "Workspace", about: Dataset, subset: Subset, on_everything: Sequence[Run]) -> Shift | None:
    chosen_by = {run for step in subset.selection["steps"] if step.get("run") for run in runs_in(step["run"])}
    able = [run for run in on_everything if run.state == "succeeded" and _predicted(about, run)]
    if not able:
        return None
    run = next((run for run in able if run.id in chosen_by), able[0])  # the newest comes first
    moved_C = _log_ratio(subset.labels, about)
    key = ("label shift", run.id, about.fingerprint, about.metric, tuple(moved_C.tolist()))
    return workspace._maps.once(key, lambda: Shift(run, {split: _moved(about, run, split, moved_C) for split in _predicted(about, run)}))


def _predicted(about: Dataset, run: Run) -> list[str]:
    return [split.name for split in about.evaluations if (run.folder / "predictions" / f"{split.name}.parquet").exists()]


def _log_ratio(counts: dict[str, int], about: Dataset) -> np.ndarray:
    """(C,) log of each label's share in the subset over its share in the whole; 0 for a label without a training example."""
    now_C = np.array([max(counts.get(label, 0), 0.5) for label in about.labels])
    before_C = np.array([about.train.labels.get(label, 0) for label in about.labels], dtype=float)
    ratio_C = (now_C / sum(counts.values())) / (np.where(before_C > 0, before_C, 1) / before_C.sum())
    return np.where(before_C > 0, np.log(ratio_C), 0.0)


def _moved(about: Dataset, run: Run, split: str, moved_C: np.ndarray) -> tuple[float | None, float | None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(run.folder / "predictions" / f"{split}.parquet").read(["gold", "logits"])
        gold_M = table["gold"].to_numpy()
        logits_MC = table["logits"].combine_chunks().flatten().to_numpy().reshape(len(gold_M), len(moved_C)).astype(np.float64)
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None, None  # the file is broken: `ftft doctor` says so
    counts_as_C = about.counts_as(split)
    return scores(gold_M, logits_MC, counts_as_C)[about.metric], scores(gold_M, logits_MC + moved_C, counts_as_C)[about.metric]


# ---- hard in every reference


def _hard(workspace: "Workspace", about: Dataset, mask_N: np.ndarray, on_everything: Sequence[Run]) -> Hard | None:
    able = [run for run in on_everything if run.state == "succeeded" and run.mapped][:REFERENCES]
    if len(able) < 2:
        return None
    hard_N = np.all([_hard_in(workspace, about.name, run.id) for run in able], axis=0)
    return Hard(tuple(run.id for run in able), int((hard_N & mask_N).sum()), int(hard_N.sum()))


def _hard_in(workspace: "Workspace", dataset: str, run: str) -> np.ndarray:
    """(N,) bool: is an example in the run's region "hard"?"""
    maps = workspace._maps

    def find() -> np.ndarray:
        found = maps.of(run)
        rows_N = maps.places(dataset, found)
        return (found.region_N() == "hard")[rows_N] & (rows_N >= 0)

    return maps.once(("hard", dataset, *maps.key(run)), find)


# ---- texts


@dataclass(frozen=True)
class _Keys:
    """`text_N`: equal numbers for equal texts, -1 for texts that are all blank; `shared`: evaluation set -> (N,) is the text in it?"""

    text_N: np.ndarray
    shared: dict[str, np.ndarray]


def _texts(workspace: "Workspace", about: Dataset, mask_N: np.ndarray) -> Texts:
    keys: _Keys = workspace._maps.once(("texts", about.name, about.fingerprint), lambda: _keys(workspace, about))
    rows = np.flatnonzero(mask_N & (keys.text_N >= 0))
    text_n, gold_n = keys.text_N[rows], workspace.data.gold(about.name)[rows]
    _, first, place_n, count = np.unique(text_n, return_index=True, return_inverse=True, return_counts=True)
    conflicts = np.bincount(place_n, weights=gold_n != gold_n[first][place_n], minlength=len(first)) > 0
    shared = {split: int((shared_N & mask_N).sum()) for split, shared_N in keys.shared.items()}
    return Texts(int((count[place_n] > 1).sum()), int(conflicts[place_n].sum()), shared)


def _keys(workspace: "Workspace", about: Dataset) -> _Keys:
    import pyarrow.compute as pc

    every = _hashes(workspace, about, "train")
    text_N = every.dictionary_encode().indices.to_numpy().astype(np.int32)
    blank_N = np.ones(len(text_N), dtype=bool)
    for column in about.text_columns:
        texts = workspace.data.column(about.name, column)
        blank_N &= pc.or_(pc.equal(texts, ""), pc.utf8_is_space(texts)).fill_null(True).to_numpy()
    shared = {
        split.name: pc.is_in(every, value_set=_hashes(workspace, about, split.name).unique()).to_numpy(zero_copy_only=False) & ~blank_N
        for split in about.evaluations
    }
    return _Keys(np.where(blank_N, np.int32(-1), text_N), shared)


def _hashes(workspace: "Workspace", about: Dataset, split: str) -> Any:
    """16 bytes a row that are equal where all texts are, as findings about a new dataset take them."""
    from ftft.dataset.examples import Examples

    table = files.table(workspace.data.root, about.name, list(dict.fromkeys(about.text_columns)), split)
    return Examples(split, table, about.text_columns, np.zeros(table.num_rows, dtype=bool), {}).text_keys
