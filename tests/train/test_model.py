import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForSequenceClassification

from ftft.errors import InputError
from ftft.runfolder import RunFolder
from ftft.train import model, run_folder
from tests.train.tiny import LABELS, MAX_LENGTH, new_run


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


NO_LIMIT = int(1e30)  # what many tokenizers say


@pytest.mark.parametrize(
    ("family", "config", "limit"),
    [
        ("bert", {}, MAX_LENGTH + 2),
        ("roberta", {}, MAX_LENGTH + 1),
        ("gpt2", {}, MAX_LENGTH + 2),
        ("modernbert", {}, MAX_LENGTH + 2),
        ("qwen2", {"num_key_value_heads": 1}, MAX_LENGTH + 2),
        ("deberta-v2", {"position_biased_input": False, "relative_attention": True}, NO_LIMIT),
    ],
)
def test_the_longest_input_is_what_the_model_has_positions_for(make_run, make_model, family, config, limit):
    source = model.read(make_run(model=make_model(family, **config)).spec(), LABELS)
    source.tokenizer.model_max_length = NO_LIMIT
    loaded, *_ = model.load(source, None, 1)
    assert model.longest_input(loaded, source.tokenizer) == limit
    if limit < NO_LIMIT:
        ids = torch.full((1, limit), 5)
        assert loaded(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.isfinite().all()


def test_a_model_that_is_gone_is_bad_input(make_run, tmp_path):
    with pytest.raises(InputError, match="no model at"):
        loaded(make_run(), model=str(tmp_path / "nowhere"))


def broken(file, content):
    def break_it(path):
        (path / file).write_text(content)

    return break_it


def without_weights_of_the_encoder(path):
    weights = load_file(path / "model.safetensors")
    save_file({name: w for name, w in weights.items() if "encoder.layer" not in name}, path / "model.safetensors", {"format": "pt"})


def with_another_hidden_size(path):
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))


def torn(path):
    weights = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(weights[: len(weights) // 2])


BROKEN = {
    "a configuration that is no JSON": broken("config.json", "{"),
    "an architecture that nobody knows": broken("config.json", '{"model_type": "no-such"}'),
    "an architecture that classifies no text": broken("config.json", '{"model_type": "vit"}'),
    "a tokenizer that is no JSON": broken("tokenizer.json", "{"),
    "weights that break off": torn,
    "weights without the encoder's": without_weights_of_the_encoder,
    "weights of another size": with_another_hidden_size,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_model_that_does_not_load_is_bad_input_with_a_remedy(workspace, tiny_model, tmp_path, how):
    path = shutil.copytree(tiny_model, tmp_path / "model")
    BROKEN[how](path)
    with pytest.raises(InputError, match=str(path)) as refusal:
        run_folder(new_run(workspace, path))
    assert refusal.value.remedy
    assert all(RunFolder(run).verdict()["cause"] == "bad_input" for run in workspace.glob("runs/*"))


def test_a_few_weights_of_the_encoder_that_are_missing_are_drawn_and_named(workspace, tiny_model, tmp_path):
    path = shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(path / "model.safetensors")
    gone = "encoder.layer.1.output.dense.bias"
    save_file({name: w for name, w in weights.items() if name != gone}, path / "model.safetensors", {"format": "pt"})
    (warning,) = run_folder(new_run(workspace, path, steps=1))["warnings"]
    assert (warning["kind"], warning["count"], warning["examples"]) == ("new_weights", 1, [f"bert.{gone}"])


def test_a_pooler_that_is_missing_is_no_news(workspace, tiny_model, tmp_path):
    path = shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(path / "model.safetensors")
    save_file({name: w for name, w in weights.items() if "pooler" not in name}, path / "model.safetensors", {"format": "pt"})
    assert run_folder(new_run(workspace, path, steps=1))["warnings"] == []
