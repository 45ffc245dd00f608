"""The metrics that come from p(gold) in SQL, over any range of epochs: what NumPy defines in ftft/metrics.py, next to the data.

Tests hold the two together. The sums of parallel threads are equal up to 1e-16 only, so no map and no selection is made of these.

Shapes: N examples of the run.
"""

import duckdb
import numpy as np

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


def summary(cursor: duckdb.DuckDBPyConnection, run: str, epochs: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
    """`{metric: values_N}` over the epochs first to last (None: all), float64, in the order of the run's ids; NaN where there is none."""
    columns = cursor.execute(f"{_SUMMARY} ORDER BY row", _parameters(cursor, run, epochs)).fetchnumpy()
    del columns["row"]
    return {name: np.ma.filled(values.astype(np.float64), np.nan) for name, values in columns.items()}


def _parameters(cursor: duckdb.DuckDBPyConnection, run: str, epochs: tuple[int, int] | None) -> dict[str, object]:
    first, last = epochs or (0, LAST)
    ((count,),) = cursor.execute("SELECT count(*) FROM epochs WHERE run = ? AND epoch BETWEEN ? AND ?", [run, first, last]).fetchall()
    return {"run": run, "first": first, "last": last, "epochs": max(count, 1)}
