"""Heads trained together are what each would be alone, and what PyTorch and transformers make of one.

Shapes: S sets, N examples, D features, C classes, R runs, H heads, B examples of a batch, T steps.
"""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from transformers import get_linear_schedule_with_warmup

from ftft.errors import InputError
from ftft.train.linear import Batch, Heads, Recipe, Runs, fit, logits, mmr

Data = tuple[torch.Tensor, torch.Tensor]  # feature_SND, gold_SN
S, N, D, C, B = 3, 40, 5, 3, 8
PLAIN = Recipe(optimizer="sgd", schedule="constant", max_grad_norm=None)


@pytest.fixture
def data() -> Data:
    """Classes that overlap."""
    random = torch.Generator().manual_seed(0)
    gold_SN = torch.randint(0, C, (S, N), generator=random)
    centre_CD = torch.randn(C, D, generator=random, dtype=torch.float64)
    return centre_CD[gold_SN] + torch.randn(S, N, D, generator=random, dtype=torch.float64), gold_SN


def some_runs(steps: list[int], heads: int = 1, lr: float = 0.1, alpha: float = 0.0, seed: int = 1) -> Runs:
    random, number = torch.Generator().manual_seed(seed), len(steps)
    weight_RHCD = torch.randn(number, heads, C, D, generator=random, dtype=torch.float64)
    bias_RHC = torch.randn(number, heads, C, generator=random, dtype=torch.float64)
    lr_R = lr * (1 + torch.arange(number, dtype=torch.float64))
    alpha_R = torch.full((number,), alpha, dtype=torch.float64)
    return Runs(torch.arange(number) % S, weight_RHCD, bias_RHC, lr_R, torch.tensor(steps), alpha_R)


def some_batches(runs: Runs, seed: int = 2) -> list[Batch]:
    random, shape = torch.Generator().manual_seed(seed), (len(runs.set_R), B)
    weight_RB = torch.full(shape, 1 / B, dtype=torch.float64)
    return [Batch(torch.randint(0, N, shape, generator=random), weight_RB) for _ in range(int(runs.steps_R.max()))]


def only(runs: Runs, batches: list[Batch], r: int) -> tuple[Runs, list[Batch]]:
    alone = Runs(*(getattr(runs, name)[r : r + 1] for name in Runs.__dataclass_fields__))
    return alone, [Batch(one.row_RB[r : r + 1], one.weight_RB[r : r + 1]) for one in batches]


def assert_equal(a: Heads, b: Heads, **tolerance) -> None:
    torch.testing.assert_close(a.weight_RHCD, b.weight_RHCD, **tolerance)
    torch.testing.assert_close(a.bias_RHC, b.bias_RHC, **tolerance)


# ---- as others do it


def by_torch(data: Data, runs: Runs, batches: list[Batch], recipe: Recipe, of_optimizer, schedule) -> Heads:
    """One run, written as in any tutorial."""
    feature_ND, gold_N = data[0][runs.set_R[0]], data[1][runs.set_R[0]]
    head = torch.nn.Linear(D, C, dtype=torch.float64)
    head.load_state_dict({"weight": runs.weight_RHCD[0, 0], "bias": runs.bias_RHC[0, 0]})
    groups = [{"params": [head.weight], "weight_decay": recipe.weight_decay}, {"params": [head.bias], "weight_decay": 0.0}]
    optimizer = of_optimizer(groups)
    scheduler = schedule(optimizer)
    for batch in batches:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(feature_ND[batch.row_RB[0]]), gold_N[batch.row_RB[0]]).backward()
        if recipe.max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(head.parameters(), recipe.max_grad_norm)
        optimizer.step()
        scheduler.step()
    return Heads(head.weight.detach()[None, None], head.bias.detach()[None, None])


