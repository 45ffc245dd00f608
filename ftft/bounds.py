"""What theory says of stability, and the numbers it wants to know, for a linear softmax head on fixed features.

Both bounds are after Fu, So and Collier 2023 (arXiv 2301.09820), from memory: they limit how far leaving one example out moves what was
trained. Constants that theory leaves open are 1. So a bound is shown beside measured values as a trend only (does it rise or fall
where they do?), never as more: it is no estimate of them, and not a limit in their units. One that does not exist is None.

A row of weights ends with its bias, and a feature vector with a 1 for it.

Shapes: N examples, D features, E = D + 1, C classes, K = C - 1.
"""

import math
from dataclasses import dataclass

import numpy as np

LAM = 1.0  # as C and nu: no data say what it is
RIDGE = 1e-3  # nats per squared unit of weight: separable data have no finite solution without
MOST_STEPS = 100  # of Newton's method; ten to twenty are common
SETTLED = 1e-9  # the norm of a gradient that counts as 0


def full_bound(n: int, L: float, beta: float, mu: float, d: float) -> float | None:
    """sqrt(2 L d / beta) / (n ((1 - mu / beta)^(-1/4) - 1)): for full fine-tuning with steps of 1 / beta, run until it has settled.

    `n` examples, a loss that is `L`-Lipschitz and `beta`-smooth in the weights and `mu`-strongly convex at its optimum, which lies `d` from
    where training begins. Falls with n, rises with L and d. None unless 0 < mu < beta, n > 0 and L, d >= 0. After Fu et al. 2023, from
    memory.
    """
    if not (0 < mu < beta and n > 0 and L >= 0 and d >= 0):
        return None
    shrink = math.expm1(-0.25 * math.log1p(-mu / beta)) if mu / beta < 1 else 0.0
    return _finite(math.sqrt(2 * L * d / beta) / (n * shrink)) if shrink > 0 else None


def head_bound(steps: int, n: int, gamma: float | None, B: float, lam: float, C: float = 1, nu: float = 1) -> float | None:
    """C log log t / log t + nu max{sqrt(2 / (lam n) (1 + B / gamma)), (B + sqrt(B^2 + 8 n lam (1 + B / gamma))) / (2 n lam)}.

    For a head on a frozen encoder after t `steps`, where `n` examples with features no longer than `B` can be separated with margin
    `gamma`. Falls with gamma, and with t from e^e (15 steps) on. The learning rate, which theory wants small, is not in it: it must be in
    the constants `C`, `nu` and `lam`. None unless t > e (log log must be positive) and n, gamma, B, lam > 0. After Fu et al. 2023, from
    memory.
    """
    if gamma is None or not (steps > math.e and n > 0 and gamma > 0 and B > 0 and lam > 0):
        return None
    of_steps = math.log(math.log(steps)) / math.log(steps)
    reach = 1 + B / gamma
    of_margin = max(math.sqrt(2 / (lam * n) * reach), (B + math.sqrt(B * B + 8 * n * lam * reach)) / (2 * n * lam))
    return _finite(C * of_steps + nu * of_margin)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# ---- the numbers they want


@dataclass(frozen=True)
class Constants:
    """Of one set of `n` examples, what the functions below find. `lam` is LAM for all sets, so that a bound's trend is that of the rest."""

    n: int
    L: float
    beta: float
    mu: float
    gamma: float | None
    B: float
    lam: float = LAM


def constants(feature_ND: np.ndarray, gold_N: np.ndarray, solution_CE: np.ndarray, ridge: float = RIDGE) -> Constants:
    """All of them, at a solution (see `solve`)."""
    return Constants(
        n=len(gold_N),
        L=lipschitz(feature_ND),
        beta=smoothness(feature_ND, ridge),
        mu=convexity(feature_ND, solution_CE, ridge),
        gamma=margin(feature_ND, gold_N, solution_CE),
        B=radius(feature_ND),
    )


def lipschitz(feature_ND: np.ndarray) -> float:
    """L: the steepest that the cross-entropy of one example can be in the weights, sqrt(2) times the longest (x, 1)."""
    return math.sqrt(2) * float(np.linalg.norm(_with_one(feature_ND), axis=1).max())


def smoothness(feature_ND: np.ndarray, ridge: float = RIDGE) -> float:
    """beta: the most that the mean loss can bend, half of the largest eigenvalue of the second moment of (x, 1), plus the ridge.

    A softmax's own Hessian, diag(p) - p p', has no eigenvalue above a half.
    """
    feature_NE = _with_one(feature_ND)
    return float(np.linalg.eigvalsh(feature_NE.T @ feature_NE / len(feature_NE))[-1]) / 2 + ridge


