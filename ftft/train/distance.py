"""How far two sets of weights lie apart: what leaving one example out, or another seed, changes in the model that is learnt."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from ftft.domain.spec import START
from ftft.errors import InputError

Weights = Mapping[str, torch.Tensor]


def moved(mine: Weights, start: Weights, to: str, file: Path) -> dict[str, float]:
    """How far weights are from those that training began with and, where `to` is a run, from its weights, which lie in `file`."""
    found = {START: between(mine, start)}
    if to != START:
        found[to] = between(mine, weights_of(file, mine))
    return found


def between(a: Weights, b: Weights) -> float:
    """The Euclidean norm of all differences of weights of the same name, summed in double precision."""
    assert a.keys() == b.keys(), "two different models"
    return float(np.sqrt(sum(float((a[name].detach().double().cpu() - b[name].detach().double().cpu()).square().sum()) for name in a)))


def weights_of(file: Path, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """The weights of these names in a safetensors file; InputError where they are not there."""
    try:
        found = load_file(file)
        return {name: found[name] for name in names}
    except (FileNotFoundError, KeyError) as problem:
        what = f"{file} does not hold the weights to which a distance was to be measured"
        raise InputError(what, "Train that run again, and keep its model") from problem
