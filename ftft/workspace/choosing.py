"""What a strategy of selection chooses from: the examples of a map, with what it may ask about them.

Shapes: E epochs, M examples of a map.
"""

from typing import TYPE_CHECKING

import numpy as np

from ftft.datamap import DataMap, positions
from ftft.dataset.thresholds import LABEL
from ftft.domain import Step
from ftft.errors import InputError
from ftft.strategies import Candidates, choose

if TYPE_CHECKING:
    from ftft.workspace.maps import Maps

SUSPECT = 99  # percentile of the AUM of threshold samples below which an example is suspect, as in Pleiss et al. 2020


def chosen(maps: "Maps", run: str, found: DataMap, step: Step) -> np.ndarray:
    """(M,) bool: what a step by "strategy" takes of a map."""
    asked = (step["strategy"], candidates(maps, run, found), step["q"], step["options"], step["per_label"], step["seed"])
    key = ("chosen", *maps.key(run), found.epochs, repr(step.to_json()))
    return maps.once(key, lambda: choose(*asked))


def candidates(maps: "Maps", run: str, found: DataMap) -> Candidates:
    """The examples of a map over its epochs; for a mean, the maps behind it too."""
    members = tuple(maps.together(found.runs, found.epochs).maps) if len(found.runs) > 1 else ()
    references = tuple(_single(maps, member, found) for member in members)

    def losses() -> np.ndarray:
        if references:
            return np.mean([reference.losses() for reference in references], axis=0)
        return _losses(maps, found)

    def suspect(other: str) -> np.ndarray:
        return _suspect(maps, other, found)

    return Candidates(found.ids_N, found.gold_N, found.of_metric, losses, references, suspect)


def _single(maps: "Maps", member: DataMap, whole: DataMap) -> Candidates:
    """One map of a mean, in the order of the mean's examples."""
    row_M = positions(member.ids_N, whole.ids_N)
    return Candidates(
        whole.ids_N, whole.gold_N, lambda name: member.of_metric(name)[row_M], lambda: _losses(maps, member)[:, row_M],
    )  # fmt: skip


def _losses(maps: "Maps", found: DataMap) -> np.ndarray:
    """(E, M): −log p(gold) in each epoch of the map's range."""
    if maps.measured(found.run):
        raise InputError(f"run {found.run} was imported with its metrics alone: it has no losses", "Import the logits of every epoch")
    p_gold_EM = maps.read(found.run).p_gold(found.epochs)
    with np.errstate(divide="ignore"):
        return -np.log(p_gold_EM)


def _suspect(maps: "Maps", other: str, found: DataMap) -> np.ndarray:
    """(M,) bool: an AUM, by the run with threshold samples, below the SUSPECT-th percentile of theirs. False where it did not see one."""
    run = maps.id(other)
    label, samples = threshold_label(maps, run), maps.of(run)
    aum_M, is_sample_M = samples.of_metric("aum"), samples.gold_N == label
    limit = np.percentile(aum_M[is_sample_M], SUSPECT)
    row_N = positions(samples.ids_N, found.ids_N)
    return (row_N >= 0) & ((aum_M < limit) & ~is_sample_M)[row_N]


def threshold_label(maps: "Maps", run: str) -> int:
    """The place of the label of threshold samples in the run's dataset; InputError where it has none."""
    name = maps.dataset(run)
    labels = maps.workspace.data.get(name).labels
    if LABEL not in labels:
        remedy = "Make one and train on it: ftft data derive D --name NEW --threshold-samples SEED"
        raise InputError(f"run {run} is of dataset {name!r}, which has no threshold samples", remedy)
    return labels.index(LABEL)
