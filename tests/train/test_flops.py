"""What a pass costs; that it holds for every architecture is in test_architectures.py."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForSequenceClassification

from ftft.train.flops import fit


def freeze_everything_but_the_head(model):
    for weights in model.base_model.parameters():
        weights.requires_grad = False


def freeze_embeddings_and_the_first_layer(model):
    for part in (model.bert.embeddings, model.bert.encoder.layer[0]):
        for weights in part.parameters():
            weights.requires_grad = False


@pytest.mark.parametrize("freeze", [freeze_everything_but_the_head, freeze_embeddings_and_the_first_layer])
def test_what_is_frozen_costs_no_backward_pass(tiny_model, freeze):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model, attn_implementation="eager").eval()
    whole = fit(model, 32)
    freeze(model)
    flops = fit(model, 32)
    for texts, length in [(7, 23), (3, 30)]:
        ids = torch.randint(5, 20, (texts, length))
        with FlopCounterMode(display=False) as counter:
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
            forward = counter.get_total_flops()
            logits.sum().backward()
        assert flops.of_forward(texts, length) == pytest.approx(forward, rel=0.02) == whole.of_forward(texts, length)
        assert flops.of_training(texts, length) == pytest.approx(counter.get_total_flops(), rel=0.02)
        assert flops.of_training(texts, length) < 0.9 * whole.of_training(texts, length)


def test_counting_changes_neither_the_configuration_nor_the_random_numbers(tiny_model):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model)
    before, state, attention = model.config.to_dict(), torch.get_rng_state(), model.config._attn_implementation
    fit(model, 32)
    assert model.config.to_dict() == before
    assert model.config._attn_implementation == attention
    assert torch.equal(torch.get_rng_state(), state)
