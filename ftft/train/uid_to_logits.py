"""Reads a dictionary of tensors that somebody saved with torch, without running what else may be in the file."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ftft.errors import InputError


def read(file: Path) -> dict[Any, np.ndarray]:
    """uid -> float32 array of a file {uid: tensor}. InputError where it holds anything else, code above all."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about pickles of another version, which then are refused
            found = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as problem:
        raise InputError(f"{file} cannot be read: {problem.strerror or problem}", "Check that it is a file that you may read") from problem
    except Exception as problem:  # a file of any bytes fails in as many ways as there are opcodes of pickle
        why = " ".join(str(problem).split()).partition(". ")[0][:160]
        remedy = "Save {uid: tensor} with torch.save; objects with code in them are never loaded"
        raise InputError(f"{file} is not a file of tensors: {type(problem).__name__}: {why}", remedy) from problem
    if not isinstance(found, dict) or not found or not all(isinstance(v, torch.Tensor) and not v.is_complex() for v in found.values()):
        raise InputError(f"{file} does not hold {{uid: tensor}}", "FTFT writes it as uid_to_logits.pt")
    try:
        return {uid: logits.detach().to(torch.float32).to_dense().numpy() for uid, logits in found.items()}
    except (RuntimeError, TypeError, NotImplementedError) as problem:
        raise InputError(f"{file} holds a tensor without numbers: {problem}", "Save plain tensors of logits") from problem
