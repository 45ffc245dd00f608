"""Several stabilisers as one, and how they get into a `transformers.Trainer` that is not ours."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from transformers import PreTrainedModel, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ftft.domain import stabilisers
from ftft.errors import InputError
from ftft.train.objective import Objective, cross_entropy
from ftft.train.stabilisers.part import Part


class Together:
    """The stabilisers of a run. `methods`: their words; those that come before a run, or are settings of it, are not among its parts."""

    def __init__(self, methods: Sequence[str]) -> None:
        told = [stabilisers.options(part) for part in methods]
        self.parts: list[Part] = [chosen.load()(**options) for chosen, options in told if chosen.where]
        self.from_start = any(chosen.from_start for chosen, _ in told)

    def redraw(self, model: PreTrainedModel, seed: int) -> None:
        for part in self.parts:
            part.redraw(model, seed)

    def attach(self, model: PreTrainedModel) -> None:
        for part in self.parts:
            part.attach(model)

    def objective(self, model: PreTrainedModel) -> Objective:
        """The negative log-likelihood, changed by each that changes it."""
        found: Objective = cross_entropy
        for part in self.parts:
            found = part.objective(model, found)
        return found

    def share_out(self, optimiser: torch.optim.Optimizer, model: PreTrainedModel) -> None:
        """Splits the optimiser's groups by learning rate, the fastest first, whose rate is the one that is logged."""
        factors: dict[torch.nn.Parameter, float] = {}
        for part in self.parts:
            factors |= part.rates(model)
        if not factors:
            return
        split = []
        for group in optimiser.param_groups:
            for factor in sorted({factors.get(weights, 1.0) for weights in group["params"]}, reverse=True):
                mine = [weights for weights in group["params"] if factors.get(weights, 1.0) == factor]
                split.append({**group, "params": mine, "lr": group["lr"] * factor})
        optimiser.param_groups[:] = sorted(split, key=lambda group: -group["lr"])

    def after_update(self, optimiser: torch.optim.Optimizer) -> None:
        for part in self.parts:
            part.after_update(optimiser.param_groups)

    def detach(self, model: PreTrainedModel) -> None:
        for part in reversed(self.parts):
            part.detach(model)


def stabilise(trainer: Trainer, methods: str | Iterable[str], seed: int | None = None) -> Trainer:
    """Gives `trainer` these stabilisers: `stabilise(trainer, ["mmr:alpha=0.05", "llrd"])`, then `trainer.train()`. Returns it.

    Call it before `train`, with a text classifier whose weights are those to begin with. After training the model is an ordinary one.
    `seed`: of what is drawn; the trainer's own by default. InputError for methods that are not known, and for surt and long, which no
    trainer can be given afterwards.
    """
    chosen = stabilisers.parts(methods)
    for name, remedy in (
        (stabilisers.SURT, "Re-train the model first: ftft.surt(…)"),
        (stabilisers.LONG, "Set num_train_epochs and warmup_steps"),
    ):
        if name in stabilisers.names(chosen):
            raise InputError(f"{name} is nothing that a trainer does", remedy)
    model: Any = trainer.model
    if trainer.compute_loss_func is not None:
        raise InputError("the trainer has a compute_loss_func already", "Leave it out: the stabilisers bring the loss")
    together = Together(chosen)
    together.redraw(model, trainer.args.seed if seed is None else seed)
    together.attach(model)
    objective, create = together.objective(model), trainer.create_optimizer

    def loss(outputs: Any, gold_B: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        terms = (objective if model.training else cross_entropy)(model, outputs, gold_B)
        accumulated = trainer.args.gradient_accumulation_steps
        return terms.share(len(gold_B) * accumulated if num_items_in_batch is None else num_items_in_batch, accumulated)

    def create_optimizer(*given: Any) -> torch.optim.Optimizer:
        optimiser = create(*given)
        together.share_out(optimiser, model)
        return optimiser

    trainer.compute_loss_func = loss
    trainer.create_optimizer = create_optimizer  # pyright: ignore[reportAttributeAccessIssue]
    trainer.add_callback(_Rhythm(trainer, together))
    return trainer


class _Rhythm(TrainerCallback):
    """What is done after each update, and after the last."""

    def __init__(self, trainer: Trainer, together: Together) -> None:
        self.trainer, self.together = trainer, together

    def on_optimizer_step(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        self.together.after_update(given["optimizer"])

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        self.together.detach(given["model"])
        self.trainer.compute_loss_func = None
        del self.trainer.create_optimizer  # what covers the class's own
