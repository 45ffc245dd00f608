"""What an update minimises, said so that the gradient does not depend on how its examples are cut into batches.

A loss that is meaned over each batch over-scales gradients under accumulation, and weighs a short batch like a whole one. So an objective
says apart what counts for each example and what counts once an update, and the engine adds up.

Shapes: B examples of a batch, C classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Terms:
    """`example_B`: meaned over all examples of an update. `update`: counts once an update, such as a penalty on the weights."""

    example_B: torch.Tensor
    update: torch.Tensor | None = None

    def plus(self, update: torch.Tensor) -> "Terms":
        """With one more term that counts once an update."""
        return Terms(self.example_B, update if self.update is None else self.update + update)

    def share(self, examples: torch.Tensor | int, batches: int) -> torch.Tensor:
        """What this batch adds to the loss of an update that has so many `examples` in so many `batches`, over all processes."""
        mean = self.example_B.sum() / examples
        return mean if self.update is None else mean + self.update / batches


Objective = Callable[[torch.nn.Module, Any, torch.Tensor], Terms]  # model, its outputs, gold_B; an example with gold IGNORED must add 0
IGNORED = -100  # gold of a row that only keeps a process company


def cross_entropy(model: torch.nn.Module, outputs: Any, gold_B: torch.Tensor) -> Terms:
    """Negative log-likelihood of the gold label, in nats."""
    return Terms(torch.nn.functional.cross_entropy(outputs.logits.float(), gold_B, reduction="none", ignore_index=IGNORED))
