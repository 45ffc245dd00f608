"""Fine-tuning, in a process of its own: the only place of the package that knows torch and transformers."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from ftft.runfolder import RunFolder


def run_folder(folder: "RunFolder") -> dict[str, Any]:
    """Brings a run folder from its spec to its verdict: `ftft.train.running.run_folder`. The call loads torch, the import does not."""
    from ftft.train.running import run_folder

    return run_folder(folder)


def run_heads(folders: "Sequence[RunFolder]") -> None:
    """The same of several runs of head tuning in one process: `ftft.train.running.run_heads`. The call loads torch."""
    from ftft.train.running import run_heads

    run_heads(folders)


def read_uid_to_logits(file: "Path") -> "dict[Any, np.ndarray]":
    """The dictionary {uid: tensor} in a file of others, as arrays: `ftft.train.uid_to_logits.read`. The call loads torch."""
    from ftft.train.uid_to_logits import read

    return read(file)
