"""What a stabiliser can do to a training run. It does some of this, in this order, and leaves the rest as it is."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from ftft.train.objective import Objective


class Part:
    """One stabiliser of one run. Its options are the arguments of its class."""

    def redraw(self, model: PreTrainedModel, seed: int) -> None:
        """Before all else: weights that are drawn anew, from `seed` alone."""

    def attach(self, model: PreTrainedModel) -> None:
        """The weights are now those that training begins with, or, in a resumed run, will be overwritten after this."""

    def objective(self, model: PreTrainedModel, inner: Objective) -> Objective:
        """What an update minimises, from what it would minimise without this."""
        return inner

    def rates(self, model: PreTrainedModel) -> dict[torch.nn.Parameter, float]:
        """Factors of the learning rate; 1 for what is not in it."""
        return {}

    def after_update(self, groups: Sequence[dict]) -> None:
        """The optimiser has made its update; `groups` are its parameters with the learning rate that this update had."""

    def detach(self, model: PreTrainedModel) -> None:
        """After training: the model is an ordinary one again and predicts what it did before this."""
