"""What a pass costs, in floating-point operations: counted at a few sizes by PyTorch itself, and interpolated between them.

Trainer's own estimate (six times parameters times tokens) is 10 % low already for small models, since attention grows with the square
of the length. Counting runs on the meta device: shapes only, no arithmetic, no random numbers.

A batch of B texts of L tokens costs k + B (c + a L + b L²): k is paid once a batch (relative positions), c once a text (the head).
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel


@dataclass(frozen=True)
class Flops:
    """The four coefficients k, c, a, b of each kind of pass."""

    forward: np.ndarray
    training: np.ndarray

    def of_forward(self, texts: int, length: int) -> float:
        """Evaluating one batch, padded to `length` tokens."""
        return float(self.forward @ _terms(texts, length))

    def of_training(self, texts: int, length: int) -> float:
        """Forward and backward of one batch."""
        return float(self.training @ _terms(texts, length))


def fit(model: PreTrainedModel, max_length: int) -> Flops:
    """Counts at three lengths up to `max_length`, one of them with two texts as well, with what is frozen in `model` frozen."""
    config = deepcopy(model.config)
    config.use_cache = True  # without, decoders look for packed texts in the numbers, too
    with torch.device("meta"):
        shadow = type(model)._from_config(config, attn_implementation="eager").eval()
    learns = {name: weights.requires_grad for name, weights in model.named_parameters()}
    for name, weights in shadow.named_parameters():
        weights.requires_grad = learns[name]
    longest = max(max_length, 4)
    sizes = [(1, longest // 4), (1, longest // 2), (1, longest), (2, longest // 2)]
    counted = np.array([count(shadow, texts, length) for texts, length in sizes], float)
    coefficients = np.linalg.solve(np.array([_terms(*size) for size in sizes]), counted)
    return Flops(coefficients[:, 0], coefficients[:, 1])


def count(model: PreTrainedModel, texts: int, length: int) -> tuple[int, int]:
    """What `FlopCounterMode` sees in the forward pass of such a batch, and in forward and backward together."""
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, torch.nn.Embedding)
    device = next(model.parameters()).device
    # Vectors instead of token numbers: models look into numbers, to see whether they are padding, and on the meta device there are none.
    learns = embedding.weight.requires_grad  # or the count would go back through a frozen encoder
    vectors_BLD = torch.zeros(texts, length, embedding.embedding_dim, device=device, requires_grad=learns)
    with FlopCounterMode(display=False) as counter:
        logits_BC = model(inputs_embeds=vectors_BLD).logits
        forward = counter.get_total_flops()
        logits_BC.sum().backward()
    return forward, counter.get_total_flops()


def _terms(texts: int, length: int) -> np.ndarray:
    return np.array([1, texts, texts * length, texts * length**2], float)
