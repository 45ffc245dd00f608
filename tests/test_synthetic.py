"""Synthetic sets have the properties that were ordered."""

from itertools import combinations

import numpy as np
import pytest

from ftft.errors import InputError
from ftft.synthetic import SyntheticSpec, centres, draw, draw_held_out


def spread_ND(spec: SyntheticSpec) -> np.ndarray:
    """Every example less the mean of its class."""
    feature_ND, gold_N = draw(spec)
    feature_ND = feature_ND.astype(float)
    return feature_ND - np.stack([feature_ND[gold_N == c].mean(axis=0) for c in range(spec.classes)])[gold_N]


@pytest.mark.parametrize(("classes", "dimension"), [(2, 1), (2, 16), (3, 2), (5, 4), (7, 30)])
def test_any_two_centres_are_equally_far_apart(classes, dimension):
    centre_CD = centres(SyntheticSpec(classes=classes, dimension=dimension, distance=3.5))
    assert [np.linalg.norm(a - b) for a, b in combinations(centre_CD, 2)] == pytest.approx([3.5] * (classes * (classes - 1) // 2))
    assert centre_CD.mean(axis=0) == pytest.approx(np.zeros(dimension), abs=1e-12)


def test_classes_lie_around_their_centres():
    spec = SyntheticSpec(samples=20_000, classes=4, dimension=6, noise=0.7)
    feature_ND, gold_N = draw(spec)
    found_CD = np.stack([feature_ND[gold_N == c].mean(axis=0) for c in range(4)])
    assert found_CD == pytest.approx(centres(spec), abs=5 * 0.7 / np.sqrt(5000))


@pytest.mark.parametrize("noise", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_noise_is_the_sd_of_every_feature(noise, correlation):
    spec = SyntheticSpec(samples=20_000, dimension=5, noise=noise, correlation=correlation)
    assert spread_ND(spec).std(axis=0) == pytest.approx(np.full(5, noise), rel=0.03, abs=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9])
def test_the_noise_of_any_two_features_correlates_alike(correlation):
    found_DD = np.corrcoef(spread_ND(SyntheticSpec(samples=20_000, dimension=5, noise=2.0, correlation=correlation)).T)
    assert found_DD[np.triu_indices(5, 1)] == pytest.approx(np.full(10, correlation), abs=0.03)


@pytest.mark.parametrize("separability", [1.0, 0.9, 0.25, 0.0])
def test_the_share_of_labels_that_do_not_stand_is_exact(separability):
    spec = SyntheticSpec(samples=400, classes=3, noise=0.01, separability=separability)
    for feature_ND, gold_N in (draw(spec), draw_held_out(spec, 400)):
        nearest_N = np.linalg.norm(feature_ND[:, None] - centres(spec), axis=2).argmin(axis=1)
        assert (gold_N == nearest_N).mean() == pytest.approx(separability)
    if separability == 0:  # the others share what is redrawn
        assert np.bincount((gold_N - nearest_N) % 3, minlength=3)[1:].min() > 150


def test_classes_differ_in_size_by_one_at_most():
    _, gold_N = draw(SyntheticSpec(samples=101, classes=4))
    assert sorted(np.bincount(gold_N)) == [25, 25, 25, 26]


def test_scale_multiplies_the_features_and_changes_nothing_else():
    (small_ND, gold_N), (large_ND, same_N) = draw(SyntheticSpec(scale=1.0)), draw(SyntheticSpec(scale=4.0))
    assert np.array_equal(large_ND, 4 * small_ND)
    assert np.array_equal(gold_N, same_N)


def test_the_seed_settles_everything():
    one, again, other = draw(SyntheticSpec(seed=3)), draw(SyntheticSpec(seed=3)), draw(SyntheticSpec(seed=4))
    assert np.array_equal(one[0], again[0])
    assert np.array_equal(one[1], again[1])
    assert not np.array_equal(one[0], other[0])


def test_the_held_out_part_is_another_draw_from_the_same_place():
    spec = SyntheticSpec(samples=5000, dimension=4)
    (feature_ND, gold_N), (held_MD, held_gold_M) = draw(spec), draw_held_out(spec, 5000)
    assert not np.isin(feature_ND[:, 0], held_MD[:, 0]).any()
    for c in range(2):
        assert held_MD[held_gold_M == c].mean(axis=0) == pytest.approx(feature_ND[gold_N == c].mean(axis=0), abs=0.1)


def test_more_samples_do_not_move_the_centres():
    assert np.array_equal(centres(SyntheticSpec(samples=50)), centres(SyntheticSpec(samples=500)))


def test_types_are_those_of_a_head():
    feature_ND, gold_N = draw(SyntheticSpec(samples=7, dimension=3, noise=1))
    assert (feature_ND.shape, feature_ND.dtype, gold_N.dtype) == ((7, 3), np.float32, np.int64)


@pytest.mark.parametrize(
    "wrong",
    [
        {"samples": 1}, {"samples": 2.5}, {"classes": 1}, {"classes": 5, "dimension": 3}, {"distance": -1.0}, {"noise": -0.1},
        {"noise": float("nan")}, {"correlation": 1.0}, {"correlation": -0.1}, {"separability": 1.1}, {"scale": 0.0},
        {"scale": float("inf")}, {"seed": -1},
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_by_name(wrong):
    with pytest.raises(InputError, match="dimension" if "dimension" in wrong else next(iter(wrong))):
        SyntheticSpec(**wrong)
