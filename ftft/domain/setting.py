"""A setting of a run, as somebody gave it: of the right kind and within reach, or an error that names its flag."""

import math
from numbers import Integral, Real
from types import NoneType
from typing import Any, get_args

from ftft.errors import InputError, shown

LARGEST_SEED = 2**32 - 1  # NumPy's generators take no larger one
LARGEST_COUNT = 2**31 - 1  # of epochs, steps, rows of a batch …: no run comes near it


def of_kind(name: str, kind: Any, value: Any) -> Any:
    """`value` as a field of type `kind` keeps it: NumPy's numbers become Python's, and 0 becomes 0.0 where a fraction may stand."""
    kinds = get_args(kind) or (kind,)
    flag = name.replace("_", "-")
    if value is None and NoneType in kinds:
        return None
    if bool in kinds and not isinstance(value, bool):
        raise InputError(f"--{flag} is {shown(value)}", "Give true or false")
    if int in kinds:
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise InputError(f"--{flag} is {shown(value)}", "Give a whole number")
        return int(value)
    if float in kinds:
        if not isinstance(value, Real) or isinstance(value, bool):
            raise InputError(f"--{flag} is {shown(value)}", "Give a number")
        try:
            return float(value)
        except OverflowError:  # a whole number beyond the largest float
            return math.inf
    if str in kinds and not isinstance(value, str):
        raise InputError(f"--{flag} is {shown(value)}", "Give a text")
    return value


def seed_of(value: Any) -> int:
    """A seed that every generator takes."""
    seed = of_kind("seed", int, value)
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"--seed is {shown(seed)}", f"Give a whole number from 0 to {LARGEST_SEED}")
    return seed


def at_least(name: str, value: int, least: int) -> None:
    """InputError unless a count is one that a run can have."""
    if not least <= value <= LARGEST_COUNT:
        flag, most = name.replace("_", "-"), "" if value < least else f" and at most {LARGEST_COUNT}"
        raise InputError(f"--{flag} is {shown(value)}", f"Give a whole number of at least {least}{most}")
