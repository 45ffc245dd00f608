"""The table of examples: which rows, in which order, is decided by NumPy over the map that the reader sees; texts come from the database.

A full order for each (map, metric, direction) is kept, so that a page is a gather and a slice, whatever is selected.

Shapes: N training examples of the dataset, M of a map, P of a page.
"""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft.curves import DRAWN
from ftft.domain import runs_in
from ftft.errors import InputError, unknown
from ftft.metrics import METRICS
from ftft.publish import stamp
from ftft.selection import by_text
from ftft.workspace.kept import Kept

if TYPE_CHECKING:
    import pandas as pd

    from ftft.workspace.root import Workspace

ROOM = 80_000_000  # bytes of orders and answers to searches, 4 and 1 of an example
SPARSE = 64  # every so many rows are looked at first
FIRST = 2_000  # rows up to here are found without ordering all
OWN = ("row", "id", "label", "text")  # to sort by, besides metrics and the dataset's columns
COLUMN = "column:"  # before the name of a dataset's column that is called like one of these or like a metric


@dataclass(frozen=True, eq=False)
class Query:
    """Which examples of `dataset`, in which order, and how many of them.

    `mask`: (N,) bool, only these (None: all). `search`: only texts that hold it, case ignored, or in which RE2 finds it with `regex`.
    `labels`: only these (none: all). `run`: the map whose metrics are shown, over `epochs`; without it, a sort by a metric falls back
    to the dataset's order. `sort`: empty for variability, or for the first metric of a map without it. `columns`: further metrics and
    columns of the dataset.
    """

    dataset: str
    mask: np.ndarray | None = None
    run: str | None = None
    epochs: Sequence[int] | None = None
    search: str = ""
    regex: bool = False
    labels: Sequence[str] = ()
    sort: str = ""
    descending: bool = True
    offset: int = 0
    limit: int = 100
    columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.offset < 0 or self.limit < 0:
            raise InputError(f"the page from row {self.offset} with {self.limit} rows does not exist", "Give whole numbers from 0")


