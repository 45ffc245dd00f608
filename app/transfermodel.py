"""What the Transfer page says: which pair, what its numbers come to in words, the evidence beside other references. No Streamlit in here.

A verdict is explained, never only coloured: it names the numbers that decide it, and `RULE` says how.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import parts
from app.names import METRICS
from app.shown import Shown

SHARES = (0.05, 0.1, 0.2, 0.33, 0.5)  # offered as q
RULE = (
    f"How this is judged: no thresholds are published, and none used. “Better than label shares” means that the 95{parts.THIN}% interval "
    "of the overlap lies above what two random sets with the same label counts share; “as well as the model agrees with itself” that it "
    "reaches the ceiling, the mean overlap of either model with itself under another seed and data order. The interval is over examples, "
    "with these runs: another seed would move the overlap too."
)


@dataclass(frozen=True)
class Question:
    """Would `reference` choose what `target` needs? `q`: share of the most variable examples; `epochs`: run or mean id -> first, last."""

    reference: Shown
    target: Shown
    every: tuple[Shown, ...]
    q: float
    epochs: dict[str, tuple[int, int]]

    @property
    def references(self) -> tuple[Shown, ...]:
        """All that are shown, but the target."""
        return tuple(run for run in self.every if run.id != self.target.id)

    @property
    def ids(self) -> list[str]:
        """All ids, the target's last: every pair with it is then read from a reference to it."""
        return [run.id for run in (*self.references, self.target)]


def default_target(runs: Sequence[Shown]) -> Shown:
    """The run that cost most is most likely the main model; the first one where no cost is known."""

    def per_step(run: Shown) -> float:
        costs = [each.cost.get("train_flops", 0) / max(each.steps_done, 1) for each in run.runs]
        return 0.0 if run.is_mean else sum(costs)

    return max(runs, key=per_step)


def default_reference(runs: Sequence[Shown], target: Shown) -> Shown:
    """The first run of another model, else the first other run."""
    others = [run for run in runs if run.id != target.id]
    return next((run for run in others if run.name != target.name and not run.is_mean), others[0])


# ---- the verdict


@dataclass(frozen=True)
class Verdict:
    """`kind`: good, warn, bad or muted; `icon`: a Material symbol; `title` and `why` are plain text."""

    kind: str
    icon: str
    title: str
    why: str


def verdict(question: Question, pair: dict[str, Any]) -> Verdict:
    """The sentence above everything, and what it rests on."""
    a, b, o = question.reference.label, question.target.label, pair["overlap"]
    found = (
        f"Of the {parts.pct(question.q)} that {b} finds most ambiguous, {a} finds {two(o['value'])} (95{parts.THIN}% interval "
        f"{two(o['low'])}–{two(o['high'])}). Label shares alone give {two(o['chance_within_labels'])}, chance {two(o['chance'])}."
    )
    ceiling = _ceiling_words(pair, o)
    match pair["verdict"]:
        case "at_ceiling":
            luck = (1 - o["ceiling"]) / max(1 - o["chance_within_labels"], 1e-9)
            worth = f" Of what could agree beyond label shares, {parts.pct(luck)} is the luck of one run: a mean of several is worth more."
            return Verdict("muted", "equal", f"{a} agrees with {b} as well as the model agrees with itself.", f"{found} {ceiling}{worth}")
        case "below_ceiling":
            way = (o["value"] - o["chance_within_labels"]) / max(o["ceiling"] - o["chance_within_labels"], 1e-9)
            how_far = f" That is {parts.pct(way)} of the way from label shares to the ceiling."
            return Verdict("muted", "trending_up", f"{a} agrees with {b} better than label shares alone, below the ceiling.",
                           f"{found} {ceiling}{how_far}")  # fmt: skip
        case "itself":
            return Verdict("muted", "repeat", f"{a} and {b} are one model under two seeds: how well they agree is the ceiling for others.",
                           found)  # fmt: skip
        case "too_few_examples":
            return Verdict("warn", "help", f"There are too few examples to tell how well {a} agrees with {b}.",
                           f"{found} {ceiling} The interval holds both.")  # fmt: skip
        case "no_better_than_labels":
            return Verdict("bad", "error", f"{a} is not shown to agree with {b} better than label shares alone.",
                           f"{found} Two random sets with the same label counts would agree as well. {ceiling}")  # fmt: skip
        case "no_ceiling":
            return Verdict("warn", "help", f"{a} agrees with {b} better than label shares alone; whether well enough cannot be judged.",
                           f"{found} {no_ceiling_words(question)}")  # fmt: skip
        case "same_order":
            return Verdict("warn", "help", f"The agreement of {a} and {b} cannot be judged.", f"{_order_words(question)} {found}")
    return Verdict("warn", "help", f"The agreement of {a} and {b} cannot be judged.", _tied_words(question, o))


