"""What a strategy of selection chooses from: the examples of a map, with what it may ask about them.

Shapes: E epochs, M examples of a map, T examples of a run with threshold samples.
"""

from typing import TYPE_CHECKING

import numpy as np

from ftft.datamap import DataMap, positions
from ftft.dataset.thresholds import LABEL
from ftft.domain import Step
from ftft.errors import InputError
from ftft.strategies import Candidates, choose, strategy

if TYPE_CHECKING:
    from ftft.workspace.maps import Maps

SUSPECT = 99  # percentile of the AUM of threshold samples below which an example is suspect, as in Pleiss et al. 2020


def chosen(maps: "Maps", run: str, found: DataMap, step: Step) -> np.ndarray:
    """(M,) bool: what a step by "strategy" takes of a map."""
    options = strategy(step["strategy"]).options_of(step["options"])
    threshold = options.get("threshold")
    seen = [maps.key(run), *([maps.key(maps.id(str(threshold)))] if threshold else [])]  # either run may go on
    how = (step["q"], options, step["per_label"], step["seed"])
    key = ("chosen", *seen, found.epochs, repr(step.to_json()))
    return maps.once(key, lambda: choose(step["strategy"], candidates(maps, run, found), *how))


def candidates(maps: "Maps", run: str, found: DataMap) -> Candidates:
    """The examples of a map over its epochs; for a mean, the maps behind it too."""
    members = tuple(maps.together(found.runs, found.epochs).maps) if len(found.runs) > 1 else ()
    references = tuple(_single(maps, member, found) for member in members)

    def losses() -> np.ndarray:
        if references:
            return np.mean([reference.losses() for reference in references], axis=0)
        return _losses(maps, run, found)

    def suspect(other: str) -> np.ndarray:
        return _suspect(maps, other, found)

    return Candidates(found.ids_N, found.gold_N, found.of_metric, losses, references, suspect)


def _single(maps: "Maps", member: DataMap, whole: DataMap) -> Candidates:
    """One map of a mean, in the order of the mean's examples."""
    row_M = positions(member.ids_N, whole.ids_N)
    return Candidates(
        whole.ids_N, whole.gold_N, lambda name: member.of_metric(name)[row_M], lambda: _losses(maps, member.run, whole)[:, row_M],
    )  # fmt: skip


def _losses(maps: "Maps", run: str, whole: DataMap) -> np.ndarray:
    """(E, M): −log p(gold) in each epoch of the map's range; behind a mean, in those that all its runs recorded."""
    if maps.measured(run):
        raise InputError(f"run {run} was imported with its metrics alone: it has no losses", "Import the logits of every epoch")
    (first, last), shared = whole.epochs, maps.recorded(whole.run)
    p_gold_EM = np.stack([c.p_gold_N for c in maps.read(run).epochs if first <= c.number <= last and c.number in shared])
    with np.errstate(divide="ignore"):
        return -np.log(p_gold_EM)


def _suspect(maps: "Maps", other: str, found: DataMap) -> np.ndarray:
    """(M,) bool: an AUM, by the run with threshold samples, below the SUSPECT-th percentile of theirs. False where it did not see one.

    A threshold sample is suspect under that label, on a map of such a dataset; nothing is known of it under its own. InputError where the
    run saw no threshold sample, or none of the map's examples.
    """
    run = maps.id(other)
    label, samples = threshold_label(maps, run), maps.of(run)
    is_sample_T, row_M = samples.gold_N == label, positions(samples.ids_N, found.ids_N)
    if not is_sample_T.any():
        raise InputError(f"run {run} saw no threshold sample", "Name a run on all of its dataset")
    if (row_M < 0).all():
        raise InputError(f"run {run} saw none of these examples", "Name a run on a dataset that was derived from theirs")
    aum_T = samples.of_metric("aum")
    is_low_T = (aum_T < np.percentile(aum_T[is_sample_T], SUSPECT)) & ~is_sample_T
    is_sample_M = found.gold_N == found.labels.index(LABEL) if LABEL in found.labels else np.zeros(found.n, dtype=bool)
    return is_sample_M | ((row_M >= 0) & is_low_T[row_M])


def threshold_label(maps: "Maps", run: str) -> int:
    """The place of the label of threshold samples in the run's dataset; InputError where it has none."""
    name = maps.dataset(run)
    labels = maps.workspace.data.get(name).labels
    if LABEL not in labels:
        remedy = "Make one and train on it: ftft data derive D --name NEW --threshold-samples SEED"
        raise InputError(f"run {run} is of dataset {name!r}, which has no threshold samples", remedy)
    return labels.index(LABEL)
