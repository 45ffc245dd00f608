"""What the numbers of one row allow to be said, in words, and what they leave open. Nothing here goes beyond the table.

No test is computed: under five seeds none would mean much, since a t over seeds alone covers far less than it says.
"""

from app import health
from app.comparison import Cell, Column, Row, Table, reference_runs
from app.health import Check
from app.names import DISTRIBUTIONS, METRICS
from ftft.domain import Dataset

TESTABLE = 5  # seeds: under this, "too few seeds to test" stands with every difference


def claim(row: Row, table: Table) -> str:
    """The difference to everything, out of distribution first, with how many seeds agree and what that is worth."""
    shown = [(where, pair) for where in ("ood", "id") if (pair := _telling(row, table, where)) and pair[1].differences]
    if not shown:
        return _nothing(row, table)
    said = [f"{DISTRIBUTIONS[where]} ({_named(column)}) {_difference(cell)}" for where, (column, cell) in shown]
    pairs = max(len(cell.differences) for _, (_, cell) in shown)
    return f"Against the same model on everything, with the same number of steps: {'; '.join(said)}. {_worth(pairs)}"


def open_questions(row: Row, table: Table, dataset: Dataset) -> list[Check]:
    """What may explain a difference besides the choice of examples, as far as this table does not rule it out."""
    if row.value is None:
        return [Check("warn", "The subset is no longer in the workspace", "Its size and labels cannot be compared any more")]
    found = []
    if health.labels_moved(row.value, dataset):
        label, now, before = health.largest_shift(row.value, dataset)
        hint = "" if table.metric == "auroc" else ". Look at AUROC too, which no shift of a decision threshold moves"
        moved = f"“{label}” is {health.percent(now)} of the subset and {health.percent(before)} of everything"
        found.append(Check("warn", "The label shares", f"{moved}, which alone can move {METRICS[table.metric]}{hint}"))
    if not _has_size_control(row, table):
        size = f"{len(row.value.ids):,}".replace(",", "\u202f")
        remark = f"No other subset of {size} examples was trained on, such as a random one: fewer examples, each seen more often, may do it"
        found.append(Check("warn", "The size alone", remark))
    chosen_by = reference_runs(row.value.selection)
    if len(chosen_by) == 1 and len(row.seeds) > 1:
        remark = (
            f"All seeds use examples that one run chose ({chosen_by[0][:6]}): how much another one's choice would differ is not in the SD"
        )
        found.append(Check("warn", "The luck of one reference", remark))
    return found


def _telling(row: Row, table: Table, where: str) -> tuple[Column, Cell] | None:
    """The column that speaks for a distribution: the mean over its test sets where there is one, else its first set."""
    of = [(c, cell) for c, cell in zip(table.columns, row.cells, strict=True) if c.distribution == where]
    return next((pair for pair in of if len(pair[0].evaluations) > 1), of[0] if of else None)


def _named(column: Column) -> str:
    return column.name if len(column.evaluations) == 1 else f"mean of {len(column.evaluations)} test sets"


def _difference(cell: Cell) -> str:
    assert cell.difference is not None
    points = f"{100 * cell.difference:+.1f}".replace("-", "−")
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
    """Whether a subset of the same size that no run's dynamics chose (or this very row's) was scored under the same settings and steps."""
    return any(
        other.value is not None
        and not reference_runs(other.value.selection)
        and (other.model, other.settings, other.steps, other.examples) == (row.model, row.settings, row.steps, row.examples)
        and any(cell.values for cell in other.cells)
        for other in table.rows
        if other is not row
    ) or (row.value is not None and not reference_runs(row.value.selection))
