"""What each stabiliser does, by a test that fails without it; and all of them through saving, reading back and resuming."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset
from transformers import AutoModelForSequenceClassification, Trainer, TrainingArguments

from ftft.domain.stabilisers import STABILISERS
from ftft.errors import InputError
from ftft.train import run_folder
from ftft.train.head import last_layer
from ftft.train.stabilisers import Together, stabilise
from ftft.train.stabilisers.features import Features
from ftft.train.stabilisers.heads import Heads
from ftft.train.stabilisers.margin import regulariser
from ftft.train.stabilisers.mixout import mix
from tests.train.killing import train_and_kill
from tests.train.predicted import as_recorded
from tests.train.test_architectures import FAMILIES

EVERY = ["mmr:alpha=0.1", "mhloss:heads=3", "llrd:decay=0.5", "reinit:layers=1", "mixout:p=0.2", "pretrained_wd:decay=5"]
SHARED = ("llrd", "reinit")  # what needs layers that do not share their weights


def _loaded(path, attached=(), seed=1):
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=2, attn_implementation="eager", pad_token_id=0)
    together = Together(attached)
    together.redraw(model, seed)
    together.attach(model)
    return model, together


def _pass(model, labels=(0, 1, 1, 0), seed=0):
    torch.manual_seed(seed)
    ids = torch.randint(6, 20, (len(labels), 7))
    return model(input_ids=ids, attention_mask=torch.ones_like(ids)), torch.tensor(labels)


# ---- MMR


def test_the_regulariser_is_one_over_one_plus_the_distance_of_the_centres_over_all_pairs_that_are_there():
    feature = torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 4.0], [1.0, 2.0], [9.0, 9.0]], requires_grad=True)
    gold = torch.tensor([0, 0, 1, 1, -100])  # centres (1, 0) and (1, 3): 3 apart; class 2 is not there, and the last row counts for nothing
    assert regulariser(feature, gold).item() == pytest.approx(1 / 4)
    three = torch.tensor([0, 0, 1, 1, 2])  # and (9, 9)
    expected = np.mean([1 / (1 + 3), 1 / (1 + math.hypot(8, 9)), 1 / (1 + math.hypot(8, 6))])
    assert regulariser(feature, three).item() == pytest.approx(expected)
    for lonely in (torch.tensor([1, 1, 1, 1, -100]), torch.full((5,), -100)):
        value = regulariser(feature, lonely)
        assert value.item() == 0
        value.backward()


def test_equal_centres_have_a_slope_that_is_a_number():
    feature = torch.ones(4, 3, requires_grad=True)
    regulariser(feature, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(feature.grad).all()


def test_mmr_widens_the_distance_of_the_centres(make_model):
    def distance_after(method):
        model, together = _loaded(make_model("bert"), method)
        model.eval()  # no dropout: only the method differs
        objective, optimiser = together.objective(model), torch.optim.SGD(model.base_model.parameters(), lr=0.05)
        features = Features(model)
        for _ in range(20):
            outputs, gold = _pass(model)
            loss = objective(model, outputs, gold).share(len(gold), 1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        outputs, gold = _pass(model)
        given = features.of(outputs.logits)
        return (given[gold == 0].mean(0) - given[gold == 1].mean(0)).norm().item()

    assert distance_after(["mmr:alpha=1"]) > 1.2 * distance_after([])


# ---- MHLoss


def test_the_heads_are_drawn_apart_and_the_first_is_the_one_without_them(make_model):
    path = make_model("bert")
    torch.manual_seed(3)
    plain, _ = _loaded(path)
    model, _ = _loaded(path, ["mhloss:heads=4"])
    heads = last_layer(model)[1]
    assert heads.weight.shape == (4, *last_layer(plain)[1].weight.shape)
    assert len({tuple(head.flatten().tolist()) for head in heads.weight.detach()}) == 4
    assert heads.weight[1:].std().item() == pytest.approx(model.config.initializer_range, rel=0.5)


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2"])
def test_the_loss_is_the_mean_of_the_heads_and_the_exported_head_is_the_mean_of_the_heads(make_model, family):
    model, together = _loaded(make_model(family, **FAMILIES[family]), ["mhloss:heads=3"])
    model.eval()
    objective, heads = together.objective(model), last_layer(model)[1]
    assert isinstance(heads, Heads)
    outputs, gold = _pass(model)
    each = []
    for h in range(3):
        bias = None if heads.bias is None else heads.bias[h : h + 1].detach()
        alone = Heads(heads.weight[h : h + 1].detach(), bias)
        parent, _, name = last_layer(model)[0].rpartition(".")
        setattr(model.get_submodule(parent), name, alone)
        each.append(_pass(model)[0].logits.detach())
        setattr(model.get_submodule(parent), name, heads)
    np.testing.assert_allclose(outputs.logits.detach(), torch.stack(each).mean(0), atol=1e-6)
    expected = np.mean([torch.nn.functional.cross_entropy(logits, gold).item() for logits in each])
    assert objective(model, outputs, gold).share(len(gold), 1).item() == pytest.approx(expected, abs=1e-6)
    together.detach(model)
    assert type(last_layer(model)[1]) is torch.nn.Linear
    np.testing.assert_allclose(_pass(model)[0].logits.detach(), outputs.logits.detach(), atol=1e-6)


# ---- LLRD


def test_llrd_slows_each_layer_below(make_model):
    model, together = _loaded(make_model("bert"), ["llrd:decay=0.5"])
    optimiser = torch.optim.AdamW(
        [{"params": list(model.base_model.parameters()), "weight_decay": 0.1}, {"params": list(model.classifier.parameters())}], lr=1.0
    )
    together.share_out(optimiser, model)
    rate = {id(weights): group["lr"] for group in optimiser.param_groups for weights in group["params"]}
    layers, base = model.base_model.encoder.layer, model.base_model
    expected = {"classifier": (model.classifier, 1.0), "top": (layers[-1], 1.0), "next": (layers[-2], 0.5)}
    expected |= {"embeddings": (base.embeddings, 0.5 ** len(layers)), "pooler": (base.pooler, 1.0)}
    for name, (part, factor) in expected.items():
        assert {rate[id(weights)] for weights in part.parameters()} == {factor}, name
    assert len(rate) == len(list(model.parameters()))
    assert {group["weight_decay"] for group in optimiser.param_groups if group["lr"] == 0.25} <= {0.1}
    assert optimiser.param_groups[0]["lr"] == 1.0


# ---- re-initialisation


def test_reinit_redraws_the_top_layers_and_the_pooler_and_nothing_else(make_model):
    path = make_model("bert")
    plain, model, again, other = (
        _loaded(path, method, seed)[0]
        for method, seed in (([], 1), (["reinit:layers=1"], 1), (["reinit:layers=1"], 1), (["reinit:layers=1"], 2))
    )

    def equal(a, b):
        return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))

    assert equal(plain.base_model.embeddings, model.base_model.embeddings)
    assert equal(plain.base_model.encoder.layer[0], model.base_model.encoder.layer[0])
    redrawn = model.base_model.encoder.layer[-1].output.dense.weight
    assert not torch.equal(plain.base_model.encoder.layer[-1].output.dense.weight, redrawn)
    assert redrawn.std().item() == pytest.approx(model.config.initializer_range, rel=0.2)
    assert not torch.equal(plain.base_model.pooler.dense.weight, model.base_model.pooler.dense.weight)
    assert equal(model.base_model, again.base_model)
    assert not equal(model.base_model, other.base_model)


def test_reinit_takes_half_of_the_layers_by_default_and_no_more_than_there_are(make_model):
    plain, model = _loaded(make_model("bert"))[0], _loaded(make_model("bert"), ["reinit"])[0]
    changed = [
        not torch.equal(a.output.dense.weight, b.output.dense.weight)
        for a, b in zip(plain.base_model.encoder.layer, model.base_model.encoder.layer, strict=True)
    ]
    half = len(changed) // 2
    assert changed == [False] * (len(changed) - half) + [True] * half
    with pytest.raises(InputError, match=f"reinit would redraw 9 layers, but the model has {len(changed)}"):
        _loaded(make_model("bert"), ["reinit:layers=9"])
    with pytest.raises(InputError, match="share their weights"):
        _loaded(make_model("albert", **FAMILIES["albert"]), ["reinit"])


# ---- Mixout


def test_the_expectation_of_a_mixture_is_the_weight():
    torch.manual_seed(1)
    weight, before = torch.randn(6, 5), torch.randn(6, 5)
    drawn = torch.stack([mix(weight, before, 0.3) for _ in range(20_000)])
    np.testing.assert_allclose(drawn.mean(0), weight, atol=6 * drawn.std(0).max() / math.sqrt(20_000))
    share_old = torch.isclose(drawn[:, 0, 0], before[0, 0], atol=1e-6).float().mean().item()
    assert share_old == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_mixout_changes_training_passes_alone_and_leaves_an_ordinary_model(make_model, family):
    model, together = _loaded(make_model(family, **FAMILIES[family]), ["mixout:p=0.5"])
    names = set(model.state_dict())
    with torch.no_grad():
        for weights in model.base_model.parameters():
            weights += 0.1 * torch.randn_like(weights)
        model.train()
        a, b = (_pass(model)[0].logits for _ in range(2))
        torch.manual_seed(5)
        c = _pass(model, seed=7)[0].logits
        model.eval()
        still = _pass(model)[0].logits
        together.detach(model)
        assert torch.equal(_pass(model)[0].logits, still)
    assert not torch.allclose(c, _pass(model, seed=7)[0].logits)
    assert torch.equal(a, b)  # the same draws
    assert set(model.state_dict()) == names
    assert {type(part).__name__ for part in model.modules()} & {"_MixedLinear", "_MixedConv1D"} == set()


# ---- pre-trained weight decay


def test_the_decay_pulls_to_the_weights_before_training_and_leaves_the_head_alone(make_model):
    model, together = _loaded(make_model("bert"), ["pretrained_wd:decay=0.5"])
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    with torch.no_grad():
        for weights in model.parameters():
            weights += 1.0
    together.after_update(torch.optim.SGD(model.parameters(), lr=0.5))
    for name, weights in model.named_parameters():
        way = (weights.detach() - before[name]).mean().item()
        assert way == pytest.approx(1.0 if "classifier" in name or "pooler" in name else 0.75, abs=1e-4), name


# ---- all of them, in a run


@pytest.mark.parametrize("family", FAMILIES)
def test_all_together_on_each_architecture_let_the_loss_fall(make_model, family):
    model, together = _loaded(make_model(family, **FAMILIES[family]), _of(family))
    objective, optimiser = together.objective(model), torch.optim.AdamW(model.parameters(), lr=3e-3)
    together.share_out(optimiser, model)
    losses = []
    for _ in range(40):
        outputs, gold = _pass(model.eval())
        losses.append(torch.nn.functional.cross_entropy(outputs.logits, gold).item())
        outputs, gold = _pass(model.train())
        optimiser.zero_grad()
        objective(model, outputs, gold).share(len(gold), 1).backward()
        optimiser.step()
        together.after_update(optimiser)
    assert losses[-1] < 0.5 * losses[0]


def _of(family):
    return tuple(method for method in EVERY if family != "albert" or method.partition(":")[0] not in SHARED)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_together_on_each_architecture_save_resume_and_predict_the_same(make_run, make_model, family):
    path = make_model(family, **FAMILIES[family])
    whole, folder = (make_run(rows=21, epochs=3, model=path, methods=_of(family), grad_accum=2, again=again) for again in (0, 1))
    run_folder(whole)
    train_and_kill(folder, "in a step", 4, every=600.0)
    verdict = run_folder(folder)
    for number in (1, 3):
        np.testing.assert_allclose(whole.read_epoch(number).logits_NC, folder.read_epoch(number).logits_NC, atol=1e-5)
    assert verdict["state"] == "succeeded"
    assert type(last_layer(as_recorded(folder))[1]) is torch.nn.Linear


@pytest.mark.parametrize("method", ["mmr", "mhloss:heads=3", "llrd", "reinit:layers=1"])
def test_each_alone_resumes_as_if_nothing_had_happened(make_run, method):
    whole, folder = (make_run(rows=21, epochs=3, methods=(method,), again=again) for again in (0, 1))
    run_folder(whole)
    train_and_kill(folder, "in a step", 4, every=600.0)
    run_folder(folder)
    np.testing.assert_allclose(whole.read_epoch(3).logits_NC, folder.read_epoch(3).logits_NC, atol=1e-5)
    as_recorded(folder)


def test_all_together_train_in_half_precision(make_run):
    run = make_run(rows=21, epochs=1, methods=tuple(EVERY), precision="bf16")
    assert run_folder(run)["environment"]["precision"] == "bf16"


@pytest.mark.parametrize("method", [name for name, s in STABILISERS.items() if s.where])
def test_each_alone_trains_otherwise_than_none(make_run, method):
    strong = {part.partition(":")[0]: part for part in EVERY}
    plain, changed = (make_run(rows=21, epochs=2, methods=methods, lr=5e-3) for methods in (None, (strong[method],)))
    for folder in (plain, changed):
        run_folder(folder)
    a, b = plain.read_predictions("far")[2], changed.read_predictions("far")[2]
    assert not np.allclose(a, b, atol=1e-6)


def test_an_example_that_is_left_out_changes_what_is_learnt_and_stays_in_its_slot(make_run):
    plain, without = (make_run(rows=21, epochs=1, left_out=id) for id in (None, "1-3"))
    for folder in (plain, without):
        run_folder(folder)
    a, b = plain.read_epoch(1), without.read_epoch(1)
    assert a.ids_N.tolist() == b.ids_N.tolist()
    assert a.step_N.tolist() == b.step_N.tolist()
    its_step = a.step_N[a.ids_N.tolist().index("1-3")]
    before, after = a.step_N <= its_step, a.step_N > its_step
    np.testing.assert_allclose(a.logits_NC[before], b.logits_NC[before], atol=1e-6)
    assert not np.allclose(a.logits_NC[after], b.logits_NC[after], atol=1e-6)


@pytest.mark.parametrize("methods", [None, ("mhloss:heads=3", "mixout", "reinit:layers=1")])
def test_how_far_two_runs_end_from_each_other_is_the_norm_of_all_their_differences(make_run, methods):
    base = make_run(rows=21, epochs=1, methods=methods, distance_to="start")
    without = make_run(rows=21, epochs=1, methods=methods, distance_to=base.run, left_out="1-3", keep_model=None)
    moved, said = (verdict := run_folder(base))["distance"]["start"], verdict["theory"]
    found = run_folder(without)["distance"]
    a, b = (AutoModelForSequenceClassification.from_pretrained(run.model).state_dict() for run in (base, without))
    assert found[base.run] == pytest.approx(math.sqrt(sum(float((a[n].double() - b[n].double()).square().sum()) for n in a)), rel=1e-5)
    assert 0 < found[base.run] < moved
    assert (said["n"], said["d"], said["steps"]) == (21, moved, 3)


# ---- a trainer that is not ours


class _Rows(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, n):
        return {"input_ids": torch.tensor([7, 8 + n % 2, 9]), "attention_mask": torch.ones(3, dtype=torch.long), "labels": n % 2}


def test_anybody_can_give_them_to_a_trainer_of_their_own(make_model, tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(make_model("bert"), num_labels=2)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), num_train_epochs=8, per_device_train_batch_size=4, learning_rate=5e-3, report_to=[], use_cpu=True,
        save_strategy="no", logging_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(model, arguments, train_dataset=_Rows(), eval_dataset=_Rows())
    assert stabilise(trainer, ["mmr", "mhloss:heads=3", "llrd", "mixout", "pretrained_wd"]) is trainer
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    assert len({group["lr"] for group in trainer.optimizer.param_groups}) == 1  # all have fallen to 0
    assert len(trainer.optimizer.param_groups) > 2
    assert type(last_layer(model)[1]) is torch.nn.Linear
    assert trainer.evaluate()["eval_loss"] < before


@pytest.mark.parametrize(("method", "remedy"), [("surt", "ftft.surt"), ("long", "num_train_epochs"), ("mmrr", "mmr")])
def test_what_no_trainer_can_be_given_is_refused(method, remedy):
    with pytest.raises(InputError, match=remedy):
        stabilise(SimpleNamespace(), [method])
