"""What the numbers of one row allow to be said, in words, and what they leave open. Nothing here goes beyond the table.

No test is computed: under five seeds none would mean much, since a t over seeds alone covers far less than it says.
"""

from statistics import fmean

from app import health
from app.blocks import random_step
from app.comparison import Cell, Column, Row, Table, reference_runs
from app.health import Check
from app.names import DISTRIBUTIONS, METRICS
from app.parts import num, plural, signed
from ftft.domain import Dataset

TESTABLE = 5  # seeds: under this, "too few seeds to test" stands with every difference
BASELINES = {
    "same rule": "under the same stop rule",
    "never stopped": "for the whole budget, since none was stopped by the same rule",
}


def claim(row: Row, table: Table) -> str:
    """The difference to the baseline, out of distribution first, with how many seeds agree and what that is worth."""
    shown = [(where, pair) for where in ("ood", "id") if (pair := _telling(row, table, where)) and pair[1].differences]
    if not shown:
        return _nothing(row, table)
    said = [f"{DISTRIBUTIONS[where]} ({_named(column)}) {_difference(cell)}" for where, (column, cell) in shown]
    pairs = max(len(cell.differences) for _, (_, cell) in shown)
    how = BASELINES[row.baseline] if row.settings.get("stop") else "with the same number of steps"
    return f"Against the same model on everything, {how}: {'; '.join(said)}. {_worth(pairs)}"


def open_questions(row: Row, table: Table, dataset: Dataset) -> list[Check]:
    """What may explain a difference besides the choice of examples: how much of it, where a control says so ("muted"), else a doubt."""
    if row.value is None:
        return [Check("warn", "The subset is no longer in the workspace", "Its size and labels cannot be compared any more")]
    found = [_size(row, table), _labels(row, table, dataset)]
    chosen_by = reference_runs(row.value.selection)
    if len(chosen_by) == 1 and len(row.seeds) > 1:
        remark = (
            f"All seeds use examples that one run chose ({chosen_by[0][:6]}): how much another one's choice would differ is not in the SD"
        )
        found.append(Check("warn", "The luck of one reference", remark))
    return [check for check in found if check]


def _labels(row: Row, table: Table, dataset: Dataset) -> Check | None:
    assert row.value is not None
    matched = _control(row, table, "random_matched")
    if matched and (measured := _explained("Size and label shares", "of the same size and label shares", row, matched, table)):
        return measured
    if not health.labels_moved(row.value, dataset):
        return None
    label, now, before = health.largest_shift(row.value, dataset)
    hint = "" if table.metric == "auroc" else ". Look at AUROC too, which no shift of a decision threshold moves"
    moved = f"“{label}” is {health.percent(now)} of the subset and {health.percent(before)} of everything"
    return Check("warn", "The label shares", f"{moved}, which alone can move {METRICS[table.metric]}{hint}")


def _size(row: Row, table: Table) -> Check | None:
    assert row.value is not None
    control = _control(row, table, "random")
    if control and (measured := _explained("The size alone", "of the same size", row, control, table)):
        return measured
    if not reference_runs(row.value.selection) or _has_size_control(row, table):
        return None
    size = num(len(row.value.ids))
    remark = f"No other subset of {size} examples was trained on, such as a random one: fewer examples, each seen more often, may do it"
    return Check("warn", "The size alone", remark)


def _control(row: Row, table: Table, kind: str) -> Row | None:
    """The random control of a row: same block, stop rule and size, and label shares where they are given."""
    assert row.value is not None
    labels = {label: n for label, n in row.value.labels.items() if n}
    for other in table.rows:
        same = (other.block, other.settings, other.examples) == (row.block, row.settings, row.examples)
        if other.kind == kind and same and other is not row and (step := random_step(other.value)):
            drawn_with = step["counts"] or labels
            if {label: n for label, n in drawn_with.items() if n} == labels:
                return other
    return None


def _explained(what: str, like: str, row: Row, control: Row, table: Table) -> Check | None:
    """How much of a row's gain its control has, over the seeds that both have; None where there are none."""
    for where in ("ood", "id"):
        own, other = _telling(row, table, where), _telling(control, table, where)
        if own and other and (seeds := [seed for seed in own[1].pairs if seed in other[1].pairs]):
            gains = [100 * fmean(dict(zip(c.pairs, c.differences, strict=True))[s] for s in seeds) for _, c in (own, other)]
            title = f"{what}: {signed(gains[1])} of {signed(gains[0])} points"
            place = f"{DISTRIBUTIONS[where]} ({_named(own[0])})"
            gained = f"What random subsets {like} gain {place} over the same baseline, in {plural(len(seeds), 'common seed')}"
            return Check("muted", title, f"{gained}. {_worth(len(seeds)).rstrip('.')}")
    return None


def _telling(row: Row, table: Table, where: str) -> tuple[Column, Cell] | None:
    """The column that speaks for a distribution: the mean over its test sets where there is one, else its first set."""
    of = [(c, cell) for c, cell in zip(table.columns, row.cells, strict=True) if c.distribution == where]
    return next((pair for pair in of if len(pair[0].evaluations) > 1), of[0] if of else None)


def _named(column: Column) -> str:
    return column.name if len(column.evaluations) == 1 else f"mean of {len(column.evaluations)} test sets"


def _difference(cell: Cell) -> str:
    assert cell.difference is not None
    points = signed(100 * cell.difference)
    pairs, higher = len(cell.differences), sum(d > 0 for d in cell.differences)
    return f"{points} points" if pairs == 1 else f"{points} points on average, higher in {higher} of {pairs} seeds"


def _worth(pairs: int) -> str:
    if pairs == 1:
        return "One seed is no evidence: another may turn it round."
    if pairs < TESTABLE:
        return f"{pairs} seeds are too few to test."
    return "No test is computed here: read the seeds."


def _nothing(row: Row, table: Table) -> str:
    if not any(cell.values for cell in row.cells):
        waiting = sum(row.states.get(state, 0) for state in ("queued", "running"))
        return "No score yet: its runs are still on their way." if waiting else "No score: none of its runs succeeded."
    return "Nothing to compare with: no run on everything with the same model, settings, steps and seed has succeeded yet."


def _has_size_control(row: Row, table: Table) -> bool:
    """Whether a subset of the same size that no run's dynamics chose was scored under the same settings and budget."""
    return any(
        other.value is not None
        and not reference_runs(other.value.selection)
        and (other.block, other.settings, other.examples) == (row.block, row.settings, row.examples)
        and any(cell.values for cell in other.cells)
        for other in table.rows
        if other is not row
    )
