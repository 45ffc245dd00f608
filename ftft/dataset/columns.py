"""Columns as text, and how messages speak of columns and rows. Rows count from 1, without a header."""

# Arrow makes the functions of pyarrow.compute when it is imported, which a type checker cannot see.
# pyright: reportAttributeAccessIssue=false

from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ftft.errors import InputError

EXACT = 2.0**53  # up to here every whole number has a float64 of its own
ONE_VALUE = "Give a column with one text or number a row"
MULTI_LABEL = "Models here give each text one label: make a dataset of each label (has it or not), or keep the rows with one"


def column_as_text(source: str, table: pa.Table, name: str, flag: str, is_label: bool = False) -> pa.ChunkedArray:
    """A column as text: whole numbers without a point ("1", not "1.0"), NaN as null. `flag`: the option that names it."""
    if name not in table.column_names:
        near = get_close_matches(name, table.column_names, n=1)
        perhaps = f"Perhaps you mean {near[0]!r}; it" if near else "It"
        remedy = f"{perhaps} has the columns {', '.join(table.column_names)}: name one with {flag}"
        raise InputError(f"{source} has no column {name!r} ({flag.split('=')[0]})", remedy)
    column, kind = table[name], table[name].type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind):
        holds, remedy = ("objects", ONE_VALUE) if pa.types.is_struct(kind) else ("lists", MULTI_LABEL if is_label else ONE_VALUE)
        looks = ", which looks like multi-label" if remedy is MULTI_LABEL else ""
        raise InputError(f"{source}: column {name!r} ({flag}) holds {holds}{looks}", remedy)
    try:
        return (_whole(column) if pa.types.is_floating(kind) else column).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise InputError(f"{source}: column {name!r} ({flag}) is not text but {kind}: {problem}", ONE_VALUE) from problem


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As integers where no number would change by it."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    exact = pc.and_(pc.equal(column, pc.round(column)), pc.less_equal(pc.abs(column), EXACT))
    return column.cast(pa.int64()) if pc.all(exact).as_py() else column


def rows_named(rows_K: np.ndarray) -> str:
    """Places in a file, for a message: "row 3", "rows 3, 5, 9 and 12 more"."""
    first = ", ".join(str(r + 1) for r in rows_K[:3])
    more = f" and {len(rows_K) - 3:,} more" if len(rows_K) > 3 else ""
    return f"row{'s' if len(rows_K) > 1 else ''} {first}{more}"