@pytest.mark.parametrize("steps", [1, 10, 23, 41])
@pytest.mark.parametrize("clip", [None, 0.3])
@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_adamw_with_a_linear_schedule_is_that_of_transformers(data: Data, steps, clip, decay):
    runs = some_runs([steps])
    batches, recipe = some_batches(runs), Recipe(max_grad_norm=clip, weight_decay=decay)
    expected = by_torch(
        data, runs, batches, recipe,
        lambda groups: torch.optim.AdamW(groups, lr=float(runs.lr_R[0]), eps=1e-6),
        lambda optimizer: get_linear_schedule_with_warmup(optimizer, math.ceil(steps * recipe.warmup), steps),
    )  # fmt: skip
    assert_equal(fit(*data, runs, recipe, iter(batches)), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_sgd_with_a_constant_rate_is_that_of_torch(data: Data, decay):
    runs = some_runs([17])
    batches, recipe = some_batches(runs), replace(PLAIN, weight_decay=decay)
    expected = by_torch(
        data, runs, batches, recipe,
        lambda groups: torch.optim.SGD(groups, lr=float(runs.lr_R[0])),
        lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0),
    )  # fmt: skip
    assert_equal(fit(*data, runs, recipe, iter(batches)), expected, rtol=1e-10, atol=1e-12)


