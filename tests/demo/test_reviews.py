"""The generated task must be what the demo says of it: who counts adjectives is wrong on flips, and on nothing else."""

import random
import re
from collections import Counter

import pytest

from ftft.demo import GROUPS, LABELS, TRAINING, compose, splits, unlabelled
from ftft.demo.words import NEGATIVE, POSITIVE

ROWS, HELD_OUT = 4_000, 1_000


@pytest.fixture(scope="module")
def drawn():
    return splits(rows=ROWS, held_out=HELD_OUT, seed=5)


def by_counting(text: str) -> str:
    """The label of whoever counts adjectives."""
    words = re.findall(r"\w+", text.lower())
    balance = sum(w in POSITIVE for w in words) - sum(w in NEGATIVE for w in words)
    assert balance, f"as many good words as bad ones: {text}"
    return "positive" if balance > 0 else "negative"


def share(rows, what) -> float:
    return sum(map(what, rows)) / len(rows)


def test_a_seed_gives_the_same_rows_and_another_seed_gives_others(drawn):
    random.seed(99)  # the global generator must not matter
    assert splits(rows=ROWS, held_out=HELD_OUT, seed=5) == drawn
    assert splits(rows=ROWS, held_out=HELD_OUT, seed=6)["train"][:50] != drawn["train"][:50]


def test_more_training_rows_leave_the_held_out_rows_as_they_are(drawn):
    more = splits(rows=ROWS + 500, held_out=HELD_OUT, seed=5)
    assert all(more[name] == drawn[name] for name in ("dev", "test", "ood_dev", "ood"))


def test_no_text_occurs_twice_in_or_between_splits(drawn):
    texts = [row["text"] for rows in drawn.values() for row in rows]
    assert len(texts) == len(set(texts)) == ROWS + 4 * HELD_OUT


def test_ids_are_unique_and_say_nothing_of_the_label(drawn):
    ids = [row["id"] for rows in drawn.values() for row in rows]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"(train|dev|test|ood_dev|ood)-\d{5}", i) for i in ids)


def test_training_has_the_shares_that_are_promised(drawn):
    train = drawn["train"]
    assert share(train, lambda r: r["group"] == "flip") == pytest.approx(0.05, abs=0.015)
    assert share(train, lambda r: r["group"] == "decoy") == pytest.approx(0.15, abs=0.02)
    assert share(train, lambda r: r["noisy"]) == pytest.approx(0.05, abs=0.015)


def test_the_shifted_sets_are_three_quarters_flips_and_have_no_plain_rows(drawn):
    for name in ("ood_dev", "ood"):
        groups = Counter(row["group"] for row in drawn[name])
        assert groups["plain"] == 0
        assert groups["flip"] / HELD_OUT == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize("group", GROUPS)
def test_labels_are_even_within_every_group(drawn, group):
    rows = [row for split in drawn.values() for row in split if row["group"] == group]
    assert share(rows, lambda r: r["true_label"] == "positive") == pytest.approx(0.5, abs=0.04)


def test_noise_turns_the_label_round_and_only_training_has_it(drawn):
    for name, rows in drawn.items():
        assert all((row["label"] != row["true_label"]) == row["noisy"] for row in rows)
        assert any(row["noisy"] for row in rows) == (name == "train")


def test_who_counts_adjectives_is_wrong_on_every_flip_and_right_elsewhere(drawn):
    for row in (row for rows in drawn.values() for row in rows):
        assert (by_counting(row["text"]) != row["true_label"]) == (row["group"] == "flip"), row


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("label", [0, 1])
def test_the_polarity_of_every_pattern_is_what_its_group_says(group, label):
    for pattern in GROUPS[group]:
        text = compose(pattern, label, random.Random(pattern))
        assert (by_counting(text) == LABELS[label]) == (group != "flip"), text


@pytest.mark.parametrize(
    ("before", "reverses"),
    [
        ("was anything but", True),
        ("was nothing but", False),
        ("is no longer", True),
        ("is still", False),
        ("was never less than", False),
        ("was far from", True),
    ],
)
def test_what_a_reader_would_say_of_a_sentence_is_its_true_label(drawn, before, reverses):
    found = 0
    for row in (row for rows in drawn.values() for row in rows):
        if said := re.search(rf"{before} (\w+)\.", row["text"]):
            good = said[1] in POSITIVE
            assert row["true_label"] == LABELS[good != reverses], row["text"]
            found += 1
    assert found > 5


def test_every_pattern_occurs_out_of_distribution_and_rare_ones_are_rare_in_training(drawn):
    assert {row["template"] for row in drawn["ood"]} == {f"{g}-{k:02d}" for g in ("flip", "decoy") for k in range(len(GROUPS[g]))}
    train = Counter(row["template"] for row in drawn["train"])
    assert train["flip-00"] > 3 * train[f"flip-{len(GROUPS['flip']) - 1}"]


def test_sentences_begin_with_a_capital_and_articles_fit(drawn):
    for row in drawn["train"]:
        assert row["text"][0].isupper()
        assert row["text"].endswith((".", "!", "?"))
        assert not re.search(r"\b[Aa] [aeiou]", row["text"]), row["text"]
        assert "  " not in row["text"]
        assert "{" not in row["text"]


def test_no_adjective_is_in_both_lists_or_in_a_pattern():
    assert not set(POSITIVE) & set(NEGATIVE)
    in_patterns = {w for patterns in GROUPS.values() for p in patterns for w in re.findall(r"\w+", re.sub(r"\{\w+\}", "", p).lower())}
    assert not in_patterns & {*POSITIVE, *NEGATIVE}


def test_texts_to_pretrain_on_are_unique_and_none_of_those_to_judge_on(drawn):
    held_out = {row["text"] for row in drawn["test"] + drawn["ood"]}
    texts = unlabelled(3_000, seed=1, without=held_out)
    assert len(texts) == len(set(texts)) == 3_000
    assert held_out.isdisjoint(texts)
    assert texts == unlabelled(3_000, seed=1, without=sorted(held_out))
    assert set(unlabelled(3_000, seed=1)) & {row["text"] for row in splits(rows=10, held_out=2_000, training=TRAINING)["test"]}, (
        "nothing to avoid"
    )
