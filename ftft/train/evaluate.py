"""What a model says about examples, in their order: evaluation mode, no gradients, batches of similar length.

Shapes: N examples, B examples of a batch, C classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel

from ftft.train import ranks
from ftft.train.precision import Precision
from ftft.train.tokens import Tokens


@dataclass(frozen=True)
class Predictor:
    """`on_batch(texts, length, purpose)` hears of every batch, for the bill. Several processes share the batches out."""

    model: PreTrainedModel
    precision: Precision
    batch_size: int
    on_batch: Callable[[int, int, str], None]

    def logits(self, tokens: Tokens, purpose: str, row_N: np.ndarray | None = None) -> np.ndarray:
        """logits_NC, float32, of the examples `row_N` (None: all), in that order. Leaves the model in evaluation mode."""
        row_N = np.arange(len(tokens.length_N)) if row_N is None else row_N
        by_length_N = np.argsort(tokens.length_N[row_N], kind="stable")
        self.model.eval()
        batches = np.split(by_length_N, range(self.batch_size, len(row_N), self.batch_size))
        for place_B in batches:
            self.on_batch(len(place_B), int(tokens.length_N[row_N[place_B]].max()), purpose)
        mine = [self._forward(tokens.batch(row_N[place_B])) for place_B in batches[ranks.rank() :: ranks.size()]]
        every = ranks.gather(mine)
        sorted_NC = np.concatenate([every[n % ranks.size()][n // ranks.size()] for n in range(len(batches))])
        logits_NC = np.empty_like(sorted_NC)
        logits_NC[by_length_N] = sorted_NC
        return logits_NC

    def _forward(self, batch: dict[str, torch.Tensor]) -> np.ndarray:
        device = self.model.device
        with torch.no_grad(), self.precision.autocast(device):
            logits_BC = self.model(**{name: values.to(device) for name, values in batch.items()}).logits
        return logits_BC.float().cpu().numpy()
