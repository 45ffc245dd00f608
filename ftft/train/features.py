"""What a frozen encoder says of each text: computed once for all runs that share it, and kept.

Shapes: N examples, D features.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from ftft.publish import publish
from ftft.train.evaluate import Predictor
from ftft.train.flops import Flops
from ftft.train.precision import Precision
from ftft.train.stabilisers.features import Features
from ftft.train.tokens import Tokens


@dataclass(frozen=True)
class Encoded:
    """`feature_ND` float32, as the last layer takes them in, without dropout. `flops`: of the pass, whoever made it."""

    feature_ND: np.ndarray
    flops: float


def encoded(
    file: Path, model: PreTrainedModel, tokens: Tokens, precision: Precision, batch_size: int, costs: Callable[[], Flops]
) -> Encoded:
    """What `file` holds, whose name must say all that it depends on; made first where it is not there."""
    if not file.exists():
        made = _encode(model, tokens, precision, batch_size, costs())
        publish(file, lambda aside: _save(aside, made))
        return made
    with np.load(file) as kept:
        return Encoded(kept["feature_ND"], float(kept["flops"]))


def _encode(model: PreTrainedModel, tokens: Tokens, precision: Precision, batch_size: int, costs: Flops) -> Encoded:
    total = 0.0

    def bill(texts: int, length: int, purpose: str) -> None:
        nonlocal total
        total += costs.of_forward(texts, length)

    return Encoded(encode(model, tokens, Predictor(model, precision, batch_size, bill)), total)


def encode(model: PreTrainedModel, tokens: Tokens, predictor: Predictor) -> np.ndarray:
    """(N, D) float32: what the last layer takes in, batches and bill as `predictor`'s."""
    features = Features(model)
    try:
        shown: Any = _Encoder(model, features)
        return replace(predictor, model=shown).logits(tokens, "features")
    finally:
        features.release()


class _Encoder:
    """Looks to a `Predictor` like a model whose logits are the features."""

    def __init__(self, model: PreTrainedModel, features: Features) -> None:
        self.model, self.features, self.device = model, features, model.device

    def eval(self) -> None:
        self.model.eval()

    def __call__(self, **batch: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.features.of(self.model(**batch).logits))


def _save(file: Path, made: Encoded) -> None:
    with file.open("wb") as out:
        np.savez(out, feature_ND=made.feature_ND, flops=made.flops)
