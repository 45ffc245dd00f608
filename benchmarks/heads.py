"""What it is worth to train many heads as one tensor: the fits of the study of trends, beside loops that fit one head after the other.

    pip install scikit-learn
    python -m benchmarks.heads --out heads.json [--pairs 10] [--fits 40]

All on the same synthetic sets, one thread, with the steps and the learning rate of ftft.train.trends.BASE; drawing sets and orders is not
counted. The tensor's time holds testing and comparing its heads too. The loops:

- alone: our own `fit`, given one run at a time. The same numbers to the last digits.
- partial_fit: scikit-learn's SGDClassifier, one call a batch: what it takes where each batch is to be seen or weighed.
- sgd_fit: the same class, one call a head: its own loop over as many examples, one update an example, in compiled code.
- lbfgs: scikit-learn's LogisticRegression, run until it has settled: no steps, and so another thing than fine-tuning.

A pair is `--fits` heads of a loop and 600 of the tensor, in turns (benchmarks/timing.py); ratios are of seconds for one head. What the
whole study (12,000 heads for each method) would take is extrapolated from that: heads are alike, and a loop takes as long for each.
"""

import argparse
import json
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ftft
from benchmarks import timing
from ftft.train import trends
from ftft.train.linear import Batch, Runs, fit
from ftft.train.trends import BASE, BATCH, SGD, Drawn, Study

STUDY = Study(methods=("standard",))
FITS = 2 * STUDY.sets * STUDY.seeds
SETS = trends.RUNS_AT_ONCE // (2 * STUDY.seeds)
Loop = Callable[[Drawn, int], object]  # a set, which of its seeds


def alone(one: Drawn, seed: int) -> object:
    """Our `fit` with a single run."""
    first_1HCE = torch.from_numpy(one.first_KHCE[seed : seed + 1, :1]).float()
    which, steps = torch.zeros(1, dtype=torch.int64), torch.tensor([BASE.steps])
    runs = Runs(which, first_1HCE[..., :-1], first_1HCE[..., -1], torch.tensor([BASE.lr]), steps, torch.zeros(1))
    row_TB, weight_1B = torch.from_numpy(one.row_KTB[seed]), torch.full((1, BATCH), 1 / BATCH)
    batches = (Batch(row_B[None], weight_1B) for row_B in row_TB)
    return fit(torch.from_numpy(one.feature_ND)[None], torch.from_numpy(one.gold_N)[None], runs, SGD, batches)


def _classifier(**settings: Any) -> Any:
    from sklearn.linear_model import SGDClassifier  # pyright: ignore[reportMissingImports]

    return SGDClassifier(loss="log_loss", penalty=None, learning_rate="constant", eta0=BASE.lr / BATCH, tol=None, **settings)


def partial_fit(one: Drawn, seed: int) -> object:
    """A call for each batch."""
    classifier, classes_C = _classifier(), np.unique(one.gold_N)
    for row_B in one.row_KTB[seed]:
        classifier.partial_fit(one.feature_ND[row_B], one.gold_N[row_B], classes=classes_C)
    return classifier


def sgd_fit(one: Drawn, seed: int) -> object:
    """A call for each head."""
    return _classifier(max_iter=BASE.steps * BATCH // BASE.spec.samples, random_state=seed).fit(one.feature_ND, one.gold_N)


def lbfgs(one: Drawn, _seed: int) -> object:
    """Until it has settled, with the L2 term that scikit-learn begins with."""
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingImports]

    return LogisticRegression(max_iter=1000).fit(one.feature_ND, one.gold_N)


LOOPS: dict[str, Loop] = {"alone": alone, "partial_fit": partial_fit, "sgd_fit": sgd_fit, "lbfgs": lbfgs}


def compare(name: str, sets: list[Drawn], fits: int, n: int) -> timing.Pairs:
    """Seconds for one head of a loop over those of the tensor."""
    wanted = list(islice(cycle((one, seed) for one in sets for seed in range(STUDY.seeds)), fits))

    def loop() -> int:
        for one, seed in wanted:
            LOOPS[name](one, seed)
        return fits

    def tensor() -> int:
        trends.measure(sets, STUDY, "standard")
        return 2 * STUDY.seeds * len(sets)

    return timing.pairs(loop, tensor, n, measure=_for_one)


def _for_one(heads: Callable[[], Any]) -> float:
    began = time.perf_counter()
    number = heads()
    return (time.perf_counter() - began) / number


def run(n: int, fits: int, out: Path) -> None:
    """All loops; `out` holds those that are done."""
    import sklearn  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(1)
    sets = [trends.prepare(BASE, STUDY.seeds, 1, [1, at]) for at in range(SETS)]
    found: dict[str, Any] = {"measured_heads": fits, "of": FITS, "steps": BASE.steps, "batch": BATCH, "threads": 1}
    found["versions"] = {"torch": torch.__version__, "scikit-learn": sklearn.__version__, "ftft": ftft.__version__}
    for name in LOOPS:
        pairs = compare(name, sets, fits, n)
        extrapolated = {
            "loop_seconds_for_all": round(pairs.seconds_a * FITS, 1),
            "tensor_seconds_for_all": round(pairs.seconds_b * FITS, 1),
        }
        ratio = {name: round(getattr(pairs, name), 2) for name in ("median", "low", "high")}
        found[name] = {"ratio": ratio, "ms_a_head": [round(1e3 * s, 3) for s in (pairs.seconds_a, pairs.seconds_b)], **extrapolated}
        print(
            f"{name:<12}{pairs.median:8.2f}{pairs.low:8.2f}{pairs.high:8.2f}" + "".join(f"{s:10.1f}" for s in extrapolated.values()),
            flush=True,
        )
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heads", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--fits", type=int, default=40)
    given = parser.parse_args()
    print(f"{'':<12}{'ratio':>8}{'low':>8}{'high':>8}{'loop, s':>10}{'tensor, s':>10}   for {FITS:,} heads, extrapolated")
    run(given.pairs, given.fits, given.out)
