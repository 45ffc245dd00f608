"""Texts as token numbers: tokenised once, kept flat, padded batch by batch to the longest of the batch.

Shapes: N examples, B examples of a batch, L tokens of the longest of them, T tokens of all examples.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from ftft.publish import publish

CHUNK = 4096  # texts tokenised at a time: bounds memory, which Python lists of numbers would fill


@dataclass(frozen=True)
class Tokens:
    """Example n is `ids_T[start[n] : start[n + 1]]`; `types_T`: which of two texts a token is from, or None."""

    ids_T: np.ndarray
    types_T: np.ndarray | None
    start: np.ndarray  # (N + 1,)
    pad: int

    @property
    def length_N(self) -> np.ndarray:
        """Tokens of each example."""
        return np.diff(self.start)

    def batch(self, row_B: Sequence[int] | np.ndarray) -> dict[str, torch.Tensor]:
        """`input_ids`, `attention_mask` and perhaps `token_type_ids` of these examples, each (B, L)."""
        row_B = np.asarray(row_B)
        length_B1 = (self.start[row_B + 1] - self.start[row_B])[:, None]
        place_L = np.arange(length_B1.max())
        is_text_BL = place_L < length_B1
        at_BL = np.where(is_text_BL, self.start[row_B, None] + place_L, 0)
        made = {"input_ids": np.where(is_text_BL, self.ids_T[at_BL], self.pad), "attention_mask": is_text_BL}
        if self.types_T is not None:
            made["token_type_ids"] = np.where(is_text_BL, self.types_T[at_BL], 0)
        return {name: torch.from_numpy(values_BL.astype(np.int64)) for name, values_BL in made.items()}

    def take(self, row_N: np.ndarray) -> "Tokens":
        """Only these examples, in this order."""
        at_T = np.concatenate([np.arange(a, b) for a, b in zip(self.start[row_N], self.start[row_N + 1], strict=True)])
        types_T = None if self.types_T is None else self.types_T[at_T]
        return Tokens(self.ids_T[at_T], types_T, np.concatenate([[0], np.cumsum(self.length_N[row_N])]), self.pad)


def tokenise(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[Sequence[str]], max_length: int, with_types: bool
) -> tuple[Tokens, np.ndarray]:
    """Tokens of N examples and the numbers of those that were cut. `texts`: one or two columns of N texts; two are encoded as a pair."""
    ids, types, lengths = [], [], []
    for start in range(0, len(texts[0]), CHUNK):
        first, second = [list(column[start : start + CHUNK]) for column in (*texts, ())[:2]]
        encoded = tokenizer(
            first,
            second or None,
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids=with_types,
        )
        ids.append(_flat(encoded["input_ids"]))
        lengths += [len(row) for row in encoded["input_ids"]]
        if with_types:
            types.append(_flat(encoded["token_type_ids"]))
    start = np.concatenate([[0], np.cumsum(lengths)])
    pad: Any = tokenizer.pad_token_id
    tokens = Tokens(np.concatenate(ids), np.concatenate(types) if with_types else None, start, int(pad))
    full = [n for n, length in enumerate(lengths) if length == max_length]
    cut = [n for n in full if _whole_length(tokenizer, [column[n] for column in texts]) > max_length]
    return tokens, np.array(cut, int)


def _whole_length(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> int:
    return len(tokenizer(texts[0], texts[1] if len(texts) > 1 else None)["input_ids"])


def cached(file: Path, make: Callable[[], tuple[Tokens, np.ndarray]]) -> tuple[Tokens, np.ndarray]:
    """What `make()` once gave, kept in `file`, whose name must say all that it depends on: experiments read the same texts many times."""
    if not file.exists():
        tokens, cut = make()
        types_T = np.zeros(0) if tokens.types_T is None else tokens.types_T
        arrays = {"ids_T": tokens.ids_T, "types_T": types_T, "start": tokens.start, "pad": tokens.pad, "cut": cut}
        publish(file, lambda aside: _save(aside, arrays))
        return tokens, cut
    with np.load(file) as kept:
        types_T = kept["types_T"] if len(kept["types_T"]) else None
        return Tokens(kept["ids_T"], types_T, kept["start"], int(kept["pad"])), kept["cut"]


def _save(file: Path, arrays: dict[str, Any]) -> None:
    with file.open("wb") as out:  # given a path, NumPy would add an ending of its own
        np.savez(out, **arrays)


def _flat(rows: Iterable[Iterable[int]]) -> np.ndarray:
    return np.fromiter((value for row in rows for value in row), np.int32)