def test_the_rate_rises_to_its_peak_and_falls_to_nothing_over_each_runs_own_steps():
    runs = some_runs([10, 20])
    rate_RT = torch.stack([Recipe(warmup=0.2).rate_R(step, runs) for step in range(20)], 1) / runs.lr_R[:, None]
    assert rate_RT[0, :10].tolist() == pytest.approx([0, 0.5, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert rate_RT[0, 10:].tolist() == [0] * 10
    assert rate_RT[1].argmax() == 4
    assert rate_RT[1, -1] == pytest.approx(1 / 16)


@pytest.mark.parametrize("wrong", [{"optimizer": "adam"}, {"schedule": "cosine"}, {"warmup": 1.0}, {"max_grad_norm": 0.0}])
def test_a_recipe_nobody_knows_is_refused(wrong):
    with pytest.raises(InputError):
        Recipe(**wrong)


# ---- company


@pytest.mark.parametrize("recipe", [Recipe(weight_decay=0.1), PLAIN], ids=["adamw", "sgd"])
def test_a_run_is_what_it_would_be_alone(data: Data, recipe):
    runs = some_runs([30, 12, 25, 30], heads=2, alpha=0.5)
    batches = some_batches(runs)
    together = fit(*data, runs, recipe, iter(batches))
    for r in range(4):
        run, its_batches = only(runs, batches, r)
        assert_equal(
            fit(*data, run, recipe, iter(its_batches)),
            Heads(together.weight_RHCD[r : r + 1], together.bias_RHC[r : r + 1]),
            rtol=1e-10,
            atol=1e-12,
        )


def test_mmr_of_one_run_is_nothing_to_another(data: Data):
    runs = some_runs([20, 20])
    batches = some_batches(runs)
    without = fit(*data, runs, Recipe(), iter(batches))
    with_one = fit(*data, replace(runs, alpha_R=torch.tensor([0.0, 3.0], dtype=torch.float64)), Recipe(), iter(batches))
    assert torch.equal(without.weight_RHCD[0], with_one.weight_RHCD[0])
    assert not torch.allclose(without.weight_RHCD[1], with_one.weight_RHCD[1], atol=1e-4)


@pytest.mark.parametrize("recipe", [Recipe(weight_decay=0.1), PLAIN], ids=["adamw", "sgd"])
def test_a_run_stands_still_once_its_steps_are_done(data: Data, recipe):
    runs = some_runs([5, 30])
    batches, same = some_batches(runs), torch.arange(B).repeat(2, 1)
    seen_TRBC = []
    fit(*data, runs, recipe, iter([Batch(same, one.weight_RB) for one in batches]), lambda _, __, logits_RBC: seen_TRBC.append(logits_RBC))
    moved_TR = [(b - a).abs().amax((1, 2)) for a, b in pairwise(seen_TRBC)]
    assert all(moved_R[0] == 0 for moved_R in moved_TR[5:])
    assert all(moved_R[1] > 0 for moved_R in moved_TR[5:-1])
    assert moved_TR[3][0] > 0


def test_too_few_batches_do_not_pass_for_a_whole_run(data: Data):
    runs = some_runs([5])
    with pytest.raises(AssertionError, match="4 batches for 5 steps"):
        fit(*data, runs, PLAIN, iter(some_batches(runs)[:4]))


def test_what_a_run_begins_with_is_left_as_it_was(data: Data):
    runs = some_runs([5])
    before = runs.weight_RHCD.clone()
    fit(*data, runs, PLAIN, iter(some_batches(runs)))
    assert torch.equal(runs.weight_RHCD, before)


# ---- leaving out


@pytest.mark.parametrize("recipe", [Recipe(), PLAIN], ids=["adamw", "sgd"])
def test_an_example_of_weight_0_changes_nothing_whatever_it_is(data: Data, recipe):
    (feature_SND, gold_SN), runs = data, some_runs([30], heads=2, alpha=0.5)
    batches = [Batch(one.row_RB, one.weight_RB * (one.row_RB != 7)) for one in some_batches(runs)]
    assert any((one.row_RB == 7).any() for one in batches)
    feature_SND[0, 7] = 1e3
    gold_SN[0, 7] = (gold_SN[0, 7] + 1) % C
    other = fit(feature_SND, gold_SN, runs, recipe, iter(batches))
    feature_SND[0, 7] = 0
    assert_equal(fit(feature_SND, gold_SN, runs, recipe, iter(batches)), other, rtol=0, atol=0)


def test_an_example_that_counts_does_not(data: Data):
    (feature_SND, gold_SN), runs = data, some_runs([30])
    batches = some_batches(runs)
    before = fit(feature_SND, gold_SN, runs, Recipe(), iter(batches))
    feature_SND[0, 7] += 1
    assert not torch.equal(fit(feature_SND, gold_SN, runs, Recipe(), iter(batches)).weight_RHCD, before.weight_RHCD)


# ---- MMR


def penalty(weight_CD, feature_BD, gold_B, weight_B=None) -> tuple[float, torch.Tensor]:
    """MMR of one run with one head, with its gradient."""
    weight_11CD = torch.tensor(weight_CD, dtype=torch.float64)[None, None].requires_grad_()
    counted_CB = torch.nn.functional.one_hot(torch.tensor(gold_B), len(weight_CD)).T.double()
    counted_CB = counted_CB * (torch.full((len(gold_B),), 1 / len(gold_B)) if weight_B is None else torch.tensor(weight_B))
    value_R = mmr(weight_11CD, torch.tensor(feature_BD, dtype=torch.float64)[None], counted_CB[None])
    return float(value_R[0].detach()), torch.autograd.grad(value_R.sum(), weight_11CD)[0][0, 0]


def test_mmr_by_hand():
    """The normal is (3, 4) of length 5; the centres (1, 0) and (5, 2) differ by (4, 2): 20 / 5 = 4 along it, and 1 / (1 + 4)."""
    features = [[0.0, 0], [2, 0], [5, 2]]
    value, gradient_CD = penalty([[4.0, 4], [1, 0]], features, [0, 0, 1])
    assert value == pytest.approx(1 / 5)
    # d = n'(c) / |n| with n = (3, 4), c = (-4, -2): its slope is -(c - along * unit) / |n| = (.32, -.24), that of the penalty -1/25 of it
    assert gradient_CD[0].tolist() == pytest.approx([-0.32 / 25, 0.24 / 25])
    assert gradient_CD[1].tolist() == pytest.approx([0.32 / 25, -0.24 / 25])


def test_mmr_does_not_see_what_lies_across_the_normal():
    here, _ = penalty([[1.0, 0], [-1, 0]], [[1.0, 0], [3, 0]], [0, 1])
    there, _ = penalty([[1.0, 0], [-1, 0]], [[1.0, 50], [3, -9]], [0, 1])
    assert here == there == pytest.approx(1 / 3)


def test_mmr_asks_where_the_normal_points_and_not_how_long_it_is():
    values = [penalty([[length, 0.0], [-length, 0]], [[1.0, 0], [3, 0]], [0, 1])[0] for length in (1e-6, 1.0, 1e6)]
    assert values == pytest.approx([1 / 3] * 3)


def test_mmr_is_meaned_over_the_pairs_that_the_batch_has():
    weights = [[1.0, 0], [0, 0], [0, 1]]
    three, _ = penalty(weights, [[0.0, 0], [1, 0], [0, 3]], [0, 1, 2])
    along = (1, 3 / math.sqrt(2), 3)  # (1, 0) on (1, 0); (0, 3) on (1, -1) / sqrt(2); (1, -3) on (0, 1)
    assert three == pytest.approx(sum(1 / (1 + one) for one in along) / 3)
    two, _ = penalty(weights, [[0.0, 0], [1, 0], [0, 3]], [0, 1, 2], [0.5, 0.5, 0.0])
    assert two == pytest.approx(1 / 2)


def test_mmr_of_a_single_class_is_nothing():
    value, gradient_CD = penalty([[1.0, 2], [0, 0]], [[1.0, 1], [2, 2]], [1, 1])
    assert value == 0
    assert not gradient_CD.any()


def test_mmr_is_finite_where_two_classes_have_the_same_weights():
    value, gradient_CD = penalty([[1.0, 2], [1, 2]], [[1.0, 1], [2, 2]], [0, 1])
    assert value == 1
    assert gradient_CD.isfinite().all()


def test_mmr_drives_classes_apart_along_the_normal(data: Data):
    def apart(alpha: float) -> float:
        runs = some_runs([60], alpha=alpha)
        weight_CD = fit(*data, runs, replace(PLAIN, max_grad_norm=1.0), iter(some_batches(runs))).weight_RHCD[0, 0]
        centre_CD = torch.stack([data[0][0][data[1][0] == c].mean(0) for c in range(C)])
        pairs = [(0, 1), (0, 2), (1, 2)]
        return sum(float(((w := weight_CD[a] - weight_CD[b]) @ (centre_CD[a] - centre_CD[b])).abs() / w.norm()) for a, b in pairs)

    assert apart(2.0) > 1.02 * apart(0.0)


# ---- several heads


def test_the_mean_head_says_what_the_heads_say_on_average(data: Data):
    runs = some_runs([20, 20, 20], heads=4)
    heads = fit(*data, runs, Recipe(), iter(some_batches(runs)))
    of_each_RHNC = torch.einsum("rnd,rhcd->rhnc", data[0][runs.set_R], heads.weight_RHCD) + heads.bias_RHC[:, :, None]
    torch.testing.assert_close(logits(data[0], heads, runs.set_R), of_each_RHNC.mean(1))
    torch.testing.assert_close(logits(data[0][0], heads)[0], of_each_RHNC[0].mean(0))


def test_those_looking_on_see_the_mean_heads_logits_before_the_update(data: Data):
    runs = some_runs([3, 3], heads=4)
    batches, seen = some_batches(runs), []
    fit(*data, runs, Recipe(), iter(batches), lambda step, batch, logits_RBC: seen.append((step, batch, logits_RBC)))
    assert [step for step, _, _ in seen] == [0, 1, 2]
    assert [batch for _, batch, _ in seen] == batches
    first_RNC = logits(data[0], Heads(runs.weight_RHCD, runs.bias_RHC), runs.set_R)
    torch.testing.assert_close(seen[0][2], torch.stack([first_RNC[r, batches[0].row_RB[r]] for r in range(2)]))


def test_under_sgd_several_heads_are_several_runs_with_a_share_of_the_rate(data: Data):
    runs = some_runs([25], heads=5)
    batches = some_batches(runs)
    weight_RCD, bias_RC = fit(*data, runs, PLAIN, iter(batches)).mean()
    apart = Runs(
        runs.set_R.repeat(5), runs.weight_RHCD[0][:, None], runs.bias_RHC[0][:, None], runs.lr_R.repeat(5) / 5, runs.steps_R.repeat(5),
        runs.alpha_R.repeat(5),
    )  # fmt: skip
    heads = fit(*data, apart, PLAIN, iter([Batch(one.row_RB.repeat(5, 1), one.weight_RB.repeat(5, 1)) for one in batches]))
    torch.testing.assert_close(weight_RCD[0], heads.weight_RHCD.mean((0, 1)))
    torch.testing.assert_close(bias_RC[0], heads.bias_RHC.mean((0, 1)))
