"""Texts of a dataset's training examples, as the database has them: which match a search, what a page shows, which look alike.

Which examples a table shows, and in which order, is decided outside, by NumPy over a map: the database answers with row numbers, or is
asked for the texts of a page's rows. `row` is an example's place in train.parquet.
"""

from collections.abc import Sequence

import duckdb
import numpy as np

from ftft.errors import InputError, shown
from ftft.selection import by_text

REMEDY = "Mend it (it is read by RE2, without look-around), or search for plain text"
# Letters whose lower case Python writes otherwise than the database: a text that holds one is decided by `by_text` itself.
ODD = ("İ", "Σ")
KELVIN = "\u212a"  # besides A to Z, the one sign whose lower case is a letter of ASCII
LONGEST = 80  # characters of a search that is worth an expression


def matching(cursor: duckdb.DuckDBPyConnection, dataset: str, query: str, regex: bool, odd: np.ndarray) -> np.ndarray:
    """Rows of the examples that `ftft.selection.by_text` would take, int32 in no order. `odd`: what `odd_rows` gives.

    InputError for a regular expression that RE2 cannot read.
    """
    try:
        query.encode()
    except UnicodeEncodeError:  # half of a character: no text holds it
        if regex:
            raise InputError(f"the regular expression {shown(query)} is wrong: it is no text", REMEDY) from None
        return np.empty(0, np.int32)
    plain = None if regex else _as_expression(query)
    found = "contains(lower(text), $query)" if not regex and plain is None else "regexp_matches(text, $query)"
    try:
        statement = f"SELECT row FROM examples WHERE dataset = $dataset AND {found}"
        rows = _rows(cursor.execute(statement, {"dataset": dataset, "query": query if regex else plain or query.lower()}))
    except duckdb.InvalidInputException as problem:
        said = str(problem).removeprefix("Invalid Input Error: ")
        raise InputError(f"the regular expression {shown(query)} is wrong: {said}", REMEDY) from problem
    if regex or not len(odd):
        return rows
    taken = odd[by_text(texts(cursor, dataset, odd), query)]
    return np.concatenate([rows[~np.isin(rows, odd)], taken])


def _as_expression(query: str) -> str | None:
    """An expression for just the texts whose lower case holds `query` in lower case: RE2 is twice as fast. None where there is none."""
    if not query.isascii() or len(query) > LONGEST:
        return None
    return "".join(f"[{c}{c.upper()}{KELVIN if c == 'k' else ''}]" if c.isalpha() else rf"\x{ord(c):02x}" for c in query.lower())


def odd_rows(cursor: duckdb.DuckDBPyConnection, dataset: str) -> np.ndarray:
    """Rows of the texts whose lower case the database and Python write differently: hardly ever any."""
    found = " OR ".join(f"contains(text, '{letter}')" for letter in ODD)
    return _rows(cursor.execute(f"SELECT row FROM examples WHERE dataset = ? AND ({found})", [dataset]))


def texts(cursor: duckdb.DuckDBPyConnection, dataset: str, rows: np.ndarray) -> list[str]:
    """The text of each of `rows`, in their order; a pair's is joined by JOIN."""
    wanted = np.asarray(rows).tolist()
    statement = "SELECT row, text FROM examples WHERE dataset = ? AND row IN (SELECT unnest(?::INTEGER[]))"
    found = dict(cursor.execute(statement, [dataset, wanted]).fetchall()) if wanted else {}
    return [found[row] for row in wanted]


def ordered_by_text(cursor: duckdb.DuckDBPyConnection, dataset: str, descending: bool) -> np.ndarray:
    """All rows by their texts, code point by code point; equal texts keep the dataset's order."""
    direction = "DESC" if descending else "ASC"
    return _rows(cursor.execute(f"SELECT row FROM examples WHERE dataset = ? ORDER BY text {direction}, row", [dataset]))


def sample(cursor: duckdb.DuckDBPyConnection, dataset: str, count: int) -> list[str]:
    """About `count` texts, evenly spaced over the dataset."""
    statement = """
    SELECT text FROM examples
    WHERE dataset = $dataset AND row % (SELECT greatest(1, count(*) // $count) FROM examples WHERE dataset = $dataset) = 0
    """
    return [text for (text,) in cursor.execute(statement, {"dataset": dataset, "count": count}).fetchall()]


def alike(
    cursor: duckdb.DuckDBPyConnection, dataset: str, rare: Sequence[str], weights: dict[str, float], limit: int
) -> list[tuple[int, str]]:
    """(row, text) of at most `limit` examples that hold one of the words `rare`, whatever its case: those with the most weight of words.

    The weights' words are looked for anywhere, also inside of longer ones: whoever needs whole words looks again, at these few.
    """
    if not rare:
        return []
    values = {f"w{n}": word for n, word in enumerate(weights)}
    score = " + ".join(f"CASE WHEN contains(lower(text), $w{n}) THEN {float(w)!r} ELSE 0 END" for n, w in enumerate(weights.values()))
    statement = f"""
    WITH near AS MATERIALIZED (SELECT row, text FROM examples WHERE dataset = $dataset AND regexp_matches(text, $rare))
    SELECT row, text FROM near ORDER BY {score or "0"} DESC, row LIMIT $limit
    """
    pattern = "(?i)" + "|".join(rf"\b{word}\b" if word.isascii() else word for word in rare)  # \b knows only ASCII
    return cursor.execute(statement, {"dataset": dataset, "rare": pattern, "limit": limit, **values}).fetchall()


def _rows(found: duckdb.DuckDBPyConnection) -> np.ndarray:
    return np.asarray(found.fetchnumpy()["row"], dtype=np.int32)
