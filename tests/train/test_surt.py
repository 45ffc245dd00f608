"""SURT: on the task's texts alone, once for all runs that ask for the same, and exactly where it was broken off."""

import json
from dataclasses import replace

import pytest
import torch
from transformers import AutoModel

from ftft.errors import InputError
from ftft.runpaths import CACHE
from ftft.train import model, run_folder
from ftft.train.precision import choose, this_device
from ftft.train.retraining import Recipe
from ftft.train.stabilisers import surt
from ftft.train.tokens import tokenise
from tests.train.test_architectures import FAMILIES
from tests.train.tiny import LABELS, MAX_LENGTH, texts

RECIPE = Recipe(epochs=6, lr=3e-3, batch_size=16)


def _retrain(make_run, path, out, recipe=RECIPE, rows=200):
    source = model.read(make_run(model=path).spec(), LABELS)
    loaded = model.load(source, "eager", 1)[0]
    columns = [texts(rows, 5)["text"].tolist()]
    tokens, _ = tokenise(source.tokenizer, columns, MAX_LENGTH, model.asks_for_types(loaded, source.tokenizer))
    made = surt.retrain(source, tokens, out, recipe, choose("fp32", this_device()), MAX_LENGTH, lambda text: None)
    return source, made


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "deberta-v2", "distilbert", "albert", "modernbert"])
def test_the_loss_on_texts_that_were_held_out_falls(make_run, make_model, tmp_path, family):
    path = make_model(family, mask=True, **FAMILIES[family])
    source, made = _retrain(make_run, path, tmp_path / "surt")
    assert made.after < 0.95 * made.before
    assert made.new_head  # these checkpoints are encoders alone
    assert made.steps == 6 * 12
    before, after = AutoModel.from_pretrained(path), AutoModel.from_pretrained(made.folder)
    changed = [name for name, weights in before.named_parameters() if not torch.equal(weights, dict(after.named_parameters())[name])]
    assert changed
    fine, new, _ = model.load(replace(source, path=str(made.folder), revision="main"), "eager", 1)
    assert new == ()
    assert not any("pooler" in name for name in changed)
    assert fine.config.num_labels == 2


def test_broken_off_it_goes_on_as_if_nothing_had_happened(make_run, make_model, tmp_path, monkeypatch):
    path = make_model("bert", mask=True)
    whole = _retrain(make_run, path, tmp_path / "whole")[1]
    update, calls = surt._Retraining._update, []

    def killed(self, step, row_B):
        calls.append(step)
        if len(calls) == 30:
            raise KeyboardInterrupt
        update(self, step, row_B)

    monkeypatch.setattr(surt._Retraining, "_update", killed)
    with pytest.raises(KeyboardInterrupt):
        _retrain(make_run, path, tmp_path / "broken")
    assert not (tmp_path / "broken").exists()
    again = _retrain(make_run, path, tmp_path / "broken")[1]
    assert calls[29:31] == [29, 29]
    assert replace(again, folder=whole.folder, flops=whole.flops) == whole
    assert again.flops == pytest.approx(whole.flops)
    assert not (tmp_path / "broken.partial").exists()
    a, b = (AutoModel.from_pretrained(made.folder).state_dict() for made in (whole, again))
    assert all(torch.allclose(a[name], b[name], atol=1e-6) for name in a)


def test_runs_of_the_same_texts_and_model_share_it(make_run, make_model):
    path = make_model("bert", mask=True)
    runs = [make_run(model=path, seed=seed, steps=2, methods=("surt:epochs=2",)) for seed in (1, 2)]
    verdicts = [run_folder(run) for run in runs]
    (folder,) = (runs[0].workspace / CACHE / "surt").glob("*/about.json")
    about = json.loads(folder.read_text())
    assert [verdict["retrained"] for verdict in verdicts] == [about, about]
    assert [verdict["cost"]["pretrain_flops"] for verdict in verdicts] == [about["flops"]] * 2
    assert about["flops"] > 0


def test_it_changes_what_a_run_predicts(make_run, make_model):
    path = make_model("bert", mask=True)
    plain, changed = (make_run(model=path, steps=2, methods=methods) for methods in (None, ("surt:lr=0.003",)))
    for run in (plain, changed):
        run_folder(run)
    assert (abs(plain.read_predictions("far")[2] - changed.read_predictions("far")[2]) > 1e-4).any()


def test_one_that_does_not_help_says_so(make_run, make_model):
    run = make_run(model=make_model("bert", mask=True), steps=2, methods=("surt:epochs=1,lr=1",))
    assert [warning["kind"] for warning in run_folder(run)["warnings"]] == ["surt_in_vain"]


@pytest.mark.parametrize(
    ("family", "mask", "rows", "message"),
    [("bert", False, 45, "no token for what is masked"), ("gpt2", True, 45, "cannot guess"), ("bert", True, 10, "only 10 texts")],
)
def test_what_cannot_be_re_trained_is_an_error_with_a_remedy(make_run, make_model, family, mask, rows, message):
    run = make_run(rows=rows, model=make_model(family, mask=mask, **FAMILIES[family]), steps=1, methods=("surt",))
    with pytest.raises(InputError, match=message) as problem:
        run_folder(run)
    assert "leave it out" in problem.value.remedy.casefold()
