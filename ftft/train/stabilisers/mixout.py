"""Mixout (Lee, Cho and Kang 2020): in each training pass, each weight of the encoder is with probability p what it was before training.

The mixture is scaled so that its expectation is the trained weight. As in the published code it takes the place of dropout inside the
encoder, and leaves biases alone. The head is new, so that there is nothing for it to go back to.
"""

import torch
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from ftft.train.stabilisers.part import Part


class _Mixed:
    """In front of a layer's class: the layer with another weight in each training pass. Names of weights stay as they are."""

    p: float
    before: torch.Tensor

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        layer: torch.nn.Module = self  # pyright: ignore[reportAssignmentType]
        if not layer.training:
            return super().forward(given)  # pyright: ignore[reportAttributeAccessIssue]
        weight = mix(layer.weight, self.before, self.p)  # pyright: ignore[reportArgumentType]
        return _apply(layer, given, weight)


class _MixedLinear(_Mixed, torch.nn.Linear): ...


class _MixedConv1D(_Mixed, Conv1D): ...


_CLASSES: dict[type, type] = {torch.nn.Linear: _MixedLinear, Conv1D: _MixedConv1D}


def mix(weight: torch.Tensor, before: torch.Tensor, p: float) -> torch.Tensor:
    """`weight`, with probability p replaced by `before`, element by element, so that the expectation is `weight`."""
    is_old = torch.rand_like(weight) < p
    return (torch.where(is_old, before, weight) - p * before) / (1 - p)


def _apply(layer: torch.nn.Module, given: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    bias: torch.Tensor | None = layer.bias  # pyright: ignore[reportAssignmentType]
    return torch.nn.functional.linear(given, weight.T if isinstance(layer, Conv1D) else weight, bias)


class Mixout(Part):
    """Mixes the weights of all linear layers of the encoder."""

    def __init__(self, p: float = 0.1) -> None:
        self.p = p
        self.dropouts: list[tuple[torch.nn.Dropout, float]] = []

    def attach(self, model: PreTrainedModel) -> None:
        """Remembers the weights; the copies are no part of what is saved."""
        for part in model.base_model.modules():
            if type(part) in _CLASSES:
                part.register_buffer("before", part.weight.detach().clone(), persistent=False)  # pyright: ignore[reportCallIssue]
                part.p = self.p  # pyright: ignore[reportArgumentType]
                part.__class__ = _CLASSES[type(part)]
            elif isinstance(part, torch.nn.Dropout):
                self.dropouts.append((part, part.p))
                part.p = 0.0

    def detach(self, model: PreTrainedModel) -> None:
        """The trained weights alone."""
        for part in model.base_model.modules():
            if isinstance(part, _Mixed):
                del part.before, part.p
                part.__class__ = type(part).__mro__[2]
        for part, p in self.dropouts:
            part.p = p
        self.dropouts = []
