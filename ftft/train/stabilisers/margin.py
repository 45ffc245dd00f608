"""MMR, the Maximal Margin Regulariser of Fu, So and Collier 2023: classes whose centres lie apart.

After the authors; ours are: features are what the last linear layer takes in, centres are those of the batch, several classes are averaged
over pairs, and a batch of one class adds 0.

Shapes: B examples of a batch, D features, C classes.
"""

from typing import Any

import torch
from transformers import PreTrainedModel

from ftft.train.objective import Objective, Terms
from ftft.train.stabilisers.features import Features
from ftft.train.stabilisers.part import Part

ALMOST_ZERO = 1e-12  # a root has no slope at 0


class Margin(Part):
    """Adds alpha / (1 + distance of the classes' centres), once an update."""

    def __init__(self, alpha: float = 0.01) -> None:
        self.alpha = alpha
        self.features: Features | None = None

    def objective(self, model: PreTrainedModel, inner: Objective) -> Objective:
        """Watches what goes into the last layer from now on."""
        features = self.features = Features(model)

        def with_margin(model: torch.nn.Module, outputs: Any, gold_B: torch.Tensor) -> Terms:
            terms = inner(model, outputs, gold_B)
            return terms.plus(self.alpha * regulariser(features.of(outputs.logits), gold_B))

        return with_margin

    def detach(self, model: PreTrainedModel) -> None:
        if self.features:
            self.features.release()


def regulariser(feature_BD: torch.Tensor, gold_B: torch.Tensor) -> torch.Tensor:
    """Mean of 1 / (1 + distance of centres) over all pairs of classes in the batch; 0 where there is one. Negative gold is left out."""
    labels = gold_B[gold_B >= 0].unique()
    if len(labels) < 2:
        return feature_BD.sum() * 0.0
    centre_KD = torch.stack([feature_BD[gold_B == label].float().mean(0) for label in labels])
    a, b = torch.triu_indices(len(labels), len(labels), 1, device=feature_BD.device)
    distance = ((centre_KD[a] - centre_KD[b]).square().sum(1) + ALMOST_ZERO).sqrt()
    return (1 / (1 + distance)).mean()
