"""What a method costs, as shares of erm (training on everything for the whole budget), or of "standard": in FLOPs, whatever the machine.

Counted are training, and the evaluations that stopping and capture need, ERM's own among them; what a kill threw away, and the scoring of
finished models, are no part of a method.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ftft.domain import Run

SHOWN = (1, 2, 5, 10)  # main runs that may share a reference


@dataclass(frozen=True)
class Price:
    """`main`: the mean main run, `reference`: the whole runs that chose its examples, or SURT's re-training, as shares of ERM.

    None where nobody knows.

    `saved`: the share of the references' budget that stopping them early saved; None where none may stop.
    """

    main: float | None = None
    reference: float | None = None
    flops: float | None = None
    saved: float | None = None

    @property
    def ratio(self) -> float | None:
        """The first main run, with its reference."""
        return self.amortised(1)

    def amortised(self, runs: int) -> float | None:
        """A main run's share where so many use one reference."""
        return None if self.main is None or self.reference is None else self.main + self.reference / runs

    @property
    def break_even(self) -> int | None:
        """From how many main runs on reference and main runs together cost no more than ERM for each; None where never."""
        if self.main is None or self.reference is None or self.main >= 1:
            return None
        return max(1, math.ceil(self.reference / (1 - self.main) - 1e-9))

    def to_json(self) -> dict[str, Any]:
        """As in `ftft results --json`."""
        return {
            "cost_ratio": self.ratio, "cost_main": self.main, "cost_reference": self.reference, "flops": self.flops,
            "cost_amortised": {str(n): self.amortised(n) for n in SHOWN}, "break_even": self.break_even,
            "reference_saved": self.saved,
        }  # fmt: skip


def spent(run: Run) -> float | None:
    """FLOPs of training, stopping and capture; of a frozen encoder's features, which other runs may share, the whole pass."""
    cost = run.cost
    if not cost.get("train_flops"):
        return None
    own = cost["train_flops"] - cost.get("repeated_flops", 0) + cost.get("stop_flops", 0) + cost.get("capture_flops", 0)
    return own + cost.get("features_flops", 0)


def price(done: Mapping[int, Run], references: Mapping[int, tuple[str, ...]], erm: Mapping[int, Run], runs: Mapping[str, Run]) -> Price:
    """Of a method's finished runs, against ERM's of the same seeds; `references`: seed -> runs that chose."""
    own = {seed: cost for seed, run in done.items() if (cost := spent(run)) is not None}
    whole = {seed: cost for seed, run in erm.items() if (cost := spent(run)) is not None}
    both = sorted(own.keys() & whole.keys())
    flops = fmean(own.values()) if own else None
    if not both:
        return Price(flops=flops)
    base = sum(whole[seed] for seed in both)
    chosen_by = [[runs.get(run) for run in references.get(seed, ())] for seed in both]
    costs = [spent(run) if run else None for of_seed in chosen_by for run in of_seed]
    retrained = sum(done[seed].cost.get("pretrain_flops") or 0.0 for seed in both)
    reference = None if None in costs else (sum(cost for cost in costs if cost is not None) + retrained) / base
    return Price(sum(own[seed] for seed in both) / base, reference, flops, _saved([run for of in chosen_by for run in of if run]))


def _saved(references: list[Run]) -> float | None:
    """Mean share of the steps that references did not make."""
    stopped = [run for run in references if run.stop and run.steps_total]
    return fmean(1 - run.stop["step"] / (run.steps_total or 1) for run in stopped) if stopped else None
