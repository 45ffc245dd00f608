"""Early stopping: a few evaluations on development sets, the best weights kept, an end when nothing gets better. Test sets have no part.

After Du, Gatt, Nguyen (FTFT), who evaluate twelve times in the budget of a whole run, with a patience of 2. One thing is ours: a model that
gives one answer to everything has not begun to learn, and patience does not run while it does. In a short budget the first looks fall into
the warm-up, and a run would end before it began.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import safetensors.torch
from transformers import PreTrainedModel

from ftft.publish import publish
from ftft.train import ranks


@dataclass
class Seen:
    """`best`: the highest value so far, at `best_step`; `worse`: evaluations since then."""

    best: float = -math.inf
    best_step: int = 0
    worse: int = 0
    step: int = 0  # of the last evaluation
    ended: bool = False


def evaluation_steps(steps: int, evaluations: int) -> frozenset[int]:
    """After which of `steps` updates to evaluate: evenly spread, the last one among them."""
    return frozenset(math.ceil(k * steps / evaluations) for k in range(1, evaluations + 1))


@dataclass
class EarlyStopping:
    """`judge(step)` evaluates the model and gives (the value that must rise, whether the model gives more than one answer).

    `folder` holds the weights of the best evaluation.
    """

    model: PreTrainedModel
    on: str
    at: frozenset[int]
    patience: int
    judge: Callable[[int], tuple[float, bool]]
    folder: Path
    seen: Seen = field(default_factory=Seen)

    def after(self, step: int) -> bool:
        """Evaluates if it is time. Whether training should end with this update."""
        if step not in self.at:
            return False
        (value, has_begun), seen = self.judge(step), self.seen
        seen.step = step
        if value > seen.best:
            seen.best, seen.best_step, seen.worse = value, step, 0
            if ranks.is_first():
                publish(self._file(step), lambda aside: safetensors.torch.save_model(self.model, str(aside)))
        else:
            seen.worse += has_begun
        seen.ended = seen.worse >= self.patience
        return seen.ended

    def restore(self) -> None:
        """Gives the model the weights of the best evaluation."""
        ranks.gather(None)  # they are on the disk
        safetensors.torch.load_model(self.model, str(self._file(self.seen.best_step)), device=str(self.model.device))

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return asdict(self.seen) | {"best": self.seen.best if self.seen.best_step else None}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of `state`."""
        self.seen = replace(Seen(**state), best=-math.inf if state["best"] is None else state["best"])

    def tidy(self) -> None:
        """Removes weights that the last checkpoint does not need; before it is written, a killed run may go back to them."""
        for file in self.folder.glob("step-*.safetensors"):
            if file != self._file(self.seen.best_step):
                file.unlink()

    def to_json(self) -> dict[str, Any]:
        """As in the verdict's `stop`."""
        return {"on": self.on, "step": self.seen.step, "best_step": self.seen.best_step, "best": self.seen.best, "early": self.seen.ended}

    def _file(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.safetensors"
