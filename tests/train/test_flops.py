import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForSequenceClassification

from ftft.train.flops import fit


@pytest.mark.parametrize("family", ["bert", "electra", "deberta-v2", "distilbert"])
def test_flops_are_those_of_real_batches_at_lengths_that_the_fit_never_saw(make_model, family):
    extra = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16} if family == "deberta-v2" else {}
    config = AutoConfig.from_pretrained(make_model(family, max_position_embeddings=64, **extra))
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
    flops = fit(model, 64)
    for texts, length in [(7, 23), (3, 50)]:
        ids = torch.randint(5, 20, (texts, length))
        with FlopCounterMode(display=False) as forward:
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        with FlopCounterMode(display=False) as backward:
            logits.sum().backward()
        assert flops.of_forward(texts, length) == pytest.approx(forward.get_total_flops(), rel=0.02)
        assert flops.of_training(texts, length) == pytest.approx(forward.get_total_flops() + backward.get_total_flops(), rel=0.02)


def test_counting_changes_neither_the_configuration_nor_the_random_numbers(tiny_model):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model)
    config = model.config
    before, state = config.to_dict(), torch.get_rng_state()
    attention = config._attn_implementation
    fit(model, 32)
    assert config.to_dict() == before
    assert config._attn_implementation == attention
    assert torch.equal(torch.get_rng_state(), state)
