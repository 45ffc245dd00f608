from dataclasses import replace

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification

from ftft.errors import InputError
from ftft.train import model, run_folder
from tests.train.tiny import LABELS, MAX_LENGTH


def loaded(folder, seed=1, **settings):
    source = model.read(replace(folder.spec(), **settings), LABELS)
    return model.load(source, None, seed)[0]


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "deberta-v2", "distilbert", "gpt2"])
def test_one_layer_of_two_is_the_first_with_its_weights(make_run, make_model, family):
    path = make_model(family)
    whole, cut = AutoModel.from_pretrained(path).state_dict(), loaded(make_run(model=path, layers=1))
    kept = {name.removeprefix(f"{cut.base_model_prefix}."): weights for name, weights in cut.state_dict().items()}
    shared = {name for name in kept if name in whole}
    assert any("0" in name.split(".") for name in shared)
    assert not any("1" in name.split(".") for name in shared)
    for name in shared:
        assert torch.equal(kept[name], whole[name]), name


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "distilbert"])
def test_a_checkpoints_own_head_is_drawn_anew_from_the_init_seed(make_run, make_model, family):
    path = make_model(family, headed=True)
    stored = AutoModelForSequenceClassification.from_pretrained(path).state_dict()
    first, same, other = (loaded(make_run(model=path), seed).state_dict() for seed in (1, 1, 2))
    weights = [name for name in stored if name.startswith("classifier") and name.endswith("weight")]
    assert weights
    for name in stored:
        assert torch.equal(first[name], same[name])
        if name in weights:
            assert not torch.equal(first[name], stored[name])
            assert not torch.equal(first[name], other[name])


def test_weights_in_half_precision_are_trained_in_full(make_run, tiny_model, tmp_path):
    AutoModel.from_pretrained(tiny_model).half().save_pretrained(tmp_path / "half")
    for file in tiny_model.glob("tokenizer*"):
        (tmp_path / "half" / file.name).write_bytes(file.read_bytes())
    assert loaded(make_run(model=tmp_path / "half")).dtype == torch.float32


def test_a_decoder_without_a_pad_token_trains_in_batches(make_run, make_model):
    folder = make_run(model=make_model("gpt2", pad=False), epochs=1)
    assert run_folder(folder)["state"] == "succeeded"
    assert AutoModelForSequenceClassification.from_pretrained(folder.model).config.pad_token_id is not None


@pytest.mark.parametrize(("family", "limit"), [("bert", MAX_LENGTH), ("roberta", MAX_LENGTH + 1), ("deberta-v2", 10_000)])
def test_the_longest_input_is_what_the_model_has_positions_for(make_run, make_model, family, limit):
    folder = make_run(
        model=make_model(
            family, **({"position_biased_input": False} if family == "deberta-v2" else {"max_position_embeddings": MAX_LENGTH + 2})
        )
    )
    source = model.read(folder.spec(), LABELS)
    source.tokenizer.model_max_length = 10_000
    longest = model.longest_input(model.load(source, None, 1)[0], source.tokenizer)
    assert longest == (limit if family != "bert" else MAX_LENGTH + 2)


def test_a_model_that_is_gone_is_bad_input(make_run, tmp_path):
    with pytest.raises(InputError, match="no model at"):
        loaded(make_run(), model=str(tmp_path / "nowhere"))