def _ceiling_words(pair: dict[str, Any], overlap: dict[str, Any]) -> str:
    if overlap["ceiling"] is None:
        return ""
    pairs = pair["ceiling_pairs"]
    over = "one pair of runs" if pairs == 1 else f"the mean of {pairs} pairs of runs"
    return f"The same model with another seed reaches {two(overlap['ceiling'])} ({over})."


def no_ceiling_words(question: Question) -> str:
    """Why there is no ceiling."""
    if question.reference.is_mean or question.target.is_mean:
        return "A mean map has no second seed, so there is no ceiling to hold it against: compare it with the runs that it is made of."
    return "Neither model was trained with a second seed and data order, so nothing says how well it would agree with itself."


def _order_words(question: Question) -> str:
    ids = [{run.id for run in shown.runs} for shown in (question.reference, question.target)]
    if ids[0] & ids[1]:
        return "One map is part of the other: they share a run, and so agree by it alone."
    return "Both saw the examples in the same order, which alone makes two maps alike: train one of them with another seed."


def _tied_words(question: Question, overlap: dict[str, Any]) -> str:
    single = [run.label for run in (question.reference, question.target) if len(set(question.epochs[run.id])) == 1]
    if single:
        shows = "shows" if len(single) == 1 else "show"
        return f"Variability needs two epochs, and {' and '.join(single)} {shows} one. Choose more epochs, or wait for the next."
    return (
        f"{parts.pct(overlap['tied'])} of a top {parts.pct(question.q)} is there by how ties are broken, alike on both maps: "
        f"the overlap of {two(overlap['value'])} says little. Choose another share, or more epochs."
    )


def notes(question: Question, pair: dict[str, Any], rows: int) -> list[str]:
    """What else a reader has to know of a pair."""
    said = []
    if pair["same_order"] is None:
        said.append(
            "Whether the two runs share a data order is not known: one was imported. If they do, the agreement is partly due to it."
        )
    elif pair["same_order"] is False:
        said.append("The two saw the examples in different orders.")
    if pair["n"] < rows:
        said.append(f"Compared on the {parts.of(pair['n'], rows)} examples that both saw.")
    ranges = {run.label: question.epochs[run.id] for run in (question.reference, question.target)}
    if len(set(ranges.values())) > 1:
        said.append(f"Epochs differ: {'; '.join(f'{label}, {span(epochs)}' for label, epochs in ranges.items())}.")
    return said


# ---- evidence


@dataclass(frozen=True)
class Row:
    """One piece of evidence: `values` by run id, on an axis from `low` to `high`; `marks`: (value, what it is) to hold it against."""

    name: str
    help: str
    values: dict[str, float]
    low: float = 0.0
    high: float = 1.0
    marks: tuple[tuple[float, str], ...] = ()
    beside: str = ""


def evidence(question: Question, checks: Sequence[dict[str, Any]]) -> list[Row]:
    """methods.md's checks of a reference, each beside what the other runs get. `checks`: `Workspace.evidence` of all runs."""
    own = {check["run"]: check for check in checks}
    mine, q = own[question.reference.id], parts.pct(question.q)
    pair = mine["target"]
    o, name = pair["overlap"], question.target.label
    metric = METRICS.get(mine["score"]["metric"], mine["score"]["metric"]) if mine["score"] else "score"
    with_target = {run: check["target"] for run, check in own.items() if check["target"]}
    rows = [
        Row("Own score, in distribution", "A reference that has not learnt its own task calls easy examples ambiguous",
            _there({run: check["score"] and check["score"]["value"] for run, check in own.items()}),
            beside=str(metric) if mine["score"] else "no set in distribution was scored"),
        Row("Easy share", "A good reference has a large easy region", _there({run: check["easy"] for run, check in own.items()})),
        Row(f"Ambiguous also hard, top {q}", "A good reference learns the hard examples over time, and so finds them ambiguous too",
            _there({run: check["ambiguous_hard"] for run, check in own.items()}), marks=((mine["chance"], "chance"),)),
        Row(f"Overlap with itself, top {q}", "The same model with another seed and data order: what one run's map is worth",
            _there({run: check["reliability"]["overlap"] for run, check in own.items()}), marks=((mine["chance"], "chance"),),
            beside=_pairs(mine["reliability"]["pairs"])),
        *(_rank_row(question, pair, with_target, m) for m in ("confidence", "variability")),
        Row(f"Overlap beyond label shares, top {q}", f"Overlap with {name} minus what its label counts alone give: 0 is nothing",
            {run: beyond(p["overlap"]) for run, p in with_target.items() if p["verdict"] != "undecided"},
            low=-0.1, high=0.6, marks=((0.0, "label shares alone"), *_mark(o["ceiling"] and o["ceiling"] - o["chance_within_labels"])),
            beside=f"{signed2(o['low'] - o['chance_within_labels'])} to {signed2(o['high'] - o['chance_within_labels'])}"),
        Row(f"Overlap balanced by label, top {q}", "Each label gives its share of both tops: labels explain nothing here",
            {run: p["overlap"]["balanced"] for run, p in with_target.items() if p["verdict"] != "undecided"},
            marks=((o["chance"], "chance"),)),
    ]  # fmt: skip
    return [row for row in rows if row.values]


