"""Dynamics as the cartography code (Swayamdipta et al. 2020) writes and reads them: training_dynamics/dynamics_epoch_N.jsonl, N from 0.

One object an example: {"guid", "logits_epoch_N": [C numbers], "gold"}, gold a place among the logits. Its other file, td_metrics.jsonl,
is a kind of map file (ftft/datamap.py).
"""

import json
from pathlib import Path

import numpy as np

from ftft.dynamics import Dynamics
from ftft.errors import InputError
from ftft.publish import publish_folder

FOLDER = "training_dynamics"


def write(dynamics: Dynamics, out: Path) -> Path:
    """Publishes OUT/training_dynamics, where that code looks for it. InputError where it exists already.

    A float32 is written with as many digits as a float64 needs, so that reading it back gives the same bits.
    """
    folder = Path(out) / FOLDER
    if folder.exists():
        raise InputError(f"{folder} exists", "Name another folder, or remove that one")
    publish_folder(folder, lambda aside: _write(dynamics, aside))
    return folder


def _write(dynamics: Dynamics, folder: Path) -> None:
    ids, golds = dynamics.ids_N.tolist(), dynamics.gold_N.tolist()
    for number, logits_NC in enumerate(dynamics.logits_ENC.astype(np.float64)):
        with (folder / f"dynamics_epoch_{number}.jsonl").open("w", encoding="utf-8") as lines:
            for guid, logits, gold in zip(ids, logits_NC.tolist(), golds, strict=True):
                row = {"guid": guid, f"logits_epoch_{number}": logits, "gold": gold}
                lines.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
