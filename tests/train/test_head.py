"""A checkpoint's own head: drawn anew unless asked for, and then each row under the label that it was trained for."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from ftft.errors import InputError
from ftft.train import model, run_folder
from tests.train.tiny import LABELS

FAMILIES = ["bert", "roberta", "electra", "distilbert", "deberta-v2", "gpt2", "modernbert"]


@pytest.fixture
def make_headed(make_model):
    """`make_headed(names, family)`: a model with a head whose classes are called `names`."""

    def make(names, family="bert"):
        path = make_model(family, headed=True, num_labels=len(names))
        config = AutoConfig.from_pretrained(path)
        config.id2label, config.label2id = dict(enumerate(names)), {name: n for n, name in enumerate(names)}
        config.save_pretrained(path)
        return path

    return make


def last_layer(state):
    weights = [name for name in state if name.startswith(("classifier", "score")) and name.endswith("weight")]
    return state[weights[-1]]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("names", [("good", "bad"), ("Neutral", "GOOD", "Bad")])
def test_a_kept_head_is_put_into_the_order_of_the_labels(make_run, make_headed, family, names):
    path = make_headed(names, family)
    source = model.read(make_run(model=path, keep_head=True).spec(), LABELS)
    loaded, *_ = model.load(source, None, 1)
    theirs = last_layer(AutoModelForSequenceClassification.from_pretrained(path).state_dict())
    place = [name.lower() for name in names].index
    torch.testing.assert_close(last_layer(loaded.state_dict()), theirs[[place("bad"), place("good")]])
    assert loaded.config.id2label == {0: "bad", 1: "good"}
    assert loaded.config.num_labels == loaded.num_labels == 2


def test_a_run_that_keeps_a_head_of_more_classes_is_saved_with_ours(make_run, make_headed):
    folder = make_run(model=make_headed(("neutral", "good", "bad")), keep_head=True, steps=1)
    run_folder(folder)
    assert AutoModelForSequenceClassification.from_pretrained(folder.model).config.id2label == {0: "bad", 1: "good"}


@pytest.mark.parametrize("names", [("LABEL_0", "LABEL_1"), ("good", "neutral"), ("good", "GOOD", "bad")])
def test_a_head_whose_names_do_not_say_which_row_is_which_is_refused(make_run, make_headed, names):
    with pytest.raises(InputError, match=r"tells apart .*Leave --keep-head out"):
        model.read(make_run(model=make_headed(names), keep_head=True).spec(), LABELS)


def test_a_checkpoint_without_a_head_has_none_to_keep(make_run, make_model):
    path = make_model("bert")
    config = AutoConfig.from_pretrained(path)
    config.id2label = dict(enumerate(LABELS))
    config.save_pretrained(path)
    with pytest.raises(InputError, match="no classification head to keep"):
        model.load(model.read(make_run(model=path, keep_head=True).spec(), LABELS), None, 1)
