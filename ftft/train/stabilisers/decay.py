"""Pre-trained weight decay: towards the weights that training began with, instead of towards 0 (after Zhang et al. 2021)."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from ftft.train.stabilisers.layerwise import is_pooler
from ftft.train.stabilisers.part import Part


class PretrainedDecay(Part):
    """After each update, `decay` times the learning rate of the way back. Decoupled from the gradient, as AdamW's own decay is.

    The head and the pooler are new, and left alone.
    """

    def __init__(self, decay: float = 0.01) -> None:
        self.decay = decay
        self.before: dict[torch.nn.Parameter, torch.Tensor] = {}

    def attach(self, model: PreTrainedModel) -> None:
        """Remembers the encoder's weights."""
        self.before = {w: w.detach().clone() for name, w in model.base_model.named_parameters() if not is_pooler(name)}

    @torch.no_grad()
    def after_update(self, groups: Sequence[dict]) -> None:
        for group in groups:
            share = min(1.0, group["lr"] * self.decay)
            for weights in group["params"]:
                if weights in self.before:
                    self.before[weights] = self.before[weights].to(weights.device)  # no change but the first time
                    weights.lerp_(self.before[weights], share)

    def detach(self, model: PreTrainedModel) -> None:
        self.before = {}
