from pathlib import Path

import pytest

from ftft.dataset import Description, Evaluation, LabelMap, parse_evaluation, parse_label_map
from ftft.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hard=hard.csv:ood", Evaluation("hard", "hard.csv", "ood", "test")),
        ("d=dev.jsonl.gz:id:dev", Evaluation("d", "dev.jsonl.gz", "id", "dev")),
        ("t=C:\\data\\a=b.csv:id:test", Evaluation("t", "C:\\data\\a=b.csv", "id", "test")),
        ("odd=x:ood:dev.csv:ood:dev", Evaluation("odd", "x:ood:dev.csv", "ood", "dev")),
    ],
)
def test_an_evaluation_is_read_from_the_right_so_that_paths_may_hold_colons(text, expected):
    assert parse_evaluation(text) == expected


@pytest.mark.parametrize("text", ["hard.csv:ood", "hard=hard.csv", "hard=hard.csv:odd", "hard=:ood", "=hard.csv:ood", "h=h.csv:ood:tset"])
def test_an_evaluation_that_cannot_be_read_is_answered_with_an_example(text):
    with pytest.raises(InputError, match=r"such as --eval hard=hard\.jsonl:ood:test"):
        parse_evaluation(text)


@pytest.mark.parametrize("text", ["train=dev.csv:id", "../x=dev.csv:id", "a/b=dev.csv:id"])
def test_an_evaluation_set_has_a_name_that_is_free_and_can_be_a_file(text):
    with pytest.raises(InputError):
        parse_evaluation(text)


def test_a_label_map_says_whose_label_means_which_of_ours():
    assert parse_label_map("hard:non-hateful=neutral") == LabelMap("hard", "non-hateful", "neutral")


@pytest.mark.parametrize("text", ["hateful=abusive", "hard:hateful", "hard:=abusive", "hard:hateful=", ":a=b"])
def test_a_label_map_that_cannot_be_read_is_answered_with_an_example(text):
    with pytest.raises(InputError, match="such as --map hard:hateful=abusive"):
        parse_label_map(text)


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"text": []}, "no text column"),
        ({"text": ["a", "a"]}, "'a' is named twice"),
        ({"text": ["label"]}, "'label' is named twice"),
        ({"text": ["id"]}, "without --id, the column id holds the ids"),
        ({"metric": "acuracy"}, "accuracy"),
        ({"evaluations": ["dev=a.csv:id", "dev=b.csv:id"]}, "'dev' is given twice"),
        ({"evaluations": ["dev=a.csv:id"], "label_maps": ["dve:no=neg"]}, "evaluation set 'dve' is not known. Perhaps you mean dev"),
        ({"evaluations": ["dev=a.csv:id"], "label_maps": ["dev:no=neg", "dev:no=pos"]}, "'no' of evaluation set 'dev' is mapped twice"),
    ],
)
def test_a_description_that_contradicts_itself_cannot_exist(described, says):
    with pytest.raises(InputError, match=says):
        Description(Path("train.csv"), **{"text": ["text"], "label": "label", **described})


def test_a_single_text_column_may_be_given_as_a_text():
    assert Description(Path("train.csv"), "text", "label").text == ("text",)
