"""Fine-tuning, in a process of its own: the only place of the package that knows torch and transformers."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ftft.runfolder import RunFolder


def run_folder(folder: "RunFolder") -> dict[str, Any]:
    """Brings a run folder from its spec to its verdict: `ftft.train.running.run_folder`. The call loads torch, the import does not."""
    from ftft.train.running import run_folder

    return run_folder(folder)
