"""The strategies by name, how one is written in a line, and `choose`, which runs it.

A strategy is one function and one line in STRATEGIES: that line puts it into the menus, `--help`, the reference and the contract tests.

Shapes: N examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftft.domain.option import Option, Value
from ftft.domain.registered import Registered
from ftft.errors import InputError, unknown
from ftft.metrics import CARTOGRAPHY, METRICS
from ftft.selection import largest_remainder
from ftft.strategies.candidates import Candidates

OURS = "this software"


@dataclass(frozen=True)
class Strategy(Registered):
    """A line of STRATEGIES; it loads a function (of: Candidates, k, seed, **options) -> rows (k,).

    `seeded`: another seed chooses others. `several`: it needs two references or more. `of_epochs`: it needs the losses of every epoch.
    """

    seeded: bool = False
    several: bool = False
    of_epochs: bool = False

    kind = "strategy"


def _metric(default: str, help: str) -> Option:
    return Option("metric", default, help, choices=tuple(METRICS))


def _end(default: str, help: str) -> Option:
    return Option("end", default, help, choices=("top", "bottom"))


# fmt: off
STRATEGIES = {
    s.name: s
    for s in (
        Strategy("top", "Highest values of a metric", CARTOGRAPHY, "ftft.strategies.ends:top",
                 (_metric("variability", "Metric to rank by"),)),
        Strategy("bottom", "Lowest values of a metric", CARTOGRAPHY, "ftft.strategies.ends:bottom",
                 (_metric("confidence", "Metric to rank by"),)),
        Strategy("ambiguous", "Highest variability: what FTFT takes", CARTOGRAPHY, "ftft.strategies.ends:ambiguous"),
        Strategy("easy", "Highest confidence", CARTOGRAPHY, "ftft.strategies.ends:easy"),
        Strategy("hard", "Lowest confidence", CARTOGRAPHY, "ftft.strategies.ends:hard"),
        Strategy("random", "Drawn at random: the control", OURS, "ftft.strategies.draws:random", seeded=True),
        Strategy("aum", "Lowest margin, without suspected label errors", "Pleiss et al. 2020", "ftft.strategies.ends:aum",
                 (Option("threshold", "", "Id of a run with threshold samples: what lies below them is left out"),
                  _end("bottom", "bottom takes the lowest margins, top the highest"))),
        Strategy("el2n", "Highest EL2N", "Paul et al. 2021", "ftft.strategies.ends:el2n"),
        Strategy("forgetting", "Most often forgotten, those never learnt first", "Toneva et al. 2019", "ftft.strategies.ends:forgetting"),
        Strategy("both_ends", "Hardest and easiest by confidence", CARTOGRAPHY, "ftft.strategies.ends:both_ends",
                 (Option("hard", 0.7, "Share of the chosen that are the hardest"),)),
        Strategy("mix", "Most ambiguous, and some of the easiest", CARTOGRAPHY, "ftft.strategies.ends:mix",
                 (Option("easy", 0.2, "Share of the chosen that are the easiest of the others"),)),
        Strategy("ccs", "Coverage of a difficulty score, without its hardest end", "CCS, Zheng et al. 2023", "ftft.strategies.draws:ccs",
                 (_metric("aum", "The difficulty score"),
                  Option("beta", 0.1, "Share of all examples, the hardest, that is dropped"),
                  Option("strata", 50, "Ranges of equal width that the score is cut into", (1, 1000))), seeded=True),
        Strategy("s2l", "Coverage of loss trajectories", "S2L, Yang et al. 2024", "ftft.strategies.draws:s2l",
                 (Option("clusters", 100, "Clusters of trajectories; at most one an example", (1, 1000)),), seeded=True, of_epochs=True),
        Strategy("consensus", "Nearest to the top of all references", OURS, "ftft.strategies.references:consensus",
                 (_metric("variability", "Metric to rank by"), _end("top", "Which end of each ranking")), several=True),
        Strategy("union", "Nearest to the top of any reference", OURS, "ftft.strategies.references:union",
                 (_metric("variability", "Metric to rank by"), _end("top", "Which end of each ranking")), several=True),
    )
}
# fmt: on


def strategy(name: object) -> Strategy:
    """The strategy registered as `name`; InputError names the nearest ones."""
    if not isinstance(name, str) or name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


def parse(text: str) -> tuple[str, dict[str, Value]]:
    """("mix", {"easy": 0.3}) for "mix:easy=.3", as on the command line; InputError names every mistake."""
    name, colon, rest = text.partition(":")
    chosen = strategy(name.strip())
    return chosen.name, chosen.read(rest) if colon else {}


def words(name: str, options: Mapping[str, Any]) -> str:
    """The inverse of `parse`, one text for whatever means the same: options by name, those left out that are as by default."""
    return strategy(name).words(options)


def choose(
    name: str, candidates: Candidates, q: float, options: Mapping[str, Any] = {}, per_label: bool = False, seed: int = 0
) -> np.ndarray:
    """Mask (N,) of the round(q * N) examples that the strategy `name` takes, exactly as many, whatever ties.

    `per_label`: each label gives its share, q of its own rounded by largest remainder, and the strategy looks at one label at a time.
    InputError where this share is none or all of them, for wrong options, and for what the strategy needs and the map lacks.
    """
    chosen = strategy(name)
    given = chosen.options_of(options)
    k = _count(q, candidates.n)
    if chosen.several and len(candidates.references) < 2:
        raise InputError(f"strategy {name!r} compares references, and there is one", 'Name two references, such as "mean~A~B"')
    function = chosen.load()
    mask_N = np.zeros(candidates.n, dtype=bool)
    for members, share in _labels(candidates.gold_N, q, k) if per_label else [(np.arange(candidates.n), k)]:
        rows = function(candidates.take(members) if per_label else candidates, share, seed, **given) if share else []
        mask_N[members[rows]] = True
    assert mask_N.sum() == k, name
    return mask_N


def _count(q: float, n: int) -> int:
    """k; InputError unless some are taken and some are left."""
    if not 0 < q < 1:
        raise InputError(f"q is {q}", "Give a share between 0 and 1, such as 0.33")
    k = round(q * n)
    if k in (0, n):
        raise InputError(
            f"the share {q:g} of {n} examples is {'all' if k else 'none'} of them", f"Give a {'smaller' if k else 'larger'} one"
        )
    return k


def _labels(gold_N: np.ndarray, q: float, k: int) -> list[tuple[np.ndarray, int]]:
    """The rows of each label, and how many of them are taken: as `top` shares them out."""
    labels, places_N = np.unique(gold_N, return_inverse=True)
    shares = largest_remainder(q * np.bincount(places_N, minlength=len(labels)), k)
    return [(np.flatnonzero(places_N == label), share) for label, share in enumerate(shares)]


def as_markdown() -> str:
    """The registry as a table: what docs/experiments.md holds, which a test checks."""
    lines = ["| strategy | takes | options (default) | source |", "|---|---|---|---|"]
    for s in STRATEGIES.values():
        options = "; ".join(f"`{o.name}` ({o.write(o.default) or 'none'}): {o.help[0].lower()}{o.help[1:]}" for o in s.options)
        takes = s.description + (", seeded" if s.seeded else "") + ("; needs several references" if s.several else "")
        lines.append(f"| `{s.name}` | {takes} | {options or '–'} | {s.source} |")
    return "\n".join(lines)
