"""What a model's last layer takes in: the features of each text, in the pass that was made last.

Shapes: B examples of a batch, L tokens, D features, C classes.
"""

import torch
from transformers import PreTrainedModel

from ftft.train.head import last_layer


class Features:
    """Watches from when it is made until `release`."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.layer = last_layer(model)[1]
        self._pass: tuple[torch.Tensor, torch.Tensor] | None = None
        self._hook = self.layer.register_forward_hook(self._keep)

    def of(self, logits_BC: torch.Tensor) -> torch.Tensor:
        """(B, D): what gave these logits. A decoder answers at each token: then that of the token which the model picked."""
        assert self._pass is not None, "nothing has passed yet"
        given, answered = self._pass
        if given.dim() == 2:
            return given
        picked_B = (answered.detach() - logits_BC.detach()[:, None]).abs().sum(2).argmin(1)
        return given[torch.arange(len(given), device=given.device), picked_B]

    def release(self) -> None:
        """Lets go of the layer and of the last pass."""
        self._hook.remove()
        self._pass = None

    def _keep(self, layer: torch.nn.Module, given: tuple[torch.Tensor, ...], answered: torch.Tensor) -> None:
        self._pass = given[0], answered