class Examples:
    """What `ws.examples` and `ws.beside` answer."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self._kept = Kept(ROOM)

    def page(self, query: Query) -> "tuple[pd.DataFrame, int]":
        """(a page, how many match in all). Columns: id, label, text; with a run confidence, variability, correctness as far as it has
        them, the metric sorted by, and `curve`, p(gold) epoch by epoch (None where there is none); then what was asked for.
        """
        import pandas as pd

        query = self._checked(query)
        rows_P, total = self._rows_of_page(query)
        data, about = self.workspace.data, self.workspace.data.get(query.dataset)
        ids_P, labels = data.ids(query.dataset)[rows_P], np.array(about.labels, dtype=object)
        with self.workspace.store(datasets=[query.dataset]) as store:
            texts = store.texts(query.dataset, rows_P)
        columns: dict[str, Any] = {"id": ids_P, "label": labels[data.gold(query.dataset)[rows_P]], "text": texts}
        if query.run is not None:
            columns |= self._measured(query, rows_P)
        columns |= {name: self._column(query.dataset, name).take(rows_P).to_pandas() for name in query.columns if name not in columns}
        return pd.DataFrame(columns), total

    def _rows_of_page(self, query: Query) -> tuple[np.ndarray, int]:
        """(rows of the page, how many match in all). The first pages need no full order: an epoch that is passed by has no others."""
        end = query.offset + query.limit
        if query.run is None or query.sort not in METRICS or end > FIRST or self._metric_key(query) in self._kept:
            rows = self.rows(query)
            return rows[query.offset : end], len(rows)
        found, mask_N = self.workspace._maps.of(query.run, query.epochs), self._mask(query)
        n = len(self.workspace.data.ids(query.dataset))
        rows = np.arange(n, dtype=np.int32) if mask_N is None else np.flatnonzero(mask_N).astype(np.int32)
        return first(self._measure(query.dataset, found, query.sort, rows), rows, end, query.descending)[query.offset :], len(rows)

    def rows(self, query: Query) -> np.ndarray:
        """Rows of all matching examples, in the order of the table; int32."""
        order_N, mask_N = self._order(query), self._mask(query)
        return order_N if mask_N is None else order_N[mask_N[order_N]]

    def beside(self, query: Query, id: str) -> tuple[int, str | None, str | None] | None:
        """(place in the table, counted from 0, the example before, the one after); None where the table does not hold `id`."""
        query = self._checked(query)
        ids_N, rows = self.workspace.data.ids(query.dataset), self.rows(query)
        found = np.flatnonzero(rows == self.workspace.data.place(query.dataset, id))
        if not len(found):
            return None
        at = int(found[0])
        return at, str(ids_N[rows[at - 1]]) if at else None, str(ids_N[rows[at + 1]]) if at + 1 < len(rows) else None

    def matching(self, dataset: str, search: str, regex: bool = False) -> np.ndarray:
        """(N,) bool: the texts that hold `search`, case ignored, or in which RE2 finds it. As `ftft.selection.by_text` has it."""

        def find() -> np.ndarray:
            data, owned = self.workspace.data, self.workspace._database.owned
            if owned is None:  # the files are there, the database would have to be made first
                return by_text(data.texts(dataset), search, regex)
            data.ingest(owned, dataset)
            mask_N = np.zeros(len(data.ids(dataset)), bool)
            mask_N[owned.matching(dataset, search, regex)] = True
            return mask_N

        return self._kept.once(("search", dataset, self.workspace.data.get(dataset).fingerprint, search, regex), find)

    # ---- which, and in which order

    def _checked(self, query: Query) -> Query:
        """With the metric that it sorts by."""
        if not query.sort:
            has = self.workspace._maps.of(query.run, query.epochs).values if query.run else ()
            sort = "variability" if "variability" in has or not has else next(iter(has))
            query = replace(query, sort=sort)
        about = self.workspace.data.get(query.dataset)
        known = (*OWN, *METRICS, *about.columns, *about.text_columns)
        for name in (query.sort, *query.columns):
            if name.removeprefix(COLUMN) not in known:
                raise unknown("column", name, known)
        return query

    def _mask(self, query: Query) -> np.ndarray | None:
        data, masks = self.workspace.data, [] if query.mask is None else [query.mask]
        if query.search:
            masks.append(self.matching(query.dataset, query.search, query.regex))
        if query.labels:
            labels = data.get(query.dataset).labels
            masks.append(np.isin(data.gold(query.dataset), [labels.index(label) for label in query.labels if label in labels]))
        return np.logical_and.reduce(masks) if masks else None

    def _order(self, query: Query) -> np.ndarray:
        """(N,) all rows in order. Ties keep the dataset's order; examples that the map does not hold come last, either way."""
        data, dataset, sort, descending = self.workspace.data, query.dataset, query.sort, query.descending
        if sort in METRICS and query.run is None:
            sort, descending = "row", False
        if sort in METRICS:
            found = self.workspace._maps.of(query.run or "", query.epochs)
            return self._kept.once(self._metric_key(query), lambda: by_value(self._measure(dataset, found, sort), descending))
        key = ("order", dataset, data.get(dataset).fingerprint, sort, descending)
        if sort not in OWN:  # the fingerprint says nothing of other columns
            key = (*key, stamp(data.root / dataset / "train.parquet"))
        return self._kept.once(key, lambda: self._order_of_own(dataset, sort, descending))

    def _metric_key(self, query: Query) -> tuple:
        """What an order by a metric of a map depends on."""
        found, about = self.workspace._maps.of(query.run or "", query.epochs), self.workspace.data.get(query.dataset)
        made_of = self.workspace._maps.key(found.run)
        return ("order", query.dataset, about.fingerprint, query.sort, query.descending, *made_of, found.epochs)

    def _order_of_own(self, dataset: str, sort: str, descending: bool) -> np.ndarray:
        """By what the dataset itself says."""
        import pyarrow as pa
        import pyarrow.compute as pc

        data = self.workspace.data
        match sort:
            case "row" | "id":
                order_N = np.arange(len(data.ids(dataset)), dtype=np.int32) if sort == "row" else data.id_order(dataset)
                return order_N[::-1] if descending else order_N
            case "label":
                labels = data.get(dataset).labels
                rank = np.argsort(np.argsort(np.array(labels)))
                return by_value(rank[data.gold(dataset)].astype(float), descending)
            case "text":
                with self.workspace.store(datasets=[dataset]) as store:
                    return store.ordered_by_text(dataset, descending)
        try:  # Arrow's order is stable, and what is missing comes last either way
            order = "descending" if descending else "ascending"
            return pc.array_sort_indices(self._column(dataset, sort), order=order).to_numpy().astype(np.int32)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError) as problem:
            raise InputError(f"column {sort!r} has no order", "Sort by another column") from problem

    # ---- what a page shows of its rows

    def _measure(self, dataset: str, found: Any, name: str, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """A metric of `rows` of the dataset; NaN for what the map does not hold, infinite for what was never learnt."""
        places = self.workspace._maps.places(dataset, found)[rows]
        values = found.of_metric(name)[places]
        if name == "forgetting":
            values[np.isnan(values)] = np.inf
        values[places < 0] = np.nan
        return values

    def _measured(self, query: Query, rows_P: np.ndarray) -> dict[str, Any]:
        """The metrics of a page's examples, NaN where there is none, and their curves."""
        found = self.workspace._maps.of(query.run or "", query.epochs)
        drawn = [name for name in DRAWN if name in found.values]
        wanted = dict.fromkeys((*drawn, *(name for name in (query.sort, *query.columns) if name in METRICS)))
        places_P = self.workspace._maps.places(query.dataset, found)[rows_P]
        columns: dict[str, Any] = {name: np.where(places_P >= 0, found.of_metric(name)[places_P], np.nan) for name in wanted}
        curve_PE = self.curves(found.run, self.workspace.data.ids(query.dataset)[rows_P].tolist()).T
        columns["curve"] = [curve_E if curve_E.size and np.isfinite(curve_E).all() else None for curve_E in curve_PE]
        return columns

    def curves(self, run: str, ids: Sequence[str]) -> np.ndarray:
        """(E, P) p(gold) of these examples in the epochs that a run, or all runs of a mean, recorded; NaN where it did not see one."""
        every = [self.workspace._maps.read(r) for r in runs_in(run)]
        shared = [number for number in every[0].numbers if all(number in other.numbers for other in every)]
        curves = [one.of(ids)[[one.numbers.index(number) for number in shared]] for one in every]
        return sum(curves[1:], start=curves[0]) / len(curves)

    def _column(self, dataset: str, name: str) -> Any:
        return self.workspace.data.column(dataset, name.removeprefix(COLUMN))


def by_value(values_N: np.ndarray, descending: bool) -> np.ndarray:
    """(N,) int32 rows by value. Ties keep their order, NaN comes last either way."""
    return np.argsort(-values_N if descending else values_N, kind="stable").astype(np.int32)


def first(values: np.ndarray, rows: np.ndarray, end: int, descending: bool) -> np.ndarray:
    """The first `end` of `rows`, ascending, in the order of `by_value` of their `values`."""
    key = -values if descending else values
    for step in (SPARSE, 1):  # as many of a few are no better than the first of all: most fall away before all are looked at
        if 0 < end < len(key[::step]):
            cut = np.partition(key[::step], end - 1)[end - 1]  # what is missing, NaN, comes last here, too
            near = np.arange(len(key)) if np.isnan(cut) else np.flatnonzero(key <= cut)
            rows, key = rows[near], key[near]
    return rows[np.argsort(key, kind="stable")][:end]
