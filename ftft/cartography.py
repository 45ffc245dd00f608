"""Dynamics as the cartography code (Swayamdipta et al. 2020) writes and reads them: training_dynamics/dynamics_epoch_N.jsonl, N from 0.

One object an example: {"guid", "logits_epoch_N": [C numbers], "gold"}, gold a place among the logits. Its other file, td_metrics.jsonl,
is a kind of map file (ftft/datamap.py).
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ftft.dynamics import Epoch
from ftft.errors import InputError
from ftft.publish import publish_folder

FOLDER = "training_dynamics"


def write(epochs: Iterable[Epoch], out: Path) -> Path:
    """Publishes `epochs`, in order, as OUT/training_dynamics, where that code looks for it. InputError where it exists already.

    A float32 is written with as many digits as a float64 needs, so that reading it back gives the same bits.
    """
    folder = Path(out) / FOLDER
    if folder.exists():
        raise InputError(f"{folder} exists", "Name another folder, or remove that one")
    publish_folder(folder, lambda aside: _write(epochs, aside))
    return folder


def _write(epochs: Iterable[Epoch], folder: Path) -> None:
    for number, epoch in enumerate(epochs):
        rows = zip(epoch.ids_N.tolist(), epoch.logits_NC.astype(np.float64).tolist(), epoch.gold_N.tolist(), strict=True)
        with (folder / f"dynamics_epoch_{number}.jsonl").open("w", encoding="utf-8") as lines:
            for guid, logits, gold in rows:
                row = {"guid": guid, f"logits_epoch_{number}": logits, "gold": gold}
                lines.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
