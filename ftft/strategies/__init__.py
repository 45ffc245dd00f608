"""Strategies of data selection: which k of N examples to train on. Arrays in, a mask out. No files, no database, no torch.

    registry.py     the registry: a strategy is one function and one line there; `choose` runs it
    candidates.py   what is chosen from
    ends.py         one end of a metric's ranking, or several put together
    draws.py        random, coverage of a score (CCS), coverage of trajectories (S2L)
    clusters.py     k-means that gives the same clusters everywhere
    references.py   what several references agree on

Exactly k are chosen, and nothing but the examples, the options and the seed decides which: neither the order of rows nor the machine.
"""

from ftft.strategies.candidates import Candidates
from ftft.strategies.registry import STRATEGIES, Strategy, choose, parse, strategy, words

__all__ = ["STRATEGIES", "Candidates", "Strategy", "choose", "parse", "strategy", "words"]
