"""Masked-language modelling, after Devlin et al. 2019: of the tokens to guess 80 % show the mask, 10 % a random token, 10 % themselves.

Shapes: B texts of a batch, L tokens of its longest.
"""

import torch

IGNORED = -100  # the label that transformers' losses leave out


def hide(
    ids_BL: torch.Tensor, is_word_BL: torch.Tensor, share: float, mask: int, words: tuple[int, int], draw: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """(what the model sees, what it is to say), each (B, L). A random token is one of range(*words).

    Of a batch that the draw would leave without a token to guess, all are: without labels its loss would be NaN.
    """
    guessed_BL = (torch.rand(ids_BL.shape, generator=draw) < share) & is_word_BL
    if not guessed_BL.any():
        guessed_BL = is_word_BL
    shown_BL = torch.rand(ids_BL.shape, generator=draw)
    random_BL = torch.randint(*words, ids_BL.shape, generator=draw)
    inputs_BL = ids_BL.masked_fill(guessed_BL & (shown_BL < 0.8), mask)
    inputs_BL = torch.where(guessed_BL & (shown_BL >= 0.9), random_BL, inputs_BL)
    return inputs_BL, ids_BL.masked_fill(~guessed_BL, IGNORED)
