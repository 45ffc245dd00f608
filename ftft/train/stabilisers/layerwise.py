"""What treats layers by their height (Zhang et al. 2021, "Revisiting few-sample BERT fine-tuning"): LLRD and re-initialisation."""

import torch
from transformers import PreTrainedModel

from ftft.errors import InputError
from ftft.train.head import draw_anew
from ftft.train.stabilisers.part import Part

USUAL = 5  # layers that are drawn anew, where the encoder has ten or more


def layers_of(model: PreTrainedModel) -> torch.nn.ModuleList:
    """The encoder's layers, lowest first. InputError where they are not told apart, such as ALBERT's, which share their weights."""
    depth = model.config.num_hidden_layers
    found = [part for part in model.base_model.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == depth]
    if not found or (depth == 1 and model.config.model_type == "albert"):
        raise InputError(f"the layers of {model.config.model_type} share their weights", "Leave llrd and reinit out")
    return found[0]


def is_pooler(name: str) -> bool:
    """Does a weight of the encoder, by its name, belong to a pooler? By custom those go with the head."""
    return ".pooler." in f".{name}"


class Decay(Part):
    """LLRD: the head and the top layer learn at the full rate, each layer below at `decay` times that of the one above, embeddings last."""

    def __init__(self, decay: float = 0.95) -> None:
        self.decay = decay

    def rates(self, model: PreTrainedModel) -> dict[torch.nn.Parameter, float]:
        """A layer's factor, and below all layers that of everything else in the encoder but the pooler."""
        layers = layers_of(model)
        lowest = self.decay ** len(layers)
        factors = {weights: lowest for name, weights in model.base_model.named_parameters() if not is_pooler(name)}
        for below, layer in enumerate(reversed(layers)):
            factors |= dict.fromkeys(layer.parameters(), self.decay**below)
        return factors


class Redrawn(Part):
    """Re-initialisation of the pooler and of the top `layers`; 0 is five, but at most half of the encoder."""

    def __init__(self, layers: int = 0) -> None:
        self.layers = layers

    def redraw(self, model: PreTrainedModel, seed: int) -> None:
        """As the architecture draws its weights, N(0, initializer_range) for the most part."""
        layers = layers_of(model)
        if self.layers > len(layers):
            raise InputError(f"reinit would redraw {self.layers} layers, but the model has {len(layers)}", f"Give at most {len(layers)}")
        n = self.layers or min(USUAL, len(layers) // 2)
        poolers = [part for name, part in model.base_model.named_children() if name == "pooler" and part is not None]
        draw_anew(model, [*poolers, *list(layers)[len(layers) - n :]], seed)
