import subprocess
import sys

import numpy as np
import pytest

from ftft.dataset import gold, ids, load, names, rows
from ftft.errors import InputError


def test_no_folder_is_no_datasets(root):
    assert names(root) == []


def test_names_are_those_of_whole_datasets(add_reviews, root):
    add_reviews(name="b")
    add_reviews(name="a")
    (root / ".c.1234.tmp").mkdir()
    (root / ".c.1234.tmp" / "dataset.json").write_text("{}")
    (root / "torn").mkdir()
    assert names(root) == ["a", "b"]


def test_an_unknown_dataset_is_answered_with_similar_names(add_reviews, root):
    add_reviews()
    with pytest.raises(InputError, match=r"dataset 'review' is not known\. Perhaps you mean reviews"):
        load(root, "review")
    with pytest.raises(InputError, match="not known"):
        rows(root, "../datasets/reviews")


def test_ids_and_gold_are_in_the_order_of_the_file(add_reviews, root, write):
    dev = write("dev.csv", "text,label\nx,pos\ny,neg\n")
    dataset = add_reviews(evaluations=[f"dev={dev}:id"])
    assert ids(root, "reviews").tolist() == ["a", "b", "c", "d"]
    assert ids(root, "reviews").dtype == object
    assert gold(root, "reviews").dtype == np.int32
    assert [dataset.labels[g] for g in gold(root, "reviews")] == ["pos", "neg", "pos", "neg"]
    assert gold(root, "reviews", "dev").tolist() == [1, 0]


def test_rows_can_be_cut_to_some_columns_and_the_first_few(add_reviews, root):
    add_reviews()
    assert rows(root, "reviews", columns=["text", "id"], limit=2).to_dict("list") == {
        "text": ["a fine film", "a dull film"],
        "id": ["a", "b"],
    }
    assert rows(root, "reviews", columns=["text", "id"]).columns.tolist() == ["text", "id"]
    assert len(rows(root, "reviews", limit=99)) == 4
    assert rows(root, "reviews", limit=0).columns.tolist() == ["id", "label", "text"]


def test_an_unknown_split_or_column_is_answered_with_similar_names(add_reviews, root):
    add_reviews()
    with pytest.raises(InputError, match=r"split of dataset reviews 'trian' is not known\. Perhaps you mean train"):
        rows(root, "reviews", "trian")
    with pytest.raises(InputError, match=r"column of dataset reviews 'txt' is not known\. Perhaps you mean text"):
        rows(root, "reviews", columns=["txt"])


def test_listing_datasets_loads_neither_pyarrow_nor_pandas():
    code = "import sys, ftft.dataset; print({'pyarrow', 'pandas', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
