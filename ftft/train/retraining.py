"""What SURT does to which texts: all that follows from its options, without torch, so that it can be priced before it is done."""

from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from ftft.domain.identity import digest
from ftft.domain.stabilisers import SURT, options

HELD_OUT, MOST_HELD_OUT = 0.05, 1_000  # texts
UPDATE = 6  # FLOPs of a weight and a token: 2 forwards, 4 backwards


def of_tokens(fingerprint: str, split: str, model_fingerprint: str, max_length: int) -> list[Any]:
    """All that the tokens of a split follow from."""
    return [fingerprint, split, model_fingerprint, max_length, metadata.version("transformers")]


@dataclass(frozen=True)
class Recipe:
    """`masked`: the share of tokens to guess."""

    epochs: int = 3
    lr: float = 5e-5
    masked: float = 0.15
    batch_size: int = 32
    seed: int = 1

    @classmethod
    def among(cls, methods: tuple[str, ...] | None) -> "Recipe | None":
        """Of the SURT among stabilisers in canonical words; None where it is not among them."""
        part = next((part for part in methods or () if part.startswith(SURT)), None)
        told: Any = options(part)[1] if part else {}
        return cls(**told) if part else None

    def split(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of n texts: (those held out, those trained on)."""
        order_N = np.random.default_rng(self.seed).permutation(n)
        held_out = max(1, min(MOST_HELD_OUT, round(HELD_OUT * n)))
        return order_N[:held_out], order_N[held_out:]

    def name(self, fingerprint: str, model_fingerprint: str, max_length: int, layers: int | None) -> str:
        """Of the folder that the re-trained model of a dataset lies in: a hash of all that it follows from."""
        texts = of_tokens(fingerprint, "train", model_fingerprint, max_length)
        return digest([*texts, layers, {"epochs": self.epochs, "lr": self.lr, "masked": self.masked}])
