"""A page of the table of examples: filtered, sorted and cut by the database, so that a million rows never leave it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from ftft.errors import InputError, unknown
from ftft.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("id", "label", "text")  # of every page; with a run, the metrics follow

_FROM_METRIC = {name: f"m.{name}" for name in METRICS}
# An example that was never learnt ranks as most forgotten; one that the run did not see has no rank at all.
_FROM_METRIC["forgetting"] = "CASE WHEN m.id IS NOT NULL THEN coalesce(m.forgetting, 'infinity'::DOUBLE) END"
_SORTS = {"row": "e.row", "id": "e.id", "label": "e.label", "text": "e.text", **_FROM_METRIC}


@dataclass(frozen=True)
class Query:
    """Which examples of `dataset` to show. `rows`: only these places (None: all); `search`: only texts that hold it, case ignored;
    `labels`: only these (none: all). `run` adds its metrics; without it, a sort by a metric falls back to the dataset's order.
    """

    dataset: str
    rows: np.ndarray | None = None
    run: str | None = None
    search: str = ""
    labels: Sequence[str] = ()
    sort: str = "variability"
    descending: bool = True
    offset: int = 0
    limit: int = 100

    def __post_init__(self) -> None:
        if self.sort not in _SORTS:
            raise unknown("column to sort by", self.sort, _SORTS)
        if self.offset < 0 or self.limit < 0:
            raise InputError(f"the page from row {self.offset} with {self.limit} rows does not exist", "Give whole numbers from 0")


def page(cursor: duckdb.DuckDBPyConnection, query: Query) -> "tuple[pd.DataFrame, int]":
    """(one row an example, how many match in all). Columns: id, label, text; with a run all metrics.

    Ties keep the dataset's order; examples that the run did not see come last.
    """
    cursor.register("picked", pa.table({"row": np.asarray([] if query.rows is None else query.rows, dtype=np.int32)}))
    try:
        where, values = _where(query)
        total = cursor.execute(f"SELECT count(*) FROM examples e WHERE {where}", values).fetchall()[0][0]
        places = [row for (row,) in cursor.execute(*_ordered(query, where, values)).fetchall()]
    finally:
        cursor.unregister("picked")
    return _shown(cursor, query, places), total


def _where(query: Query) -> tuple[str, dict[str, Any]]:
    conditions, values = ["e.dataset = $dataset"], dict[str, Any](dataset=query.dataset)
    if query.rows is not None:
        conditions.append("e.row IN (SELECT row FROM picked)")
    if query.search:
        conditions.append("contains(lower(e.text), lower($search))")
        values["search"] = query.search
    if query.labels:
        conditions.append("e.label IN (SELECT unnest($labels))")
        values["labels"] = list(query.labels)
    return " AND ".join(conditions), values


def _ordered(query: Query, where: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The places of the page's examples, in order: texts are fetched later, for these alone."""
    values = {**values, "limit": query.limit, "offset": query.offset}
    direction = "DESC" if query.descending else "ASC"
    join, order = "", f"{_SORTS[query.sort]} {direction} NULLS LAST, e.row"
    if query.sort in METRICS:
        if query.run is None:
            order = "e.row"
        else:
            join, values["run"] = "LEFT JOIN metrics m ON m.run = $run AND m.id = e.id", query.run
    return f"SELECT e.row FROM examples e {join} WHERE {where} ORDER BY {order} LIMIT $limit OFFSET $offset", values


def _shown(cursor: duckdb.DuckDBPyConnection, query: Query, places: list[int]) -> "pd.DataFrame":
    """The examples at `places`, in that order."""
    cursor.register("shown", pa.table({"row": pa.array(places, pa.int32()), "nth": range(len(places))}))
    try:
        if query.run is None:
            return cursor.execute(
                "SELECT id, label, text FROM examples e JOIN shown USING (row) WHERE dataset = ? ORDER BY nth", [query.dataset]
            ).df()
        metrics = ", ".join(f"m.{name}" for name in METRICS)
        return cursor.execute(
            f"""
            SELECT e.id, label, text, {metrics}
            FROM examples e JOIN shown USING (row) LEFT JOIN metrics m ON m.run = $run AND m.id = e.id
            WHERE e.dataset = $dataset ORDER BY nth
            """,
            {"run": query.run, "dataset": query.dataset},
        ).df()
    finally:
        cursor.unregister("shown")
