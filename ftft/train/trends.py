"""Does what theory says of stability show? One factor at a time, over hundreds of synthetic sets, thousands of heads in one tensor.

Everything else stays at BASE. For each set and seed a head is trained twice, with the same first weights and the same batches, the second
time with one example left out (its weight in its slot is 0), which is drawn. Seeds differ in first weights, order and example left out.
Training is by SGD with a constant learning rate, neither clipped nor decayed, since theory is about gradient descent. What theory expects
is reported beside what came out, whatever the sign.

MHLoss on fixed features is no more than this: each of the H heads learns at 1 / H of the learning rate, and the mean of their first weights
is near 0. What it changes here, it changes by that.

Shapes: S sets, N examples of a set, M held out, D features, E = D + 1 with the bias, C classes, K seeds, R = 2 K S runs, H heads, T steps,
B examples of a batch, X weights and biases of a head.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from ftft import bounds
from ftft.errors import InputError, unknown
from ftft.stats import Estimate, influence_M, interval, spearman
from ftft.synthetic import SyntheticSpec, draw, draw_held_out
from ftft.train.linear import Batch, Heads, Recipe, Runs, fit, logits

BATCH = 32
FIRST_SD = 0.02  # of first weights, as in BERT; biases begin at 0
RUNS_AT_ONCE = 600  # what fits into the cache of a core
HELD_OUT = 4000  # examples that accuracy is measured on: seeds of a convex problem differ by little
FEW = 4  # sets: fewer say nothing of a correlation
METHODS = ("standard", "mmr", "mhloss")
SGD = Recipe(optimizer="sgd", schedule="constant", max_grad_norm=None)


@dataclass(frozen=True)
class Setting:
    """What a set is like and how its heads are trained. `start`: how far from the solution they begin, None for near 0."""

    spec: SyntheticSpec
    steps: int
    lr: float
    start: float | None = None


BASE = Setting(SyntheticSpec(samples=200, dimension=32, classes=2, distance=4.0, noise=1.0), steps=200, lr=0.1)


@dataclass(frozen=True)
class Factor:
    """`low` to `high`, in equal ratios: what is set. `bound`: which one has it. `expected`: what theory says epsilon does where it rises.

    `put` makes the setting of it, `value` says what was then measured of the set, which is what correlations are with.
    """

    low: float
    high: float
    bound: str
    expected: str
    put: Callable[[float], Setting]
    value: Callable[["Drawn"], float | None]


FACTORS = {
    "n": Factor(50, 800, "full", "falls", lambda x: _spec(samples=round(x)), lambda d: d.constants.n),
    "L": Factor(0.25, 2, "full", "rises", lambda x: _spec(scale=x), lambda d: d.constants.L),
    "distance": Factor(0.25, 8, "full", "rises", lambda x: replace(BASE, start=x), lambda d: d.away),
    "iterations": Factor(25, 800, "head", "falls", lambda x: replace(BASE, steps=round(x)), lambda d: d.setting.steps),
    "learning_rate": Factor(0.01, 0.3, "head", "rises", lambda x: replace(BASE, lr=x), lambda d: d.setting.lr),
    "margin": Factor(3.5, 8, "head", "falls", lambda x: _spec(distance=x), lambda d: d.constants.gamma),
}


def _spec(**changes: Any) -> Setting:
    return replace(BASE, spec=replace(BASE.spec, **changes))


@dataclass(frozen=True)
class Study:
    """`sets` are split evenly over `factors`; `seeds` runs of each, and as many with an example left out, for each of `methods`.

    `alpha`: what MMR counts. `heads`: of MHLoss.
    """

    sets: int = 300
    seeds: int = 20
    factors: tuple[str, ...] = tuple(FACTORS)
    methods: tuple[str, ...] = METHODS
    seed: int = 1
    alpha: float = 0.01
    heads: int = 5

    def __post_init__(self):
        for kind, names, known in (("factor", self.factors, FACTORS), ("method", self.methods, METHODS)):
            for name in names:
                if name not in known:
                    raise unknown(kind, name, known)
            if not names or len(set(names)) < len(names):
                raise InputError(f"{kind}s are {', '.join(names) or 'none'}", "Give at least one, and each once")
        if self.sets < len(self.factors) or self.sets % len(self.factors):
            raise InputError(f"{self.sets} sets for {len(self.factors)} factors", "Give a multiple of the number of factors")
        for name, value, least in (("seeds", self.seeds, 2), ("heads", self.heads, 1), ("seed", self.seed, 0), ("alpha", self.alpha, 0)):
            if value < least:
                raise InputError(f"{name} is {value}", f"Give at least {least}")


@dataclass(frozen=True)
class Drawn:
    """A set with all that chance decides of its runs, so that methods differ in nothing else. `away`: mean over seeds of ||w0 - w*||."""

    setting: Setting
    feature_ND: np.ndarray
    gold_N: np.ndarray
    held_MD: np.ndarray
    held_gold_M: np.ndarray
    first_KHCE: np.ndarray
    row_KTB: np.ndarray
    left_K: np.ndarray
    constants: bounds.Constants
    away: float

    def bound(self, which: str) -> float | None:
        """The value of the "full" or the "head" bound; see ftft.bounds."""
        c = self.constants
        if which == "full":
            return bounds.full_bound(c.n, c.L, c.beta, c.mu, self.away)
        return bounds.head_bound(self.setting.steps, c.n, c.gamma, c.B, c.lam)


def prepare(setting: Setting, seeds: int, heads: int, seed: list[int]) -> Drawn:
    """Draws a set, solves it, and draws its runs: an order is one permutation of the examples after the other, cut into full batches."""
    random = np.random.default_rng(seed)
    setting = replace(setting, spec=replace(setting.spec, seed=int(random.integers(1 << 31))))
    (feature_ND, gold_N), classes = draw(setting.spec), setting.spec.classes
    solution_CE = bounds.solve(feature_ND, gold_N, classes)
    first_KHCE = random.normal(size=(seeds, heads, *solution_CE.shape))
    if setting.start is None:
        first_KHCE *= FIRST_SD
        first_KHCE[..., -1] = 0
    else:  # in a direction that training can come back from: what all classes share changes no probability
        first_KHCE -= first_KHCE.mean(axis=2, keepdims=True)
        first_KHCE *= setting.start / np.linalg.norm(first_KHCE, axis=(2, 3), keepdims=True)
        first_KHCE += solution_CE
    slots, n = setting.steps * BATCH, len(gold_N)
    orders = np.tile(np.arange(n), (seeds * -(-slots // n), 1))
    row_KTB = random.permuted(orders, axis=1).reshape(seeds, -1)[:, :slots].reshape(seeds, -1, BATCH)
    away = float(np.linalg.norm(first_KHCE[:, 0] - solution_CE, axis=(1, 2)).mean())
    constants = bounds.constants(feature_ND, gold_N, solution_CE)
    held = draw_held_out(setting.spec, HELD_OUT)
    return Drawn(setting, feature_ND, gold_N, *held, first_KHCE, row_KTB, random.integers(n, size=seeds), constants, away)


# ---- measuring


@dataclass(frozen=True)
class Measured:
    """Of one set, means over seeds. `epsilon`: ||A(S^i) - A(S)||, of the weights and biases of the mean head. `direction`: the same of
    both scaled to norm 1, in [0, 2]. `noise_floor`: as epsilon, between two seeds with nothing left out. `accuracy` on held-out examples,
    in [0, 1], and its SD over seeds (ddof 1).
    """

    epsilon: float
    direction: float
    noise_floor: float
    accuracy: float
    accuracy_sd: float


def measure(sets: list[Drawn], study: Study, method: str) -> list[Measured]:
    """Trains and compares the runs of these sets, all in one tensor: first those of the first set, K in full and K with one left out."""
    heads = study.heads if method == "mhloss" else 1
    first_RHCE = torch.from_numpy(np.concatenate([one.first_KHCE[:, :heads] for one in sets for _ in range(2)])).float()
    per_set = 2 * study.seeds
    lr_R, steps_R = (torch.tensor([getattr(one.setting, name) for one in sets]).repeat_interleave(per_set) for name in ("lr", "steps"))
    alpha_R = torch.full((len(lr_R),), study.alpha if method == "mmr" else 0.0)
    set_R = torch.arange(len(sets)).repeat_interleave(per_set)
    runs = Runs(set_R, first_RHCE[..., :-1], first_RHCE[..., -1], lr_R, steps_R, alpha_R)
    fitted = fit(*_padded([(one.feature_ND, one.gold_N) for one in sets]), runs, SGD, _batches(sets))
    held_SMD, gold_SM = _padded([(one.held_MD, one.held_gold_M) for one in sets])
    in_full_R = torch.arange(len(set_R)) % per_set < study.seeds
    full = Heads(fitted.weight_RHCD[in_full_R], fitted.bias_RHC[in_full_R])
    right_RM = logits(held_SMD, full, set_R[in_full_R]).argmax(2) == gold_SM[set_R[in_full_R]]
    accuracy_SK = right_RM.double().mean(1).view(len(sets), -1).numpy()
    weight_RCD, bias_RC = fitted.mean()
    exported_RX = torch.cat([weight_RCD.flatten(1), bias_RC], 1).double().numpy()
    return [_measured(*one) for one in zip(exported_RX.reshape(len(sets), 2, study.seeds, -1), accuracy_SK, strict=True)]


def _measured(exported_2KX: np.ndarray, accuracy_K: np.ndarray) -> Measured:
    full_KX, without_KX = exported_2KX
    unit_2KX = exported_2KX / np.linalg.norm(exported_2KX, axis=2, keepdims=True)
    apart = (full_KX - without_KX, unit_2KX[0] - unit_2KX[1], full_KX - np.roll(full_KX, 1, axis=0))
    epsilon, direction, floor = (float(np.linalg.norm(one_KX, axis=1).mean()) for one_KX in apart)
    return Measured(epsilon, direction, floor, float(accuracy_K.mean()), float(accuracy_K.std(ddof=1)))


def _padded(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[torch.Tensor, torch.Tensor]:
    feature_SND, gold_SN = (
        torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one[which]) for one in parts], batch_first=True) for which in (0, 1)
    )
    return feature_SND, gold_SN


def _batches(sets: list[Drawn]) -> Iterator[Batch]:
    nobody, orders = -1, [torch.from_numpy(one.row_KTB) for one in sets]
    left_R = torch.from_numpy(np.concatenate([side for one in sets for side in (np.full_like(one.left_K, nobody), one.left_K)]))
    for step in range(max(one.setting.steps for one in sets)):
        row_RB = torch.cat([order_KTB[:, min(step, order_KTB.shape[1] - 1)].repeat(2, 1) for order_KTB in orders])
        yield Batch(row_RB, (row_RB != left_R[:, None]).float() / BATCH)


# ---- the study


@dataclass(frozen=True)
class Trend:
    """One factor. `set_S`: what it was put to. `value_S`: what the sets then had of it. `bound_S`: what theory says of them, which knows
    nothing of methods. `measured`: for each method what each set gave.
    """

    factor: str
    set_S: list[float]
    value_S: list[float | None]
    bound_S: list[float | None]
    measured: dict[str, list[Measured]]

    def correlation(self, method: str, what: str) -> Estimate | None:
        """Spearman's, of a field of Measured with the factor, over sets that have a value. None where one of both does not vary."""
        value_S = np.array([np.nan if value is None else value for value in self.value_S])
        there_S = ~np.isnan(value_S)
        a_S, b_S = value_S[there_S], np.array([getattr(one, what) for one in self.measured[method]])[there_S]
        rho = spearman(a_S, b_S)
        influences_S = influence_M(a_S, b_S)
        if rho is None or influences_S is None:
            return None
        return interval(rho, float(influences_S.std(ddof=1)), len(a_S)) if len(a_S) >= FEW else Estimate(rho, -1.0, 1.0)

    def to_json(self) -> dict[str, Any]:
        """Plain values. Lists are over sets; null is what does not exist."""
        return {
            "expected": FACTORS[self.factor].expected, "bound_of": FACTORS[self.factor].bound,
            "set": self.set_S, "values": self.value_S, "bound": self.bound_S,
            "methods": {method: self._of_method(method) for method in self.measured},
        }  # fmt: skip

    def _of_method(self, method: str) -> dict[str, Any]:
        lists = {name: [getattr(one, name) for one in self.measured[method]] for name in Measured.__dataclass_fields__}
        correlations = {name: self.correlation(method, name) for name in ("epsilon", "direction", "accuracy_sd")}
        return lists | {"spearman": {name: None if found is None else asdict(found) for name, found in correlations.items()}}


