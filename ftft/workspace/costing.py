"""What a run costs, worked out from a profile: the batches that it will see, what each of them takes. Arithmetic alone.

FLOPs are exact where nothing stops the run early: the order of the examples is known before it starts. Of large data one epoch is looked
at, whose batches cost what those of the others do.

Shapes: N training examples, M of them that the run sees, K examples of an evaluation set, P batches.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ftft.domain import Dataset, RunSpec
from ftft.domain.profile import Coefficients, Profile, Speed
from ftft.domain.spec import SETTLED
from ftft.domain.stabilisers import HEAD
from ftft.train.checkpoints import EVERY, KEPT
from ftft.train.order import epoch_batches
from ftft.train.retraining import UPDATE, Recipe

EXACT = 200_000  # rows that are put into batches for one run; beyond them, one epoch stands for all
PREPARED = 100  # shapes that a processor's kernels stay prepared for: about ten kernels each, of the 1024 that oneDNN keeps


@dataclass(frozen=True)
class Cost:
    """FLOPs by what they are for, as in a verdict, and what else takes time and room. `examples`: (M, N).

    `full_flops`: training the same model on everything for the whole budget. `forwards`: batches of evaluations. `shapes`: different ones
    of (training, evaluations); `new`: updates and batches for which no kernel is prepared. `records`, `predictions`: rows that are
    published. `looks`: evaluations that may stop the run. `in_company`: it is trained beside another run that pays for its features and
    for the process. `retraining`: (updates, FLOPs, updates for which no kernel is prepared) of SURT, where this run is the one to do it.
    """

    examples: tuple[int, int]
    steps: int
    epochs: int
    train_flops: float
    full_flops: float
    scores_flops: float
    stop_flops: float
    capture_flops: float
    forwards: int
    shapes: tuple[int, int]
    new: tuple[int, int]
    records: int
    predictions: int
    looks: int
    keeps_model: bool = True
    in_company: bool = False
    retraining: tuple[int, float, int] = (0, 0.0, 0)

    @property
    def flops(self) -> float:
        """All there are."""
        return self.retraining[1] + self.train_flops + self.eval_flops

    @property
    def eval_flops(self) -> float:
        """All that is not training."""
        return self.scores_flops + self.stop_flops + self.capture_flops

    @property
    def ratio(self) -> float:
        """What choosing the model costs (scores of test sets are none of that), as a share of training on everything."""
        return (self.retraining[1] + self.train_flops + self.stop_flops + self.capture_flops) / self.full_flops


def cost(profile: Profile, lengths: Mapping[str, np.ndarray], spec: RunSpec, about: Dataset, mask_N: np.ndarray | None) -> Cost:
    """`lengths[split]`: tokens of each text. `mask_N`: what the run sees of the training set, None for everything."""
    all_N = lengths["train"]
    length_M = all_N if mask_N is None else all_N[mask_N]
    steps = spec.total_steps(len(all_N))
    window = spec.batch_size * spec.grad_accum
    whole, rest = divmod(steps, math.ceil(len(length_M) / window))
    records = whole * len(length_M) + min(rest * window, len(length_M))
    train = _Training.of(length_M, profile.training, spec, steps)
    if spec.tune == HEAD:
        return _of_head(profile, lengths, spec, about, (len(length_M), len(all_N)), train, records)
    judged = spec.stop if spec.stop != SETTLED else None
    looks = min(steps, spec.evals or 0) if judged else 0
    deciding = [lengths[split.name] for split in about.dev_sets(judged)] if judged else []
    scored = [lengths[split.name] for split in about.evaluations] + ([all_N] if spec.predict_train else [])
    stop, scores, capture = (_Forwards.of(sets, spec, profile.forward) for sets in (deciding, scored, [length_M]))
    captured = records / len(length_M) if spec.capture == "epoch_end" else 0.0
    passes = ((scores, 1.0), (stop, looks), (capture, captured))
    return Cost(
        examples=(len(length_M), len(all_N)), steps=steps, epochs=whole + (rest > 0), train_flops=train.flops,
        full_flops=train.flops if mask_N is None else _Training.of(all_N, profile.training, spec, steps).flops,
        scores_flops=scores.flops, stop_flops=looks * stop.flops, capture_flops=captured * capture.flops,
        forwards=round(sum(part.batches * times for part, times in passes)),
        shapes=(train.shapes, max(part.shapes for part, times in passes if times)),
        new=(round(train.new / spec.grad_accum), round(sum(part.shapes * times for part, times in passes))),
        records=0 if spec.capture == "none" else records, predictions=sum(map(len, scored)), looks=looks,
        keeps_model=spec.keep_model is not False,
    )  # fmt: skip


def _of_head(
    profile: Profile, lengths: Mapping[str, np.ndarray], spec: RunSpec, about: Dataset, examples: tuple[int, int], full: "_Training",
    records: int,
) -> Cost:  # fmt: skip
    """One pass of the encoder over every set; the updates of a linear layer are nothing beside it."""
    features = _Forwards.of([lengths[split.name] for split in about.splits], spec, profile.forward)
    train = _Forwards.of([lengths["train"]], spec, profile.forward)
    steps, rows = spec.total_steps(examples[1]), sum(len(lengths[split.name]) for split in about.evaluations)
    return Cost(
        examples=examples, steps=0, epochs=math.ceil(steps / math.ceil(examples[0] / (spec.batch_size * spec.grad_accum))), train_flops=0.0,
        full_flops=full.flops, scores_flops=features.flops - train.flops, stop_flops=0.0, capture_flops=train.flops,
        forwards=features.batches, shapes=(0, features.shapes), new=(0, features.shapes),
        records=0 if spec.capture == "none" else records, predictions=rows + (examples[1] if spec.predict_train else 0), looks=0,
        keeps_model=spec.keep_model is not False,
    )  # fmt: skip


def beside_another(found: Cost) -> Cost:
    """Of a head that is trained with another one on the same features."""
    none = {"scores_flops": 0.0, "capture_flops": 0.0, "forwards": 0, "new": (0, 0)}
    return replace(found, **none, in_company=True)  # pyright: ignore[reportArgumentType]


def after_retraining(found: Cost, profile: Profile, length_N: np.ndarray, spec: RunSpec, recipe: Recipe) -> Cost:
    """Of a run that does SURT first. Its head costs what guessing the masked tokens among all words does; its other weights are few."""
    k, c, a, b = profile.training
    _, row_M = recipe.split(len(length_N))
    steps = recipe.epochs * math.ceil(len(row_M) / recipe.batch_size)
    seeds = replace(spec.seeds, order=recipe.seed)
    plain = replace(spec, methods=None, tune=None, batch_size=recipe.batch_size, grad_accum=1, devices=None, seeds=seeds)
    updates = _Training.of(length_N[row_M], (k, c, a + UPDATE * recipe.masked * profile.words, b), plain, steps)
    return replace(found, retraining=(steps, updates.flops, updates.new))


def seconds(speed: Speed, profile: Profile, found: Cost, devices: int = 1, slower: float = 1.0) -> float:
    """Of the whole run. `slower`: how much longer runs of this model took than the profile says."""
    batch, flop, shape = speed.forward
    evaluating = (batch * found.forwards + flop * found.eval_flops + shape * found.new[1]) / devices
    work = slower * (training_seconds(speed, found, devices) + _taking(speed, *found.retraining) + evaluating)
    saves = _saves(found, work) if found.steps else 0
    written = saves * profile.checkpoint_bytes + (found.keeps_model + found.looks) * profile.model_bytes
    return (0.0 if found.in_company else speed.start) + work + speed.row * (found.records + found.predictions) + speed.byte * written


def training_seconds(speed: Speed, found: Cost, devices: int = 1) -> float:
    """Of the updates alone."""
    return _taking(speed, found.steps, found.train_flops / devices, found.new[0])


def _taking(speed: Speed, updates: int, flops: float, new: int) -> float:
    update, flop, shape = speed.update
    return update * updates + flop * flops + shape * new


def memory(profile: Profile, found: Cost) -> int | None:
    """Bytes at the most."""
    if profile.memory_bytes is None:
        return None
    training, evaluating = profile.shape_bytes
    grown = training * max(0, found.shapes[0] - profile.shapes) + evaluating * max(0, found.shapes[1] - profile.shapes)
    return round(profile.memory_bytes + min(grown, training * max(0, PREPARED - profile.shapes)))


def disk(profile: Profile, found: Cost, took: float) -> tuple[int, int]:
    """Bytes of (what the run leaves, the most that it has on the disk while it trains). `took`: seconds, for how often it saves."""
    records = profile.record_bytes * found.records
    left = found.keeps_model * profile.model_bytes + records + profile.prediction_bytes * found.predictions
    best = (math.ceil(found.looks / found.epochs) + 1) * profile.model_bytes if found.looks else 0
    saves = _saves(found, took) if found.steps else 0
    saving = min(saves, KEPT + 1) * profile.checkpoint_bytes  # an old one goes when the new one is there
    ending = min(saves, KEPT) * profile.checkpoint_bytes + left - records
    return round(left), round(records + best + max(saving, ending))


def _saves(found: Cost, took: float) -> int:
    return found.epochs + int(took / EVERY)


@dataclass(frozen=True)
class _Training:
    """What the updates take. `shapes`: different ones among the batches; `new`: how often one comes that is not prepared."""

    flops: float
    shapes: int
    new: int

    @classmethod
    def of(cls, length_M: np.ndarray, coefficients: Coefficients, spec: RunSpec, steps: int) -> "_Training":
        per_epoch = math.ceil(len(length_M) / (spec.batch_size * spec.grad_accum))
        whole, rest = divmod(steps, per_epoch)
        epochs = whole + (rest > 0)
        looked_at = epochs if epochs * len(length_M) <= EXACT else 1
        flops, sizes = [], []
        for number in range(1, looked_at + 1):
            batches = epoch_batches(length_M, spec.batch_size, spec.seeds.order, number)
            seen = batches[: rest * spec.grad_accum] if number > whole else batches
            of_batches_P, longest_P = _flops(seen, length_M, coefficients, spec.devices or 1)
            flops.append(float(of_batches_P.sum()))
            sizes += longest_P.tolist()
        new, shapes = _unprepared(sizes), len(set(sizes))
        if looked_at == epochs:
            return cls(sum(flops), shapes, new)
        times = steps / min(steps, per_epoch)
        return cls(flops[0] * times, shapes, new if shapes <= PREPARED else round(new * times))


def _unprepared(sizes: Sequence[int]) -> int:
    """How often a size comes that is not among the PREPARED ones met last."""
    known: OrderedDict[int, None] = OrderedDict()
    new = 0
    for size in sizes:
        if size in known:
            known.move_to_end(size)
            continue
        new += 1
        known[size] = None
        if len(known) > PREPARED:
            known.popitem(last=False)
    return new


def _flops(batches: Sequence[np.ndarray], length_M: np.ndarray, coefficients: Coefficients, devices: int) -> tuple[np.ndarray, np.ndarray]:
    """(P,) FLOPs of each batch, shared out among the devices as `ftft.train.ranks` does it; (P,) its longest text."""
    row_M = np.concatenate(batches)
    size_P = np.array([len(row_B) for row_B in batches])
    start_P = np.cumsum(size_P) - size_P
    place_M = np.arange(len(row_M)) - np.repeat(start_P, size_P)
    first_P = length_M[row_M[start_P]]  # pads the share of a device that is left without a text
    flops_P = np.zeros(len(batches))
    for device in range(devices):
        is_mine_M = place_M % devices == device
        texts_P = np.add.reduceat(is_mine_M.astype(int), start_P)
        longest_P = np.maximum.reduceat(np.where(is_mine_M, length_M[row_M], 0), start_P)
        flops_P += batch_flops(coefficients, texts_P, np.where(texts_P > 0, longest_P, first_P))
    return flops_P, np.maximum.reduceat(length_M[row_M], start_P)


def batch_flops(coefficients: Coefficients, texts: np.ndarray, longest: np.ndarray) -> np.ndarray:
    """FLOPs of batches of so many texts, padded to the longest of each."""
    k, c, a, b = coefficients
    longest = longest.astype(float)
    return k + texts * (c + a * longest + b * longest**2)


@dataclass(frozen=True)
class _Forwards:
    """What evaluating some sets once takes; batches come from short to long, so that each shape is new once."""

    flops: float
    batches: int
    shapes: int

    @classmethod
    def of(cls, sets: Sequence[np.ndarray], spec: RunSpec, coefficients: Coefficients) -> "_Forwards":
        flops, longest = 0.0, list[int]()
        for length_K in sets:
            length_K, size = np.sort(length_K), spec.eval_batch_size
            end_P = np.minimum(np.arange(size, len(length_K) + size, size), len(length_K))
            flops += float(batch_flops(coefficients, np.diff(end_P, prepend=0), length_K[end_P - 1]).sum())
            longest += length_K[end_P - 1].tolist()
        return cls(flops, len(longest), len(set(longest)))
