"""How far two sets of weights lie apart: what leaving one example out, or another seed, changes in the model that is learnt."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from ftft.errors import InputError


def between(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> float:
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
