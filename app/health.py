"""What can be said about a subset before a main model is spent on it, as lines: size, labels, hardness, repeated texts, overlap.

Every check has its line, good or not, so that nothing is passed over in silence.
"""

from dataclasses import dataclass

from app import parts
from app.names import METRICS
from ftft.domain import Dataset, Subset
from ftft.workspace.subset_health import Hard, Health, Shift, Texts

SMALL = 0.25  # Swayamdipta et al. 2020: ambiguous-only sets under about a quarter of the data often fail to train
SHIFT = 0.05  # a label whose share moves by more than five points is worth a warning
MANY = 0.01  # of the subset: fewer repeated texts than that change little


@dataclass(frozen=True)
class Check:
    """One line of a list of findings: `kind` is "good", "warn" or "muted" (known too little), `title` what was found, `remark` what it
    means or what to do."""

    kind: str
    title: str
    remark: str


def percent(share: float) -> str:
    """0.33 -> "33 %"; one digit more under a tenth, where it matters."""
    return f"{100 * share:.{0 if share >= 0.1 else 1}f}\u202f%"


def shares(counts: dict[str, int], labels: tuple[str, ...]) -> dict[str, float]:
    """Share of each label, in [0, 1], in the order of `labels`; all 0 for an empty set."""
    total = sum(counts.get(label, 0) for label in labels)
    return {label: counts.get(label, 0) / total if total else 0.0 for label in labels}


def largest_shift(subset: Subset, dataset: Dataset) -> tuple[str, float, float]:
    """The label whose share moved most: (label, its share in the subset, its share in the whole training set)."""
    now, before = shares(subset.labels, dataset.labels), shares(dataset.train.labels, dataset.labels)
    label = max(dataset.labels, key=lambda name: abs(now[name] - before[name]))
    return label, now[label], before[label]


def labels_moved(subset: Subset, dataset: Dataset) -> bool:
    """Whether some label's share differs from the whole training set's by more than five points."""
    _, now, before = largest_shift(subset, dataset)
    return abs(now - before) > SHIFT


def checks(subset: Subset, dataset: Dataset, found: Health) -> list[Check]:
    """Size and labels first, then what the runs and the texts say."""
    return [
        _size(len(subset.ids), subset.of), _labels(subset, dataset), _alone(found.shift, dataset), _hard(found.hard, found.n, found.of),
        _repeated(found.texts, found.n), _overlap(found.texts),
    ]  # fmt: skip


def size_alone(n: int, of: int) -> Check:
    """The line on the size, of a subset that is still to be made."""
    return _size(n, of)


def _size(n: int, of: int) -> Check:
    share = n / of
    if share >= SMALL:
        remark = "Sets of ambiguous examples under about 25 % often fail to train; this one is larger"
        return Check("good", f"{percent(share)} of the training set", remark)
    remark = "Sets of ambiguous examples under about 25 % often fail to train: take more, or add easy examples to it"
    return Check("warn", f"Only {percent(share)} of the training set", remark)


def _labels(subset: Subset, dataset: Dataset) -> Check:
    label, now, before = largest_shift(subset, dataset)
    if not labels_moved(subset, dataset):
        return Check("good", "Labels are as in the whole training set", "No label's share moves by more than five points")
    direction = "over" if now > before else "under"
    remark = f"{percent(now)} of the subset, {percent(before)} of the training set: a gain may come from this alone. Look at AUROC too"
    if dataset.metric == "auroc":
        remark = f"{percent(now)} of the subset, {percent(before)} of the training set"
    return Check("warn", f"“{label}” is {direction}-represented", remark)


def _alone(shift: Shift | None, dataset: Dataset) -> Check:
    """What the label shares alone would do to the predictions of a run that is there."""
    if shift is None:
        remark = "No run on everything of this dataset has predictions yet; the control with the same label shares measures it"
        return Check("muted", "What the label shares alone would do is not known", remark)
    moves = {name: 100 * (after - before) for name, (before, after) in shift.scores.items() if before is not None and after is not None}
    if not moves:
        return Check("muted", "What the label shares alone would do is not known", f"{METRICS[dataset.metric]} says nothing on these sets")
    largest = max(moves.values(), key=abs)
    each = ", ".join(f"{name} {parts.signed(points)}" for name, points in moves.items())
    whose = f"{shift.run.spec.model_name}, run {shift.run.id[:6]}"
    remark = f"Points of {METRICS[dataset.metric]} if {whose} only moved its decisions by them, no example chosen: {each}"
    if abs(largest) < 0.5:
        return Check("good", "The label shares alone would change little", remark)
    return Check("warn", f"The label shares alone may explain {parts.signed(largest)} points", remark)


def _hard(hard: Hard | None, n: int, of: int) -> Check:
    if hard is None:
        remark = "That takes the maps of two runs on everything that have succeeded"
        return Check("muted", "What is hard in every reference is not known", remark)
    inside, whole = hard.in_subset / n, hard.in_whole / of
    title = f"{percent(inside)} of it is hard in all {len(hard.runs)} references"
    remark = f"{percent(whole)} of the training set: examples that no model learnt may be labelled wrong"
    return Check("warn" if inside > 2 * whole and inside > MANY else "good", title, remark)


def _repeated(texts: Texts, n: int) -> Check:
    if not texts.repeated:
        return Check("good", "No text occurs twice in it", "")
    conflicts = f", {parts.num(texts.conflicting)} of them with another label" if texts.conflicting else ""
    title = f"{parts.num(texts.repeated)} examples share their text with another one of it{conflicts}"
    remark = "They weigh more than others" + (", and a model cannot learn both labels" if texts.conflicting else "")
    return Check("warn" if texts.conflicting or texts.repeated > MANY * n else "good", title, remark)


def _overlap(texts: Texts) -> Check:
    shared = {split: count for split, count in texts.shared.items() if count}
    if not texts.shared:
        return Check("muted", "There is no evaluation set to overlap with", "")
    if not shared:
        return Check("good", "No text of it is in an evaluation set", "")
    each = ", ".join(f"{split} {parts.num(count)}" for split, count in shared.items())
    remark = f"Examples by set: {each}. Scores on those texts may be memory"
    return Check("warn", "Some of its texts are in evaluation sets", remark)
