"""What every architecture must pass: trained, recorded, killed, resumed, saved, read back, and the same prediction for each text alone."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from ftft.train import flops, model, run_folder
from tests.train.killing import train_and_kill
from tests.train.predicted import as_recorded
from tests.train.tiny import LABELS, MAX_LENGTH

# family -> what its configuration needs besides the sizes that all share
FAMILIES = {
    "bert": {},
    "roberta": {},
    "electra": {"embedding_size": 16},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8, "position_biased_input": False},
    "distilbert": {},
    "albert": {"embedding_size": 16},
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8},
    "gpt2": {"pad": False},
    "qwen2": {"pad": False, "num_key_value_heads": 1},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_each_architecture_goes_through_it_all(make_run, make_model, family):
    path = make_model(family, **FAMILIES[family])
    whole, folder = (make_run(rows=21, epochs=2, model=path, again=again) for again in (0, 1))
    run_folder(whole)
    train_and_kill(folder, "in a step", 4, every=600.0)
    verdict = run_folder(folder)
    assert verdict["warnings"] == []
    for number in (1, 2):
        a, b = whole.read_epoch(number), folder.read_epoch(number)
        assert a.ids_N.tolist() == b.ids_N.tolist()
        np.testing.assert_allclose(a.logits_NC, b.logits_NC, atol=1e-5)
    as_recorded(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_layer_alone_is_a_reference_of_its_own(make_run, make_model, family):
    folder = make_run(rows=9, steps=1, model=make_model(family, **FAMILIES[family]), layers=1)
    assert run_folder(folder)["state"] == "succeeded"
    saved = AutoModelForSequenceClassification.from_pretrained(folder.model)
    assert saved.config.num_hidden_layers == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_pass_costs_is_within_two_percent_at_a_length_that_was_not_counted(make_run, make_model, family):
    source = model.read(make_run(model=make_model(family, **FAMILIES[family])).spec(), LABELS)
    loaded = model.load(source, "eager", 1)[0].eval()
    fitted = flops.fit(loaded, MAX_LENGTH)
    for texts, length in ((1, 23), (5, 11)):
        ids = torch.randint(5, 20, (texts, length))
        with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
            logits_BC = loaded(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
            forward = counter.get_total_flops()
            logits_BC.sum().backward()
        assert fitted.of_forward(texts, length) == pytest.approx(forward, rel=0.02)
        assert fitted.of_training(texts, length) == pytest.approx(counter.get_total_flops(), rel=0.02)
