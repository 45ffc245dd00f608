"""What can be said about a subset before a main model is spent on it: its size and its labels, against the whole training set."""

from dataclasses import dataclass

from ftft.domain import Dataset, Subset

SMALL = 0.25  # Swayamdipta et al. 2020: ambiguous-only sets under about a quarter of the data often fail to train
SHIFT = 0.05  # a label whose share moves by more than five points is worth a warning


@dataclass(frozen=True)
class Check:
    """One line of a list of findings: `kind` is "good" or "warn", `title` what was found, `remark` what it means or what to do."""

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


def checks(subset: Subset, dataset: Dataset) -> list[Check]:
    """Size first, then labels; both always have a line, so that nothing is passed over in silence."""
    return [_size(subset), _labels(subset, dataset)]


def _size(subset: Subset) -> Check:
    share = len(subset.ids) / subset.of
    if share >= SMALL:
        return Check(
            "good",
            f"{percent(share)} of the training set",
            "Sets of ambiguous examples under about 25 % often fail to train; this one is larger",
        )
    remark = "Sets of ambiguous examples under about 25 % often fail to train: take more, or add easy examples to it"
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