@dataclass(frozen=True)
class Trends:
    """What a study found, by factor."""

    study: Study
    factors: dict[str, Trend]

    def to_json(self) -> dict[str, Any]:
        """`{study, base, factors: {name: {expected, bound_of, set[], values[], bound[], methods: {name: {epsilon[], …, spearman}}}}}`."""
        found = {name: trend.to_json() for name, trend in self.factors.items()}
        study = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self.study).items()}
        return {"study": study, "base": {**asdict(BASE), "batch": BATCH}, "factors": found}


def run(study: Study, progress: Callable[[int, int], None] | None = None) -> Trends:
    """The whole study: 36,000 heads by default, a minute of one core. `progress(done, all)` counts sets, once for each method."""
    torch.set_num_threads(1)  # two were slower: the tensors fit into the cache of a core
    each, at_once = study.sets // len(study.factors), max(1, RUNS_AT_ONCE // (2 * study.seeds))
    found, done = {}, 0
    for name in study.factors:
        factor = FACTORS[name]
        setting_S = [float(value) for value in np.geomspace(factor.low, factor.high, each)]
        value_S, bound_S, measured = [], [], {method: [] for method in study.methods}
        for start in range(0, each, at_once):
            some = enumerate(setting_S[start : start + at_once], start)
            seed = [study.seed, list(FACTORS).index(name)]
            sets = [prepare(factor.put(value), study.seeds, study.heads, [*seed, at]) for at, value in some]
            value_S += [factor.value(one) for one in sets]
            bound_S += [one.bound(factor.bound) for one in sets]
            for method in study.methods:
                measured[method] += measure(sets, study, method)
                done += len(sets)
                if progress is not None:
                    progress(done, study.sets * len(study.methods))
        found[name] = Trend(name, setting_S, value_S, bound_S, measured)
    return Trends(study, found)
