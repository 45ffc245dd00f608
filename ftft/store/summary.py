"""The metrics that come from p(gold) in SQL, over any range of epochs: what NumPy defines in ftft/metrics.py, next to the data.

Tests hold the two together. The sums of parallel threads are equal up to 1e-16 only, so no map and no selection is made of these.

Shapes: N examples of the run.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from ftft.metrics import METRICS

FROM_P_GOLD = tuple(name for name, metric in METRICS.items() if not metric.of_logits)

# `place` counts the epochs asked for without gaps, from 0. `right_bits` has a bit for each, the first epoch leftmost: shifted to the left
# by one, each bit meets the epoch after it. The last one meets nothing, and is taken off again. No right epoch, no bits: never learnt.
_SUMMARY = """
WITH chosen AS (
    SELECT epoch, row_number() OVER (ORDER BY epoch) - 1 AS place FROM epochs WHERE run = $run AND epoch BETWEEN $first AND $last
), grouped AS (
    SELECT
        row,
        avg(p_gold) AS confidence,
        stddev_pop(p_gold) AS variability,
        count(*) FILTER (correct) AS correctness,
        bitstring_agg(place, 0, $epochs - 1) FILTER (correct) AS right_bits,
        avg(p_gold * (1 - p_gold)) AS aleatoric
    FROM dynamics JOIN chosen USING (epoch)
    WHERE run = $run
    GROUP BY row
)
SELECT
    row, confidence, variability, correctness,
    bit_count(right_bits & ~(right_bits << 1)) - get_bit(right_bits, ($epochs - 1)::INTEGER) AS forgetting,
    confidence * (1 - confidence) AS threshold_closeness, aleatoric
FROM grouped
"""

LAST = 2**31 - 1  # no epoch is later


def summary(
    cursor: duckdb.DuckDBPyConnection, run: str, epochs: tuple[int, int] | None = None, names: Sequence[str] = FROM_P_GOLD
) -> dict[str, np.ndarray]:
    """`{metric: values_N}` over the epochs first to last (None: all), float64, in the order of the run's ids; NaN where there is none."""
    assert set(names) <= set(FROM_P_GOLD)
    query = f"SELECT row, {', '.join(names)} FROM ({_SUMMARY})"
    return _by_row(cursor.execute(query, _parameters(cursor, run, epochs)).fetchnumpy())


def metrics(cursor: duckdb.DuckDBPyConnection, run: str, names: Sequence[str] = tuple(METRICS)) -> dict[str, np.ndarray] | None:
    """The same from the table of metrics over all epochs; None where it has none of this run."""
    assert set(names) <= set(METRICS)
    found = cursor.execute(f"SELECT row, {', '.join(names)} FROM metrics WHERE run = ?", [run]).fetchnumpy()
    return _by_row(found) if len(found["row"]) else None


def _by_row(columns: dict[str, Any]) -> dict[str, np.ndarray]:
    """Threads deliver in any order, though seldom in another than the table's: putting rows in their places costs less here than there."""
    row_N = columns.pop("row")
    values = {name: _floats(column) for name, column in columns.items()}
    if (row_N[1:] > row_N[:-1]).all():
        return values
    order_N = np.argsort(row_N)
    return {name: values_N[order_N] for name, values_N in values.items()}


def _floats(column: Any) -> np.ndarray:
    """float64, NaN where the database has NULL."""
    if np.ma.is_masked(column):
        return np.ma.filled(column.astype(np.float64), np.nan)
    return np.ma.getdata(column).astype(np.float64, copy=False)


def _parameters(cursor: duckdb.DuckDBPyConnection, run: str, epochs: tuple[int, int] | None) -> dict[str, object]:
    first, last = epochs or (0, LAST)
    ((count,),) = cursor.execute("SELECT count(*) FROM epochs WHERE run = ? AND epoch BETWEEN ? AND ?", [run, first, last]).fetchall()
    return {"run": run, "first": first, "last": last, "epochs": max(count, 1)}