def convexity(feature_ND: np.ndarray, weight_CE: np.ndarray, ridge: float = RIDGE) -> float:
    """mu: the smallest eigenvalue of the mean loss's Hessian at these weights, plus the ridge.

    Only among weights that sum to 0 over classes: what is added to all classes alike changes no probability, and the loss does not bend.
    """
    feature_NE = _with_one(feature_ND)
    return float(np.linalg.eigvalsh(_hessian(feature_NE, _softmax(feature_NE @ weight_CE.T)))[0]) + ridge


def margin(feature_ND: np.ndarray, gold_N: np.ndarray, weight_CE: np.ndarray, quantile: float = 0.0) -> float | None:
    """gamma: how far the features lie from the nearest boundary of another class, in their units: the smallest of all, or a quantile.

    None where that is not above 0: these weights do not separate the classes. They seek the least loss and not the widest margin, so it
    is a lower limit of the latter.
    """
    score_NC = _with_one(feature_ND) @ weight_CE.T
    normal_NCD = weight_CE[gold_N, None, :-1] - weight_CE[None, :, :-1]
    other_NC = np.arange(len(weight_CE)) != gold_N[:, None]
    length_NC = np.where(other_NC, np.linalg.norm(normal_NCD, axis=2), 1.0)
    if not length_NC.all():
        return None
    ahead_NC = np.where(other_NC, (score_NC[np.arange(len(gold_N)), gold_N, None] - score_NC) / length_NC, np.inf)
    gamma = float(np.quantile(ahead_NC.min(axis=1), quantile))
    return gamma if gamma > 0 else None


def radius(feature_ND: np.ndarray) -> float:
    """B: the longest feature vector."""
    return float(np.linalg.norm(feature_ND, axis=1).max())


# ---- the solution


def solve(feature_ND: np.ndarray, gold_N: np.ndarray, classes: int, ridge: float = RIDGE) -> np.ndarray:
    """(C, E) float64: the weights, biases last, with the least mean cross-entropy + ridge / 2 * their squared norm.

    They sum to 0 over classes. Newton's method, with steps halved until the loss falls.
    """
    feature_NE, basis_CK = _with_one(feature_ND), _basis(classes)
    target_NC = np.eye(classes)[gold_N]
    weight_KE = np.zeros((classes - 1, feature_NE.shape[1]))

    def loss(weight_KE: np.ndarray) -> float:
        score_NC = feature_NE @ (basis_CK @ weight_KE).T
        top_N1 = score_NC.max(axis=1, keepdims=True)
        total_N = np.log(np.exp(score_NC - top_N1).sum(axis=1)) + top_N1[:, 0]
        return float((total_N - (score_NC * target_NC).sum(axis=1)).mean() + ridge / 2 * (weight_KE**2).sum())

    for _ in range(MOST_STEPS):
        p_NC = _softmax(feature_NE @ (basis_CK @ weight_KE).T)
        gradient_KE = basis_CK.T @ (p_NC - target_NC).T @ feature_NE / len(feature_NE) + ridge * weight_KE
        if np.linalg.norm(gradient_KE) < SETTLED:
            break
        hessian = _hessian(feature_NE, p_NC) + ridge * np.eye(weight_KE.size)
        step_KE = np.linalg.solve(hessian, gradient_KE.ravel()).reshape(weight_KE.shape)
        now, share = loss(weight_KE), 1.0
        while loss(weight_KE - share * step_KE) > now and share > 1e-6:
            share /= 2
        weight_KE = weight_KE - share * step_KE
    return basis_CK @ weight_KE


def _with_one(feature_ND: np.ndarray) -> np.ndarray:
    return np.column_stack([feature_ND.astype(np.float64), np.ones(len(feature_ND))])


def _softmax(score_NC: np.ndarray) -> np.ndarray:
    raised_NC = np.exp(score_NC - score_NC.max(axis=1, keepdims=True))
    return raised_NC / raised_NC.sum(axis=1, keepdims=True)


def _basis(classes: int) -> np.ndarray:
    """(C, K) orthonormal columns that sum to 0."""
    basis_CC, _, _ = np.linalg.svd(np.eye(classes) - 1 / classes)
    return basis_CC[:, : classes - 1]


def _hessian(feature_NE: np.ndarray, p_NC: np.ndarray) -> np.ndarray:
    """(K E, K E) of the mean cross-entropy, in the weights that sum to 0 over classes."""
    basis_CK = _basis(p_NC.shape[1])
    bend_NCC = np.eye(p_NC.shape[1]) * p_NC[:, None] - p_NC[:, :, None] * p_NC[:, None]
    bend_NKK = basis_CK.T @ bend_NCC @ basis_CK
    size = bend_NKK.shape[1] * feature_NE.shape[1]
    return np.einsum("nkl,ne,nf->kelf", bend_NKK, feature_NE, feature_NE, optimize=True).reshape(size, size) / len(feature_NE)
