"""MHLoss, the Multi-Head Loss of Fu, So and Collier 2023: several heads, drawn apart, on one encoder; the mean of them predicts.

Ours: only the last linear layer is there several times. The mean head is then a linear layer, so that the model which is saved is an
ordinary one and predicts exactly what the run has recorded.

Shapes: B examples of a batch, D features, C classes, H heads.
"""

from typing import Any

import torch
from torch.nn.functional import cross_entropy, linear
from transformers import PreTrainedModel

from ftft.train.head import last_layer, put_last_layer
from ftft.train.objective import IGNORED, Objective, Terms
from ftft.train.stabilisers.features import Features
from ftft.train.stabilisers.part import Part


class Heads(torch.nn.Module):
    """`weight` (H, C, D), `bias` (H, C) or None. Called, it answers as the mean of its heads."""

    def __init__(self, weight_HCD: torch.Tensor, bias_HC: torch.Tensor | None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight_HCD)
        self.bias = None if bias_HC is None else torch.nn.Parameter(bias_HC)

    def forward(self, feature: torch.Tensor) -> torch.Tensor:
        """(…, D) -> (…, C)."""
        return linear(feature, self.weight.mean(0), None if self.bias is None else self.bias.mean(0))

    def each(self, feature_BD: torch.Tensor) -> torch.Tensor:
        """(B, C, H): what each head says, in the weights' own precision: a loss is no matter for autocast."""
        logits_BHC = torch.einsum("bd,hcd->bhc", feature_BD.to(self.weight.dtype), self.weight)
        return (logits_BHC if self.bias is None else logits_BHC + self.bias).transpose(1, 2)

    def mean_layer(self) -> torch.nn.Linear:
        """The mean head as an ordinary layer."""
        classes, width = self.weight.shape[1:]
        layer = torch.nn.Linear(width, classes, bias=self.bias is not None, device=self.weight.device, dtype=self.weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(self.weight.mean(0))
            if self.bias is not None:
                layer.bias.copy_(self.bias.mean(0))
        return layer


class ManyHeads(Part):
    """The loss is the mean of the heads' losses."""

    def __init__(self, heads: int = 5) -> None:
        self.heads = heads
        self.seed = 0

    def redraw(self, model: PreTrainedModel, seed: int) -> None:
        """Keeps the seed: the first head is the one that the run would have without this, the others are drawn in the same way."""
        self.seed = seed

    def attach(self, model: PreTrainedModel) -> None:
        """Puts H heads where the last layer was."""
        last: Any = last_layer(model)[1]
        copies = [last.weight.detach().clone() for _ in range(self.heads)]
        draw = torch.Generator().manual_seed(self.seed)
        deviation = getattr(model.config, "initializer_range", 0.02)
        for copy in copies[1:]:
            copy.copy_(torch.randn(copy.shape, generator=draw) * deviation)
        bias_HC = None if last.bias is None else last.bias.detach().expand(self.heads, -1).clone()
        put_last_layer(model, Heads(torch.stack(copies), bias_HC))

    def objective(self, model: PreTrainedModel, inner: Objective) -> Objective:
        """In place of `inner`'s loss of the mean head; what `inner` adds once an update stays."""
        features = Features(model)
        heads: Any = features.layer

        def mean_loss(model: torch.nn.Module, outputs: Any, gold_B: torch.Tensor) -> Terms:
            logits_BCH = heads.each(features.of(outputs.logits)).float()
            gold_BH = gold_B[:, None].expand(-1, logits_BCH.shape[2])
            example_B = cross_entropy(logits_BCH, gold_BH, reduction="none", ignore_index=IGNORED).mean(1)
            return Terms(example_B, inner(model, outputs, gold_B).update)

        return mean_loss

    def detach(self, model: PreTrainedModel) -> None:
        """The mean head, as an ordinary layer."""
        heads: Any = last_layer(model)[1]
        put_last_layer(model, heads.mean_layer())
