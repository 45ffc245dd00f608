import hashlib
import json

import pandas as pd
import pytest

from ftft.dataset import derive, load, rows
from ftft.errors import InputError

CREATED = "2026-02-02T00:00:00Z"


@pytest.fixture
def parent(add_reviews, write):
    """Eight reviews, the first of which occurs twice, and an evaluation set of which a label means any of two."""
    texts = ["a fine film", "a dull film", "a fine film", "no film", "so-so", "fine", "dull", "meh"]
    labels = ["pos", "neg", "pos", "neg", "mid", "pos", "neg", "mid"]
    train = write(
        "t.jsonl", [{"id": f"r{i}", "text": t, "label": y, "stars": i} for i, (t, y) in enumerate(zip(texts, labels, strict=True))]
    )
    other = write("o.jsonl", [{"text": "a dull film", "label": "bad"}, {"text": "lovely", "label": "pos"}])
    return add_reviews(train, evaluations=[f"o={other}:ood:dev"], label_maps=["o:bad=neg|mid"], metric="macro_f1")


@pytest.fixture
def derived(root, parent):
    return lambda change, file, name="new": derive(root, "reviews", name, change, file, CREATED)


def table_file(write, name, **columns):
    return write(name, pd.DataFrame(columns).to_dict("records"))


@pytest.mark.parametrize("name", ["ids.txt", "ids.csv", "ids.tsv", "ids.jsonl", "ids.parquet"])
def test_examples_that_a_file_lists_are_left_out(derived, parent, write, root, name):
    file = (
        write(name, "\ufeffr2\r\nr6\n\nr2\n") if name == "ids.txt" else table_file(write, name, note=["x", "y", "z"], id=["r2", "r6", "r2"])
    )
    new = derived("drop", file)
    assert rows(root, "new")["id"].tolist() == ["r0", "r1", "r3", "r4", "r5", "r7"]
    assert rows(root, "new").columns.tolist() == rows(root, "reviews").columns.tolist()
    assert new.train.labels == {"mid": 2, "neg": 2, "pos": 2}
    assert (new.labels, new.metric, new.created) == (parent.labels, "macro_f1", CREATED)
    assert new.fingerprint != parent.fingerprint
    assert load(root, "new") == new


def test_evaluation_sets_are_carried_over_and_findings_are_those_of_the_new_rows(derived, parent, write, root):
    new = derived("drop", write("ids.txt", "r2\n"))
    assert new.evaluations == parent.evaluations
    assert rows(root, "new", "o").equals(rows(root, "reviews", "o"))
    assert [w.kind for w in parent.warnings] == ["duplicate_text", "shared_text"]
    assert [w.kind for w in new.warnings] == ["shared_text"]


def test_what_it_was_made_from_is_recorded(derived, parent, write, root):
    file = write("ids.txt", "r2\nr6\n")
    derived("drop", file)
    assert json.loads((root / "new" / "dataset.json").read_text())["parent"] == {
        "dataset": "reviews", "fingerprint": parent.fingerprint,
        "change": {"kind": "drop", "count": 2, "sha256": hashlib.sha256(b"r2\nr6\n").hexdigest()},
    }  # fmt: skip
    assert json.loads((root / "reviews" / "dataset.json").read_text())["parent"] is None


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl", "labels.parquet"])
def test_examples_get_the_labels_that_a_file_gives_them(derived, write, root, name):
    new = derived("relabel", table_file(write, name, id=["r6", "r1", "r0"], label=["mid", "pos", "pos"]))
    assert rows(root, "new")["label"].tolist() == ["pos", "pos", "pos", "neg", "mid", "pos", "mid", "mid"]
    assert (new.parent.kind, new.parent.count) == ("relabel", 2), "the third had that label already"


def test_the_same_again_is_the_dataset_that_exists_and_another_change_is_refused(derived, write):
    first = derived("drop", write("ids.txt", "r2\n"))
    assert derived("drop", table_file(write, "ids.csv", id=["r2"])) == first
    with pytest.raises(InputError, match="dataset 'new' exists with other content: train has 6 rows instead of 7"):
        derived("drop", write("ids.txt", "r2\nr6\n"))
    with pytest.raises(InputError, match="dataset 'reviews' exists with other content"):
        derived("drop", write("ids.txt", "r2\n"), name="reviews")


@pytest.mark.parametrize(
    ("change", "name", "content", "says"),
    [
        ("drop", "f.txt", "r2\nr9\nx\n", r"lists 2 ids that train of 'reviews' has not: 'r9', 'x'\. .*such as r0"),
        ("drop", "f.csv", "number\nr2\n", "has no column 'id' .*the columns number"),
        ("drop", "f.txt", "", "is empty"),
        ("drop", "f.txt", "\n\n", "changes nothing in 'reviews'"),
        ("drop", "f.txt", b"r2\n\xff\n", "line 2: not UTF-8"),
        ("drop", "f.txt", "".join(f"r{i}\n" for i in range(8)), "lists every training example"),
        ("drop", "f.txt", "r4\nr7\n", "would have no training example with the label 'mid'"),
        ("drop", "f.xyz", "r2\n", "does not name a known format"),
        ("relabel", "f.txt", "r2\n", r"can hold no labels\. .*with the columns id and label"),
        ("relabel", "f.csv", "id\nr2\n", "has no column 'label'"),
        ("relabel", "f.csv", "id,label\nr2,poss\n", r"has no label 'poss'\. Perhaps you mean pos"),
        ("relabel", "f.csv", "id,label\nr2,\n", "no label in row 1"),
        ("relabel", "f.csv", "id,label\nr2,pos\n", "changes nothing"),
        ("relabel", "f.csv", "id,label\nr2,neg\nr2,mid\n", "gives 'r2' two labels"),
        ("relabel", "f.csv", "id,label\nr9,neg\n", "'r9'"),
        ("relabel", "f.csv", "id,label\nr4,neg\nr7,neg\n", "would have no training example with the label 'mid'"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused_and_leaves_nothing_behind(derived, write, root, change, name, content, says):
    with pytest.raises(InputError, match=says) as refusal:
        derived(change, write(name, content))
    assert refusal.value.remedy
    assert [f.name for f in root.iterdir()] == ["reviews"]


def test_files_that_are_not_there_and_unknown_parents_are_refused(derived, root, tmp_path, write):
    with pytest.raises(InputError, match="does not exist"):
        derived("drop", tmp_path / "nowhere.txt")
    with pytest.raises(InputError, match=r"dataset 'review' is not known\. Perhaps you mean reviews"):
        derive(root, "review", "new", "drop", write("ids.txt", "r2\n"), CREATED)
    with pytest.raises(InputError, match="dataset name"):
        derived("drop", write("ids.txt", "r2\n"), name="../new")