def _rank_row(question: Question, pair: dict[str, Any], with_target: dict[str, Any], metric: str) -> Row:
    low, high, within = (pair[f"spearman{end}"][metric] for end in ("_low", "_high", "_within_labels"))
    known = pair["spearman"][metric] is not None
    return Row(
        f"ρ of {metric}", f"Spearman's rank correlation with {question.target.label}; within labels: the mean over labels by their size",
        _there({run: p["spearman"][metric] for run, p in with_target.items()}),
        marks=_mark(pair["spearman_ceiling"][metric]),
        beside=f"{two(low)}–{two(high)}" + (f" · {two(within)} within labels" if within is not None else "") if known else "",
    )  # fmt: skip


def _there(values: dict[str, float | None]) -> dict[str, float]:
    return {run: value for run, value in values.items() if value is not None}


def _mark(ceiling: float | None) -> tuple[tuple[float, str], ...]:
    return () if ceiling is None else ((ceiling, "ceiling"),)


def _pairs(count: int) -> str:
    return parts.plural(count, "pair") if count else "no second seed"


# ---- every pair


@dataclass(frozen=True)
class Measure:
    """A measure of a pair's agreement. `of` reads it from the pair's numbers; `itself` from a run's reliability, for the diagonal."""

    name: str
    keys: tuple[str, ...]
    itself: str | None = None
    high: float = 1.0

    def of(self, pair: dict[str, Any]) -> float | None:
        """The pair's value; None where it is not defined, or where ties decide it."""
        if self.keys[0] == "overlap" and pair["verdict"] == "undecided":
            return None
        if self.keys == ("overlap", "beyond"):
            return beyond(pair["overlap"])
        return pair[self.keys[0]][self.keys[1]]


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("overlap beyond label shares", ("overlap", "beyond"), "beyond", high=0.5),
        Measure("overlap", ("overlap", "value"), "overlap"),
        Measure("overlap, balanced by label", ("overlap", "balanced")),
        Measure("ρ confidence", ("spearman", "confidence"), "confidence"),
        Measure("ρ variability", ("spearman", "variability"), "variability"),
        Measure("ρ confidence within labels", ("spearman_within_labels", "confidence")),
        Measure("ρ variability within labels", ("spearman_within_labels", "variability")),
    )
}


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix: rows and columns in the order of `Question.ids`. `same_order`: the pair agrees by its data order alone."""

    row: int
    column: int
    value: float | None
    same_order: bool = False


def matrix(question: Question, pairs: Sequence[dict[str, Any]], checks: Sequence[dict[str, Any]], measure: Measure) -> list[Cell]:
    """Both halves, and on the diagonal each model with itself under another seed, where that is known."""
    place = {run: k for k, run in enumerate(question.ids)}
    cells = []
    for pair in pairs:
        at, value = (place[pair["a"]], place[pair["b"]]), measure.of(pair)
        cells += [Cell(row, column, value, pair["same_order"] is True) for row, column in (at, at[::-1])]
    for check in checks:
        at = place[check["run"]]
        cells.append(Cell(at, at, check["reliability"][measure.itself] if measure.itself else None))
    return cells


# ---- words


def beyond(overlap: dict[str, Any]) -> float:
    """What of an overlap the label counts of the two tops do not explain."""
    return overlap["value"] - overlap["chance_within_labels"]


def two(value: float | None) -> str:
    """ ".56": two decimals; "–" where there is none."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def signed2(value: float) -> str:
    """ "+0.12"."""
    return parts.signed(value, 2)


def span(epochs: tuple[int, int]) -> str:
    """ "epochs 1–4"."""
    return f"epoch {epochs[0]}" if epochs[0] == epochs[1] else f"epochs {epochs[0]}–{epochs[1]}"
