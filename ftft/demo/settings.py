"""What `ftft demo` trains, in one place for the command, the benchmark and the documentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Demo:
    """`references` and `main` are names of bundled encoders (data/models). `epochs` count the whole training set, also for the main run on a subset."""

    rows: int
    held_out: int
    reference_epochs: int
    main_epochs: int
    dataset: str = "reviews"
    seed: int = 0
    references: tuple[str, ...] = ("bert-2x64", "electra-2x64")
    main: str = "bert-2x128"
    metric: str = "variability"
    q: float = 0.33
    subset: str = "ambiguous"
    lr: float = 5e-4
    batch_size: int = 32
    max_length: int = 32

DEMO = Demo(rows=18_000, held_out=2_000, reference_epochs=3, main_epochs=3)
QUICK = Demo(rows=1_500, held_out=400, reference_epochs=3, main_epochs=3)
