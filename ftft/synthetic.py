"""Classification sets drawn to order, one dial a property: what a study of one factor at a time needs.

Classes are clouds around the corners of a regular simplex, turned at random, so that any two centres are equally far apart. The origin is
their middle.

Shapes: N examples, M of them held out, D dimensions, C classes.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftft.errors import InputError, shown

_CENTRES, _TRAINING, _HELD_OUT = range(3)  # streams of one seed: another number of examples does not move the centres


@dataclass(frozen=True)
class SyntheticSpec:
    """`distance`: between the centres of any two classes. `noise`: the SD of each feature around its centre. `correlation`: of the noise
    of any two features, from 0 to under 1. `separability`: the share of labels that stand, the others name one of the other classes.
    `scale`: what all features are multiplied with in the end, and with them the Lipschitz constant of the loss. `seed` settles everything.
    """

    samples: int = 200
    dimension: int = 32
    classes: int = 2
    distance: float = 4.0
    noise: float = 1.0
    correlation: float = 0.0
    separability: float = 1.0
    scale: float = 1.0
    seed: int = 1

    def __post_init__(self):
        _whole("classes", self.classes, 2)
        _whole("samples", self.samples, self.classes)
        _whole("dimension", self.dimension, self.classes - 1)  # fewer have no room for the simplex
        _whole("seed", self.seed, 0)
        _real("distance", self.distance, self.distance >= 0, "from 0")
        _real("noise", self.noise, self.noise >= 0, "from 0")
        _real("correlation", self.correlation, 0 <= self.correlation < 1, "from 0 to under 1")
        _real("separability", self.separability, 0 <= self.separability <= 1, "from 0 to 1")
        _real("scale", self.scale, self.scale > 0, "above 0")


def _whole(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise InputError(f"{name} of a synthetic set is {shown(value)}", f"Give a whole number from {least}")


def _real(name: str, value: float, fits: bool, allowed: str) -> None:
    if not (fits and math.isfinite(value)):
        raise InputError(f"{name} of a synthetic set is {shown(value)}", f"Give a number {allowed}")


def draw(spec: SyntheticSpec) -> tuple[np.ndarray, np.ndarray]:
    """(feature_ND float32, gold_N int64) of the training part. Classes differ in size by one at most, before labels are redrawn."""
    return _part(spec, spec.samples, _TRAINING)


def draw_held_out(spec: SyntheticSpec, samples: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """(feature_MD, gold_M) of a test part, equally distributed: around the same centres, and as many labels redrawn."""
    return _part(spec, samples, _HELD_OUT)


def centres(spec: SyntheticSpec) -> np.ndarray:
    """(C, D) float64 where the classes lie, before `scale`."""
    random = np.random.default_rng([spec.seed, _CENTRES])
    turned_DD, _ = np.linalg.qr(random.normal(size=(spec.dimension, spec.dimension)))
    return spec.distance / math.sqrt(2) * _simplex(spec.classes) @ turned_DD[: spec.classes - 1]


def _simplex(classes: int) -> np.ndarray:
    """(C, C - 1) corners around the origin, any two of them the square root of 2 apart: the unit vectors, seen within their plane."""
    middle_CC = np.eye(classes) - 1 / classes
    plane_CC, _, _ = np.linalg.svd(middle_CC)
    return plane_CC[:, : classes - 1]


def _part(spec: SyntheticSpec, samples: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng([spec.seed, stream])
    class_N = random.permutation(np.arange(samples, dtype=np.int64) % spec.classes)
    own_ND, common_N1 = random.normal(size=(samples, spec.dimension)), random.normal(size=(samples, 1))
    noise_ND = math.sqrt(1 - spec.correlation) * own_ND + math.sqrt(spec.correlation) * common_N1
    feature_ND = spec.scale * (centres(spec)[class_N] + spec.noise * noise_ND)
    redrawn = random.permutation(samples)[: round((1 - spec.separability) * samples)]
    gold_N = class_N.copy()
    gold_N[redrawn] += random.integers(1, spec.classes, size=len(redrawn))
    return feature_ND.astype(np.float32), gold_N % spec.classes
