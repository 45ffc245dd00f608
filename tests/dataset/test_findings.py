import os
from pathlib import Path

import pytest

from ftft.errors import InputError


@pytest.fixture
def found(add_reviews, write):
    """The findings, as kind -> (count, examples, message), of a train and a dev set given as (text, label) pairs."""

    def found(train, dev=(), **described):
        def rows_of(split, pairs):
            return [{"id": f"{split}{i}", "text": text, "label": label} for i, (text, label) in enumerate(pairs, 1)]

        if dev:
            described["evaluations"] = [f"dev={write('dev.jsonl', rows_of('d', dev))}:id"]
        dataset = add_reviews(write("t.jsonl", rows_of("t", train)), **described)
        return {w.kind: (w.count, w.examples, w.message) for w in dataset.warnings}

    return found


def test_clean_data_has_no_findings(found):
    assert found([("a", "x"), ("b", "y")], dev=[("c", "x")]) == {}


def test_missing_and_empty_texts_are_told_apart_and_kept_as_empty_ones(found, root):
    from ftft.dataset import rows

    findings = found([("a", "x"), (None, "y"), ("", "x"), (" \t", "y"), (None, "x")])
    assert findings.keys() == {"missing_text", "empty_text"}
    assert findings["missing_text"][:2] == (2, ("t2", "t5"))
    assert findings["empty_text"][:2] == (2, ("t3", "t4"))
    assert findings["missing_text"][2].startswith("train: 2 rows without a text. ")
    assert rows(root, "reviews")["text"].tolist() == ["a", "", "", " \t", ""]


def test_texts_of_train_that_occur_again_are_found_with_the_later_rows(found):
    assert found([("a", "x"), ("b", "y"), ("a", "x"), ("a", "x")])["duplicate_text"][:2] == (2, ("t3", "t4"))


def test_all_rows_whose_text_has_two_labels_are_found(found):
    findings = found([("a", "x"), ("b", "y"), ("a", "y"), ("b", "y"), ("a", "x"), ("c", "x")])
    assert findings["conflicting_labels"][:2] == (3, ("t1", "t3", "t5"))
    assert findings["duplicate_text"][0] == 3


def test_evaluation_rows_whose_text_is_in_train_are_found(found):
    count, examples, message = found([("a", "x"), ("b", "y"), ("", "x")], dev=[("c", "x"), ("b", "x"), ("", "y"), ("a", "x")])[
        "shared_text"
    ]
    assert (count, examples) == (2, ("d2", "d4"))
    assert message.startswith("dev: 2 rows whose text is also in train. ")


def test_texts_that_two_evaluation_sets_share_are_found_too(add_reviews, write):
    def rows_of(name, texts):
        return write(f"{name}.jsonl", [{"id": f"{name}{i}", "text": text, "label": "x"} for i, text in enumerate(texts, 1)])

    sets = {"dev": "abc", "test": "deb", "far": "fgh"}
    train = write("t.jsonl", [{"text": "one", "label": "x"}, {"text": "two", "label": "y"}])
    dataset = add_reviews(train, evaluations=[f"{name}={rows_of(name, texts)}:id" for name, texts in sets.items()])
    (finding,) = dataset.warnings
    assert (finding.kind, finding.count, finding.examples) == ("shared_text", 1, ("test3",))
    assert finding.message.startswith("test: 1 row whose text is also in dev. ")


def test_minus_one_among_numbers_may_be_a_class_or_no_label(found):
    count, examples, message = found([("a", "0"), ("b", "1"), ("c", "-1"), ("d", "1")])["label_minus_one"]
    assert (count, examples) == (1, ("t3",))
    assert message.startswith("train: 1 row with the label -1. In many datasets that means that a row has no label")


def test_minus_one_in_an_evaluation_set_alone_is_explained(found):
    with pytest.raises(InputError, match=r"train has not: '-1' \(-1 mostly means that a row has no label\)"):
        found([("a", "0"), ("b", "1")], dev=[("c", "1"), ("d", "-1")])


def test_at_most_five_examples_are_shown_of_all_that_are_counted(found):
    count, examples, _ = found([("a", "x"), ("b", "y")] * 10)["duplicate_text"]
    assert (count, len(examples)) == (18, 5)


def test_a_dominant_class_is_named_with_its_share(found):
    count, _, message = found([(str(i), "x" if i else "y") for i in range(8)])["imbalance"]
    assert count == 7
    assert message.startswith("train: 88 % of the rows are 'x'. ")


def test_pairs_of_texts_are_the_same_only_if_both_are(add_reviews, write):
    pairs = [("a b", "c"), ("a", "b c"), ("a b", "c"), ("a", None)]
    train = write("t.jsonl", [{"s": s, "t": t, "label": "xy"[i % 2]} for i, (s, t) in enumerate(pairs)])
    findings = {w.kind: w.examples for w in add_reviews(train, text=["s", "t"]).warnings}
    assert findings == {"missing_text": ("4",), "duplicate_text": ("3",)}


@pytest.mark.skipif("FTFT_SHARED_DATA" not in os.environ, reason="needs the folder of real data in $FTFT_SHARED_DATA")
def test_what_is_known_to_be_odd_about_a_real_dataset_is_found(add_reviews):
    cad = Path(os.environ["FTFT_SHARED_DATA"]) / "cad"
    evaluations = [f"dev={cad / 'dev.jsonl.gz'}:id:dev", f"test={cad / 'test.jsonl.gz'}:id"]
    dataset = add_reviews(cad / "train.jsonl.gz", evaluations=evaluations)
    findings = [(w.kind, w.message.split(":")[0], w.count) for w in dataset.warnings]
    assert {("empty_text", "dev", 1), ("shared_text", "dev", 68), ("shared_text", "test", 50), ("imbalance", "train", 11_073)} <= set(
        findings
    )
    assert dataset.metric == "macro_f1"
