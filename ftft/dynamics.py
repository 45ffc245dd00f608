"""Training dynamics: what a model said about every training example, epoch by epoch.

Shapes: E epochs, N examples, C classes.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Epoch:
    """What one epoch recorded. `logits_NC` of the training pass (capture "online") or of an evaluation pass at its end ("epoch_end").

    `step_N` is the optimiser step that used the example, counted from 1; `order_hash` identifies the order of the examples.
    """

    number: int
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place of the label in the dataset's labels
    logits_NC: np.ndarray  # float32
    step_N: np.ndarray
    capture: str
    order_hash: str
    complete: bool = True


@dataclass(frozen=True)
class Dynamics:
    """The complete epochs of one run, stacked: row n of every array is the same example, ordered by id as text.

    `epochs[e]` is the number of the e-th row, counted from 1; `order_hashes[e]` identifies the order in which that epoch saw the examples.
    """

    run: str
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place of the label in the dataset's labels
    logits_ENC: np.ndarray  # float32
    epochs: tuple[int, ...]
    capture: str
    order_hashes: tuple[str, ...]


@dataclass(frozen=True)
class Measures:
    """Metrics without the dynamics behind them, as others publish them: all that is known of such a run. Ordered by id as text.

    `values[metric]` is (N,) float64, NaN only for the forgetting of an example that was never learnt. `epochs` is how many they were
    taken over, at least so many where `exact` is False.
    """

    run: str
    ids_N: np.ndarray  # text
    gold_N: np.ndarray  # int: place of the label in the dataset's labels
    values: dict[str, np.ndarray]
    epochs: int
    exact: bool
