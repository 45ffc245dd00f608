"""Many linear heads on fixed features, trained at once as one tensor: what fine-tuning is when the encoder is frozen ("head tuning").

One head is too small to keep a processor busy; thousands of them side by side are a few matrix products a step. Each run is what it would
be alone: it has its own set, order, learning rate and length, and its gradient is clipped for itself. In closed form, gradients were 1.06
times as fast as autograd's, 1.3 times with MMR: not worth a second way to say the loss.

Shapes: S feature sets, N examples of a set, D features, C classes, R runs, H heads of a run (MHLoss), B examples of a batch, P pairs of
classes, K = H * C.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ftft.errors import InputError, unknown

OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("linear", "constant")
BETAS = (0.9, 0.999)
EPS = 1e-6  # of AdamW
CLIP_EPS = 1e-6  # as in torch.nn.utils.clip_grad_norm_
SHORTEST = 1e-12  # a normal shorter than this has no direction


@dataclass(frozen=True)
class Runs:
    """R runs, each on one of the S sets. They differ in everything but the number of heads.

    `set_R`: which feature set. `weight_RHCD`, `bias_RHC`: what they begin with. `lr_R`: their highest learning rate. `steps_R`: their own
    numbers of steps, after which they stand still. `alpha_R`: what MMR counts in the loss, 0 for none.
    """

    set_R: Tensor
    weight_RHCD: Tensor
    bias_RHC: Tensor
    lr_R: Tensor
    steps_R: Tensor
    alpha_R: Tensor

    def __post_init__(self):
        assert self.bias_RHC.shape == self.weight_RHCD.shape[:3]
        assert all(len(one_R) == len(self.weight_RHCD) > 0 for one_R in (self.set_R, self.lr_R, self.steps_R, self.alpha_R))


@dataclass(frozen=True)
class Recipe:
    """How all of them are trained: as `transformers.Trainer` does it, with the same names.

    `schedule`: "linear" rises over the first ceil(steps * warmup) of a run's own steps and falls to 0 with its last; "constant" knows no
    warm-up. `weight_decay` leaves the bias alone: decoupled from the gradient by "adamw" (Loshchilov and Hutter 2019), part of it by "sgd".
    `max_grad_norm`: of a run's weights and biases together, None for no clipping. Without `bias`, biases stay as they are.
    """

    optimizer: str = "adamw"
    warmup: float = 0.1
    schedule: str = "linear"
    weight_decay: float = 0.0
    max_grad_norm: float | None = 1.0
    bias: bool = True

    def __post_init__(self):
        for kind, name, known in (("optimizer", self.optimizer, OPTIMIZERS), ("schedule", self.schedule, SCHEDULES)):
            if name not in known:
                raise unknown(kind, name, known)
        if not 0 <= self.warmup < 1:
            raise InputError(f"warmup is {self.warmup}", "Give the share of the steps, from 0 to under 1")
        if self.max_grad_norm is not None and not self.max_grad_norm > 0:
            raise InputError(f"max_grad_norm is {self.max_grad_norm}", "Give a number above 0, or None for no clipping")

    def rate_R(self, step: int, runs: Runs) -> Tensor:
        """The learning rate of this step (from 0) for each run; 0 for those that have ended."""
        live_R = step < runs.steps_R
        if self.schedule == "constant":
            return runs.lr_R * live_R
        steps_R = runs.steps_R.double()
        warm_R = torch.ceil(steps_R * self.warmup)
        falls_R = (steps_R - step) / (steps_R - warm_R).clamp_min(1)
        share_R = torch.where(step < warm_R, step / warm_R.clamp_min(1), falls_R)
        return (runs.lr_R * share_R * live_R).to(runs.lr_R.dtype)


@dataclass(frozen=True)
class Batch:
    """One step of all runs. `row_RB`: rows of each run's set. `weight_RB`: what each row's loss counts, usually 1 / B.

    Weight 0 is a padding slot, or an example that is left out: its features and label then change nothing.
    """

    row_RB: Tensor
    weight_RB: Tensor


@dataclass(frozen=True)
class Heads:
    """What came out."""

    weight_RHCD: Tensor
    bias_RHC: Tensor

    def mean(self) -> tuple[Tensor, Tensor]:
        """(weight_RCD, bias_RC) of the mean head, which is the one to export: its logits are the mean of those of the heads."""
        return self.weight_RHCD.mean(1), self.bias_RHC.mean(1)


OnBatch = Callable[[int, Batch, Tensor], None]  # step from 0, its batch, logits_RBC of the mean head before the update


def fit(
    feature_SND: Tensor, gold_SN: Tensor, runs: Runs, recipe: Recipe, batches: Iterator[Batch], on_batch: OnBatch | None = None
) -> Heads:
    """Trains all runs, for as many batches as the longest has steps.

    A run's loss is the sum over its batch of weight * the mean over heads of the cross-entropy (MHLoss), plus alpha * MMR (see `mmr`).
    """
    heads = Heads(runs.weight_RHCD.detach().clone().requires_grad_(), runs.bias_RHC.detach().clone().requires_grad_())
    parameters = heads.weight_RHCD, heads.bias_RHC
    feature_TD, gold_T = feature_SND.flatten(0, 1), gold_SN.flatten()
    update, steps, done = _optimizer(recipe, parameters), int(runs.steps_R.max()), 0
    for done, batch in zip(range(1, steps + 1), batches, strict=False):
        at_RB = batch.row_RB + (runs.set_R * gold_SN.shape[1])[:, None]
        feature_RBD = feature_TD.index_select(0, at_RB.flatten()).view(*at_RB.shape, -1)
        with torch.enable_grad():
            logits_RHCB = _logits(feature_RBD, heads)
            loss_R = _loss(heads.weight_RHCD, feature_RBD, logits_RHCB, _counted(gold_T[at_RB], batch.weight_RB, logits_RHCB), runs.alpha_R)
            gradients = torch.autograd.grad(loss_R.sum(), parameters)
        if not recipe.bias:
            gradients = gradients[0], torch.zeros_like(gradients[1])
        with torch.no_grad():
            if on_batch is not None:
                on_batch(done - 1, batch, logits_RHCB.mean(1).mT)
            if recipe.max_grad_norm is not None:
                gradients = _clipped(gradients, recipe.max_grad_norm)
            update(done, recipe.rate_R(done - 1, runs), gradients)
    assert done == steps, f"{done} batches for {steps} steps"
    return Heads(*(one.detach() for one in parameters))


def logits(feature: Tensor, heads: Heads, set_R: Tensor | None = None) -> Tensor:
    """logits_RNC of the mean heads, on features (N, D) that all runs share, or on (S, N, D), of which `set_R` says whose is which."""
    weight_RCD, bias_RC = heads.mean()
    if set_R is None:
        return torch.einsum("nd,rcd->rnc", feature, weight_RCD) + bias_RC[:, None]
    logits_RNC = feature.new_empty(len(set_R), feature.shape[1], bias_RC.shape[1])
    for one in set_R.unique().tolist():
        of_R = set_R == one
        logits_RNC[of_R] = torch.einsum("nd,rcd->rnc", feature[one], weight_RCD[of_R]) + bias_RC[of_R][:, None]
    return logits_RNC


# ---- the loss


def _logits(feature_RBD: Tensor, heads: Heads) -> Tensor:
    logits_RKB = torch.baddbmm(heads.bias_RHC.flatten(1)[..., None], heads.weight_RHCD.flatten(1, 2), feature_RBD.mT)
    return logits_RKB.unflatten(1, heads.bias_RHC.shape[1:])


def _counted(gold_RB: Tensor, weight_RB: Tensor, logits_RHCB: Tensor) -> Tensor:
    """counted_RCB: the weight of each row in its own class, 0 in the others."""
    classes_C = torch.arange(logits_RHCB.shape[2], device=gold_RB.device)
    return (gold_RB[:, None] == classes_C[:, None]) * weight_RB[:, None]


def _loss(weight_RHCD: Tensor, feature_RBD: Tensor, logits_RHCB: Tensor, counted_RCB: Tensor, alpha_R: Tensor) -> Tensor:
    loss_R = -(logits_RHCB.log_softmax(2) * counted_RCB[:, None]).sum((1, 2, 3)) / weight_RHCD.shape[1]
    return loss_R + alpha_R * mmr(weight_RHCD, feature_RBD, counted_RCB) if alpha_R.any() else loss_R


def mmr(weight_RHCD: Tensor, feature_RBD: Tensor, counted_RCB: Tensor) -> Tensor:
    """penalty_R in [0, 1]: how near the centres of the classes lie to each other, as the head sees them.

    MMR (after Fu et al. 2023, from memory) is 1 / (1 + distance of the class centres). Features that are fixed cannot move apart, so the
    distance is ours: that along the normal of the boundary between two classes, |(w_a - w_b) (c_a - c_b)| / ||w_a - w_b||. It is meaned
    over the pairs of classes that the batch has, and over heads; a batch of one class gives 0. Centres are weighted means:
    `counted_RCB` is the weight of each row in its own class, 0 in the others.
    """
    mass_RC = counted_RCB.sum(2)
    centre_RCD = torch.bmm(counted_RCB, feature_RBD) / torch.where(mass_RC > 0, mass_RC, 1)[..., None]
    a_P, b_P = torch.triu_indices(*mass_RC.shape[-1:] * 2, offset=1, device=mass_RC.device)
    there_RP = (mass_RC[:, a_P] > 0) & (mass_RC[:, b_P] > 0)
    normal_RHPD = weight_RHCD[:, :, a_P] - weight_RHCD[:, :, b_P]
    along_RHP = (normal_RHPD * (centre_RCD[:, a_P] - centre_RCD[:, b_P])[:, None]).sum(-1)
    near_RP = (1 / (1 + along_RHP.abs() / normal_RHPD.norm(dim=-1).clamp_min(SHORTEST))).mean(1)
    return (near_RP * there_RP).sum(1) / there_RP.sum(1).clamp_min(1)


# ---- the update


def _over(value_R: Tensor, like: Tensor) -> Tensor:
    return value_R.view(-1, *[1] * (like.dim() - 1))


def _clipped(gradients: tuple[Tensor, ...], max_norm: float) -> tuple[Tensor, ...]:
    norm_R = torch.cat([one.flatten(1) for one in gradients], 1).norm(dim=1)
    share_R = (max_norm / (norm_R + CLIP_EPS)).clamp_max(1)
    return tuple(one * _over(share_R, one) for one in gradients)


def _optimizer(recipe: Recipe, parameters: tuple[Tensor, Tensor]) -> Callable[[int, Tensor, tuple[Tensor, ...]], None]:
    """An update of `parameters` in place: called with the step from 1, rate_R and the gradients."""
    decays = (recipe.weight_decay, 0.0)
    moments = [(torch.zeros_like(one), torch.zeros_like(one)) for one in parameters if recipe.optimizer == "adamw"]

    def sgd(_step: int, rate_R: Tensor, gradients: tuple[Tensor, ...]) -> None:
        for one, gradient, decay in zip(parameters, gradients, decays, strict=True):
            one.sub_((gradient + decay * one if decay else gradient) * _over(rate_R, one))

    def adamw(step: int, rate_R: Tensor, gradients: tuple[Tensor, ...]) -> None:
        first, second = (1 - beta**step for beta in BETAS)
        for one, gradient, decay, (mean, square) in zip(parameters, gradients, decays, moments, strict=True):
            mean.lerp_(gradient, 1 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
            if decay:
                one.mul_(1 - _over(rate_R, one) * decay)
            one.sub_(mean / (square.sqrt() / second**0.5 + EPS) * _over(rate_R / first, one))

    return adamw if recipe.optimizer == "adamw" else sgd
