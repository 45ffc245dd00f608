"""The bounds of theory by hand, and the numbers they want against what can be computed otherwise.

Shapes: N examples, D features, E = D + 1, C classes.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftft import bounds
from ftft.bounds import full_bound, head_bound
from ftft.synthetic import SyntheticSpec, draw

positive = st.floats(1e-6, 1e6)
FULL = {"n": 100, "L": 2.0, "beta": 1.0, "mu": 0.5, "d": 4.0}
HEAD = {"steps": 100, "n": 50, "gamma": 1.0, "B": 3.0, "lam": 1.0}


# ---- the bounds


def test_full_bound_by_hand():
    """sqrt(2 * 8 * 2 / 2) = 4, and mu / beta = 15 / 16 leaves 1 / 16, of which the fourth root is 1 / 2: 4 / (10 * (2 - 1))."""
    assert full_bound(n=10, L=8, beta=2, mu=15 / 8, d=2) == pytest.approx(0.4)


def test_head_bound_by_hand():
    """t = e^e: log log t / log t = 1 / e. B / gamma = 3, lam n = 2: max{sqrt(4), (6 + sqrt(36 + 64)) / 4 = 4}."""
    assert head_bound(math.exp(math.e), 2, gamma=2, B=6, lam=1) == pytest.approx(1 / math.e + 4)  # pyright: ignore[reportArgumentType]
    assert head_bound(math.exp(math.e), 2, gamma=2, B=6, lam=1, C=2, nu=0.5) == pytest.approx(2 / math.e + 2)  # pyright: ignore[reportArgumentType]


def test_head_bound_by_hand_where_the_other_term_is_larger():
    """B = .1 and gamma = .1: 1 + B / gamma = 2, lam n = .5: sqrt(8) = 2.83 > (.1 + sqrt(.01 + 8)) / 1 = 2.93? The second it is."""
    both = math.sqrt(2 / 0.5 * 2), (0.1 + math.sqrt(0.01 + 8 * 0.5 * 2)) / (2 * 0.5)
    assert head_bound(100, 1, gamma=0.1, B=0.1, lam=0.5) == pytest.approx(math.log(math.log(100)) / math.log(100) + max(both))


@pytest.mark.parametrize(("name", "sign"), [("n", -1), ("L", 1), ("d", 1)])
def test_full_bound_goes_where_theory_says(name, sign):
    values = [full_bound(**(FULL | {name: FULL[name] * by})) for by in (1, 2, 3, 10)]
    assert np.all(sign * np.diff(np.array(values, dtype=float)) > 0)


@pytest.mark.parametrize(("name", "sign"), [("n", -1), ("gamma", -1), ("steps", -1), ("B", 1)])
def test_head_bound_goes_where_theory_says(name, sign):
    values = [head_bound(**(HEAD | {name: HEAD[name] * by})) for by in (1, 2, 3, 10)]
    assert np.all(sign * np.diff(np.array(values, dtype=float)) > 0)


@pytest.mark.parametrize("wrong", [{"mu": 1.0}, {"mu": 2.0}, {"mu": 0.0}, {"mu": -1.0}, {"n": 0}, {"L": -1.0}, {"d": -1.0}, {"beta": 0.0}])
def test_full_bound_that_does_not_exist_is_none(wrong):
    assert full_bound(**(FULL | wrong)) is None


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"steps": 1}, {"steps": 2}, {"gamma": 0.0}, {"gamma": -1.0}, {"gamma": None}, {"B": 0.0}, {"lam": 0.0}, {"n": 0}],
)
def test_head_bound_that_does_not_exist_is_none(wrong):
    assert head_bound(**(HEAD | wrong)) is None


@given(st.integers(0, 10**6), *[st.floats(0, allow_infinity=False)] * 4)
def test_full_bound_is_finite_or_none(n, L, beta, mu, d):
    value = full_bound(n, L, beta, mu, d)
    assert value is None or (math.isfinite(value) and value >= 0)


@given(st.integers(0, 10**9), st.integers(0, 10**6), *[st.floats(0, allow_infinity=False)] * 3)
def test_head_bound_is_finite_or_none(steps, n, gamma, B, lam):
    value = head_bound(steps, n, gamma, B, lam)
    assert value is None or (math.isfinite(value) and value >= 0)


# ---- the numbers they want


@pytest.fixture(params=[2, 3])
def one(request):
    """(feature_ND, gold_N, solution_CE) of a set."""
    feature_ND, gold_N = draw(SyntheticSpec(samples=60, dimension=4, classes=request.param, distance=3, correlation=0.3))
    return feature_ND, gold_N, bounds.solve(feature_ND, gold_N, request.param, ridge=0.01)


def loss(weight_CE: np.ndarray, feature_ND: np.ndarray, gold_N: np.ndarray) -> np.ndarray:
    """loss_N, in the plainest way."""
    score_NC = feature_ND.astype(float) @ weight_CE[:, :-1].T + weight_CE[:, -1]
    return np.log(np.exp(score_NC).sum(axis=1)) - score_NC[np.arange(len(gold_N)), gold_N]


def test_no_other_weights_have_less_loss_than_the_solution(one):
    feature_ND, gold_N, solution_CE = one

    def whole(weight_CE):
        return loss(weight_CE, feature_ND, gold_N).mean() + 0.005 * (weight_CE**2).sum()

    for seed in range(50):
        step_CE = np.random.default_rng(seed).normal(size=solution_CE.shape)
        for size in (1e-3, 0.1, 1):
            assert whole(solution_CE + size * step_CE) > whole(solution_CE)
    assert solution_CE.sum(axis=0) == pytest.approx(0, abs=1e-9)


def test_separable_data_are_solved_too():
    feature_ND, gold_N = draw(SyntheticSpec(samples=30, dimension=20, distance=20))
    assert np.isfinite(bounds.solve(feature_ND, gold_N, 2, ridge=1e-6)).all()


def test_no_two_weights_show_more_slope_than_the_lipschitz_constant(one):
    feature_ND, gold_N, _ = one
    random, steepest = np.random.default_rng(0), 0.0
    for _ in range(200):
        a_CE = 10 * random.normal(size=(gold_N.max() + 1, 5))
        b_CE = a_CE + 1e-4 * random.normal(size=a_CE.shape)
        slope_N = np.abs(loss(a_CE, feature_ND, gold_N) - loss(b_CE, feature_ND, gold_N)) / np.linalg.norm(a_CE - b_CE)
        steepest = max(steepest, slope_N.max())
    assert bounds.lipschitz(feature_ND) / 10 < steepest < bounds.lipschitz(feature_ND)


def numeric_hessian(weight_CE, feature_ND, gold_N) -> np.ndarray:
    size, h = weight_CE.size, 1e-3
    steps = h * np.eye(size).reshape(size, *weight_CE.shape)
    f = [lambda x: loss(x, feature_ND, gold_N).mean()][0]
    return np.array(
        [[f(weight_CE + a + b) - f(weight_CE + a - b) - f(weight_CE - a + b) + f(weight_CE - a - b) for b in steps] for a in steps]
    ) / (4 * h**2)


def test_convexity_is_the_least_bend_and_smoothness_no_less_than_the_most(one):
    feature_ND, gold_N, solution_CE = one
    bends = np.linalg.eigvalsh(numeric_hessian(solution_CE, feature_ND, gold_N))
    assert bends[:5] == pytest.approx(np.zeros(5), abs=1e-5)  # what all classes share, which is left out
    assert bounds.convexity(feature_ND, solution_CE, 0.01) == pytest.approx(bends[5] + 0.01, abs=1e-5)
    at_0 = np.linalg.eigvalsh(numeric_hessian(np.zeros_like(solution_CE), feature_ND, gold_N))[-1]
    assert max(at_0, bends[-1]) <= bounds.smoothness(feature_ND, 0.0) + 1e-5
    if len(solution_CE) == 2:  # where both probabilities are a half, a softmax bends as much as it can
        assert at_0 == pytest.approx(bounds.smoothness(feature_ND, 0.0), abs=1e-4)


def test_margin_by_hand():
    """The boundary is x = 1, whatever the length of the weights; the nearest example lies 2 from it."""
    feature_ND, gold_N = np.array([[4.0, 9], [3, 0], [-1, 0], [-2, 5]]), np.array([0, 0, 1, 1])
    for length in (0.1, 7):
        weight_CE = length * np.array([[1.0, 0, -1], [-1, 0, 1]])
        assert bounds.margin(feature_ND, gold_N, weight_CE) == pytest.approx(2)
        assert bounds.margin(feature_ND, gold_N, weight_CE, quantile=0.5) == pytest.approx(2.5)


def test_a_set_that_is_not_separated_has_no_margin():
    feature_ND, gold_N = np.array([[1.0], [-1]]), np.array([1, 0])
    assert bounds.margin(feature_ND, gold_N, np.array([[1.0, 0], [-1, 0]])) is None
    assert bounds.margin(feature_ND, gold_N, np.zeros((2, 2))) is None
    assert bounds.margin(feature_ND, 1 - gold_N, np.array([[1.0, 0], [-1, 0]])) == pytest.approx(1)


def test_of_three_classes_the_nearest_boundary_counts():
    weight_CE = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0]])
    assert bounds.margin(np.array([[3.0, 1]]), np.array([0]), weight_CE) == pytest.approx(2 / math.sqrt(2))


def test_radius_is_the_longest_feature_vector():
    assert bounds.radius(np.array([[3.0, 4], [1, 1]])) == 5


def test_constants_are_those_of_the_set():
    feature_ND, gold_N = draw(SyntheticSpec(samples=50, distance=6))
    solution_CE = bounds.solve(feature_ND, gold_N, 2)
    found = bounds.constants(feature_ND, gold_N, solution_CE)
    assert found.n == 50
    assert 0 < found.mu < found.beta
    assert found.gamma is not None
    assert 0 < found.gamma < found.B < found.L
