"""Texts in the database: a search finds what it finds everywhere else, and rows are answered in the order in which they were asked for."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.errors import InputError
from ftft.selection import by_text
from ftft.store import Store
from ftft.store.page import KELVIN, ODD
from tests.store.conftest import LABELS

ORDER = np.random.default_rng(7).permutation(12)  # of the examples in train_file
LETTERS = "aAkKsSiIſ" + KELVIN + "İıΣσςéÉßẞǅ\u0307.*\\[ ä\n"


@pytest.fixture
def filled(store, train_file):
    """Twelve examples."""
    store.ingest_dataset("reviews", "f1", train_file, ("premise", "hypothesis"))
    return store


def examples(rows):
    return sorted(int(ORDER[row]) for row in rows)


def test_a_search_finds_text_whatever_its_case_and_signs_mean_themselves(filled):
    assert examples(filled.matching("reviews", "good")) == [0, 1, 2]
    assert len(filled.matching("reviews", "100%")) == 12
    assert len(filled.matching("reviews", "1_0%")) == 0
    assert len(filled.matching("reviews", "' OR 1=1 --")) == 0
    assert examples(filled.matching("reviews", "GOOD ⟶ Hypothesis 1")) == [1]


def test_text_columns_are_joined_and_a_missing_one_is_empty(filled):
    rows = [ORDER.tolist().index(n) for n in (5, 1)]
    assert filled.texts("reviews", np.array(rows)) == ["Premise 5 is 100% bad ⟶ ", "Premise 1 is 100% GOOD ⟶ hypothesis 1"]
    assert filled.texts("reviews", np.array([], int)) == []


def test_texts_are_ordered_code_point_by_code_point(filled):
    texts = filled.texts("reviews", np.arange(12))
    assert [texts[row] for row in filled.ordered_by_text("reviews")] == sorted(texts)
    assert [texts[row] for row in filled.ordered_by_text("reviews", descending=True)] == sorted(texts, reverse=True)


@pytest.mark.parametrize("wrong", ["(", "[a", "(?=a)", r"\1", "a**", "\ud800"])
def test_an_expression_that_cannot_be_read_is_refused_with_a_remedy(filled, wrong):
    with pytest.raises(InputError, match="regular expression") as refused:
        filled.matching("reviews", wrong, regex=True)
    assert refused.value.remedy.startswith("Mend it")
    assert len(filled.matching("reviews", wrong)) == 0


def test_a_dataset_that_changed_is_read_again_and_one_that_did_not_is_not(filled, train_file):
    import pandas as pd

    changed = pd.read_parquet(train_file).head(4)
    changed["premise"] = "İstanbul"
    changed.to_parquet(train_file)
    assert len(filled.matching("reviews", "premise")) == 12
    filled.ingest_dataset("reviews", "f1", train_file, ("premise",))
    assert len(filled.matching("reviews", "premise")) == 12
    filled.ingest_dataset("reviews", "f2", train_file, ("premise",))
    assert len(filled.matching("reviews", "premise")) == 0
    assert len(filled.matching("reviews", "İSTANBUL")) == 4
    assert len(filled.matching("reviews", "is")) == 0, "the lower case of İ is two signs"
    filled.ingest_dataset("reviews", "f3", train_file, ("id",))
    assert len(filled.matching("reviews", "İ")) == 0, "of a search, too"


def test_datasets_do_not_mix(filled, train_file):
    filled.ingest_dataset("other", "f9", train_file, ("premise",))
    for name in ("reviews", "other"):
        assert len(filled.matching(name, "premise")) == len(filled.ordered_by_text(name)) == 12


# ---- the database reads a search as NumPy does


@pytest.fixture(scope="module")
def any_texts(tmp_path_factory):
    """`any_texts(texts)`: a store that holds them."""
    import pandas as pd

    folder = tmp_path_factory.mktemp("texts")
    with Store.memory() as store:

        def hold(texts):
            ids = [str(n) for n in range(len(texts))]
            pd.DataFrame({"id": ids, "label": LABELS[0], "text": texts}).to_parquet(folder / "train.parquet")
            store.ingest_dataset("any", repr(texts), folder / "train.parquet", ("text",))
            return store

        yield hold


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(LETTERS, max_size=6), min_size=1, max_size=8), st.text(LETTERS, min_size=1, max_size=3))
def test_a_plain_search_takes_the_texts_that_a_selection_by_text_takes(any_texts, texts, query):
    found = any_texts(texts).matching("any", query)
    assert found.tolist() == np.flatnonzero(by_text(texts, query)).tolist()


EXPRESSIONS = ("a.", "(?i)k", "^a", "a$", r"\bs", r"[^a]\w", ".*i", "(?s)a.k", "(?m)^k", r"\.", "σ|É", r"\x00", "")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(LETTERS, max_size=6), min_size=1, max_size=8), st.sampled_from(EXPRESSIONS))
def test_an_expression_takes_the_texts_that_a_selection_by_text_takes(any_texts, texts, expression):
    found = any_texts(texts).matching("any", expression, regex=True)
    assert found.tolist() == np.flatnonzero(by_text(texts, expression, regex=True)).tolist()


def test_no_other_letter_has_a_lower_case_of_its_own_in_the_database(any_texts):
    """What `ODD` and `KELVIN` say is all that there is to say."""
    letters = [chr(c) for c in range(1, sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF and chr(c).lower() != chr(c)]
    assert {c for c in letters if c.lower().isascii()} == {*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", KELVIN}
    store = any_texts(letters)
    with store._cursor() as cursor:
        lower = dict(cursor.execute("SELECT text, lower(text) FROM examples WHERE dataset = 'any'").fetchall())
    assert {c for c in letters if lower[c] != c.lower()} <= set(ODD)
