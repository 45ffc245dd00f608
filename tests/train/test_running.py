"""Whole runs, from a spec to its verdict."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ftft.domain import digest_of_ids
from ftft.errors import InputError, WorkError
from ftft.publish import publish_json
from ftft.train import engine, run_folder
from ftft.train.checkpoints import Checkpoints
from ftft.train.objective import Terms, cross_entropy
from ftft.train.stabilisers import Together
from tests.train.tiny import LABELS, new_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_model):
    """A run of three epochs over 45 examples in batches of 8, with everything that training saw."""
    folder = new_run(tmp_path_factory.mktemp("finished") / "ws", tiny_model)
    run_folder(folder)
    return folder


def rows_of(folder, split="train"):
    part = "train" if split == "train" else f"eval/{split}"
    return pd.read_parquet(folder.workspace / "datasets" / "reviews" / f"{part}.parquet").set_index("id")


def test_each_epoch_records_each_example_once_with_its_gold(finished):
    rows = rows_of(finished)
    assert list(finished.epoch_files()) == [1, 2, 3]
    for number in (1, 2, 3):
        epoch = finished.read_epoch(number)
        assert sorted(epoch.ids_N) == sorted(rows.index)
        assert [LABELS[g] for g in epoch.gold_N] == rows.loc[epoch.ids_N, "label"].tolist()
        assert set(epoch.step_N) == set(range(6 * number - 5, 6 * number + 1))
        assert epoch.capture == "online"


def test_each_epoch_has_an_order_of_its_own(finished):
    assert len({finished.read_epoch(n).order_hash for n in (1, 2, 3)}) == 3


def test_the_verdict_says_what_was_done_at_what_cost_and_where(finished):
    verdict = finished.verdict()
    assert verdict["state"] == "succeeded"
    assert verdict["steps_done"] == 18
    assert verdict["epochs_recorded"] == 3
    assert set(verdict["scores"]) == {"dev", "far"}
    assert set(verdict["scores"]["dev"]) == {"accuracy", "macro_f1", "auroc", "loss"}
    assert verdict["cost"]["train_flops"] > 3 * verdict["cost"]["eval_flops"] > 0
    assert verdict["cost"]["attempts"] == 1
    assert {"device", "precision", "attention", "python", "torch", "transformers", "ftft", "threads"} <= set(verdict["environment"])
    assert not finished.checkpoints.exists()


def test_a_run_that_has_succeeded_is_left_as_it_is(finished):
    before = finished.results_file.stat().st_mtime_ns
    assert run_folder(finished) == finished.verdict()
    assert finished.results_file.stat().st_mtime_ns == before


def test_progress_reaches_the_last_step_and_names_epochs_and_scores(finished):
    lines = list(finished.progress())
    steps = [line for line in lines if "loss" in line and "evaluation" not in line]
    assert steps[-1].keys() == {"time", "step", "steps", "epoch", "loss", "lr"}
    assert (steps[-1]["step"], steps[-1]["steps"], steps[-1]["epoch"]) == (18, 18, 3)
    assert [(line["epoch"], line["recorded"]) for line in lines if "recorded" in line] == [(1, 45), (2, 45), (3, 45)]
    assert [line["evaluation"] for line in lines if "evaluation" in line] == ["dev", "far"]


def test_every_prediction_equals_a_forward_pass_of_that_example_alone(finished):
    model = AutoModelForSequenceClassification.from_pretrained(finished.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(finished.model)
    assert model.config.id2label == dict(enumerate(LABELS))
    for split in ("dev", "far"):
        rows = rows_of(finished, split)
        found = pd.read_parquet(finished.path / "predictions" / f"{split}.parquet")
        assert found["id"].tolist() == rows.index.tolist()
        assert [LABELS[g] for g in found["gold"]] == rows["label"].tolist()
        for row in found.itertuples():
            with torch.no_grad():
                alone = model(**tokenizer(rows.loc[row.id, "text"], return_tensors="pt")).logits[0].numpy()
            np.testing.assert_allclose(row.logits, alone, atol=1e-4)


def test_the_records_are_the_logits_of_the_forward_pass_that_made_the_update(make_run, monkeypatch):
    seen = []

    def spy(self, outputs, gold_B, num_items_in_batch):
        seen.append((outputs.logits.detach().clone().numpy(), gold_B.numpy()))
        return mean_loss(self, outputs, gold_B, num_items_in_batch)

    mean_loss = engine.Engine._mean_loss
    monkeypatch.setattr(engine.Engine, "_mean_loss", spy)
    folder = make_run(epochs=1)
    run_folder(folder)
    epoch = folder.read_epoch(1)
    assert len(seen) == 6
    for step, (logits_BC, gold_B) in enumerate(seen, start=1):
        of_step = epoch.step_N == step
        recorded = np.c_[epoch.gold_N[of_step], epoch.logits_NC[of_step]]
        expected = np.c_[gold_B, logits_BC]
        np.testing.assert_array_equal(recorded[np.lexsort(recorded.T)], expected[np.lexsort(expected.T)])


def test_with_accumulation_each_example_still_comes_once_under_the_step_that_used_it(make_run):
    folder = make_run(grad_accum=4, epochs=2)  # six batches an epoch: windows of four and two
    assert run_folder(folder)["steps_done"] == 4
    for number in (1, 2):
        epoch = folder.read_epoch(number)
        assert len(set(epoch.ids_N)) == 45
        first, second = ((epoch.step_N == step).sum() for step in (2 * number - 1, 2 * number))
        assert first in (32, 29)
        assert first + second == 45


def composite(model, outputs, gold_B):
    """A loss with all that stabilisers add: a weight an example, a term of its features, and a penalty that counts once an update."""
    plain = cross_entropy(model, outputs, gold_B)
    size_B = outputs.logits.float().square().mean(1) * (gold_B >= 0)
    return Terms(0.7 * plain.example_B + 0.3 * size_B, sum(p.square().sum() for p in model.classifier.parameters()))


@pytest.mark.parametrize("objective", [cross_entropy, composite])
def test_the_gradient_of_one_batch_of_16_equals_that_of_four_of_4(make_model, tmp_path, monkeypatch, objective):
    still = make_model("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    gradients = []

    def before_clipping(trainer, model):
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})

    monkeypatch.setattr(Together, "objective", lambda self, model: objective)
    monkeypatch.setattr(engine.Engine, "_clip_grad_norm", before_clipping)
    for batch_size, grad_accum in ((16, 1), (4, 4), (5, 4)):
        run_folder(new_run(tmp_path / "ws", still, rows=16, steps=1, batch_size=batch_size, grad_accum=grad_accum))
    for other in gradients[1:]:
        for name, whole in gradients[0].items():
            torch.testing.assert_close(other[name], whole, atol=1e-6, rtol=1e-4)


def test_seeds_decide_the_order_and_nothing_else_does(make_run):
    first, second, again = (make_run(seed=seed, epochs=1, again=again) for seed, again in ((1, 0), (2, 0), (1, 1)))
    hashes = []
    for folder in (first, second, again):
        run_folder(folder)
        hashes.append(folder.read_epoch(1).order_hash)
    assert hashes[0] == hashes[2] != hashes[1]
    np.testing.assert_array_equal(first.read_epoch(1).logits_NC, again.read_epoch(1).logits_NC)


def test_a_subset_gets_the_steps_of_the_whole_and_leaves_a_partial_epoch(make_run, workspace):
    make_run()  # writes the dataset
    ids = sorted(rows_of(make_run()).index)[:20]
    (workspace / "subsets" / "few").mkdir(parents=True)
    pd.DataFrame({"id": ids}).to_parquet(workspace / "subsets" / "few" / "ids.parquet")
    folder = make_run(subset="few", subset_hash=digest_of_ids(ids), epochs=2, batch_size=7)  # 14 steps: 4 epochs of 3, and 2 more
    assert run_folder(folder)["steps_done"] == 14
    assert list(folder.epoch_files()) == [1, 2, 3, 4]
    for number in (1, 2, 3, 4):
        assert sorted(folder.read_epoch(number).ids_N) == ids
    partial = pd.read_parquet(folder.path / "dynamics" / "partial=005.parquet", partitioning=None)
    assert set(partial["id"]) < set(ids)
    assert set(partial["step"]) == {13, 14}


def test_a_subset_that_changed_is_refused(make_run, workspace):
    folder = make_run(subset="few", subset_hash=digest_of_ids(["1-1"]))
    (workspace / "subsets" / "few").mkdir(parents=True)
    pd.DataFrame({"id": ["1-2"]}).to_parquet(workspace / "subsets" / "few" / "ids.parquet")
    with pytest.raises(InputError, match="changed"):
        run_folder(folder)


def test_epoch_end_capture_records_what_the_model_says_without_dropout(make_run):
    folder = make_run(capture="epoch_end", epochs=2)
    run_folder(folder)
    epoch = folder.read_epoch(2)
    assert epoch.capture == "epoch_end"
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder.model).eval(), AutoTokenizer.from_pretrained(folder.model)
    with torch.no_grad():
        texts = rows_of(folder).loc[epoch.ids_N, "text"].tolist()
        last = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits
    np.testing.assert_allclose(epoch.logits_NC, last, atol=1e-4)


def test_capture_none_records_nothing(make_run):
    folder = make_run(capture="none", epochs=1)
    assert run_folder(folder)["epochs_recorded"] == 0
    assert not folder.epoch_files()


def test_dynamics_do_not_depend_on_what_else_the_run_records(make_run):
    online, late = make_run(epochs=2), make_run(epochs=2, capture="epoch_end")
    for folder in (online, late):
        run_folder(folder)
    same = [pd.read_parquet(folder.path / "predictions" / "dev.parquet")["logits"].tolist() for folder in (online, late)]
    np.testing.assert_array_equal(*same)


def test_bf16_is_reported_and_trains(make_run):
    verdict = run_folder(make_run(epochs=1, precision="bf16"))
    assert (verdict["environment"]["precision"], verdict["environment"]["attention"]) == ("bf16", "eager")


@pytest.mark.parametrize("lr", [1e6, 1e30])
def test_a_loss_that_is_no_number_fails_the_run_and_publishes_none_of_it(make_run, lr):
    folder = make_run(lr=lr)
    with pytest.raises(WorkError) as caught:
        run_folder(folder)
    assert caught.value.cause == "non_finite"
    verdict = folder.verdict()
    assert (verdict["state"], verdict["cause"]) == ("failed", "non_finite")
    assert "--lr" in verdict["error"]["remedy"]
    assert all(np.isfinite(folder.read_epoch(n).logits_NC).all() for n in folder.epoch_files())
    assert "NaN" not in folder.metrics_file.read_text() if folder.metrics_file.exists() else True


def test_a_loss_that_is_no_number_is_noticed_when_it_happens_not_at_the_end(make_run, monkeypatch):
    monkeypatch.setattr(engine, "LOG_EVERY", 0.0)
    folder = make_run(lr=1e30, capture="none")
    with pytest.raises(WorkError, match=r"by step [1-4]\."):
        run_folder(folder)
    assert folder.verdict()["steps_done"] < 5


def test_a_dataset_that_changed_is_bad_input(make_run, workspace):
    folder = make_run()
    about = json.loads((workspace / "datasets" / "reviews" / "dataset.json").read_text())
    publish_json(workspace / "datasets" / "reviews" / "dataset.json", about | {"fingerprint": "another"})
    with pytest.raises(InputError, match="changed"):
        run_folder(folder)
    assert folder.verdict()["cause"] == "bad_input"
    assert folder.verdict()["error"]["remedy"]


def test_more_layers_than_there_are_is_bad_input_with_a_remedy(make_run):
    folder = make_run(layers=3)
    with pytest.raises(InputError, match="at most 2"):
        run_folder(folder)
    assert folder.verdict()["cause"] == "bad_input"


def test_a_longer_limit_than_the_models_is_lowered_with_a_warning(make_run):
    verdict = run_folder(make_run(epochs=1, max_length=300))
    assert verdict["environment"]["max_length"] == 32
    assert [w["kind"] for w in verdict["warnings"]] == ["max_length_lowered"]


def test_cut_texts_are_counted_and_named(make_run):
    folder = make_run(epochs=1, max_length=10)
    verdict = run_folder(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder.model)
    lengths = rows_of(folder)["text"].map(lambda text: len(tokenizer(text)["input_ids"]))
    cut = next(w for w in verdict["warnings"] if w["kind"] == "cut_texts")
    assert cut["count"] == (lengths > 10).sum() > 0
    assert cut["examples"] == lengths.index[lengths > 10][:5].tolist()


@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")])
def test_running_out_of_memory_has_a_cause_and_a_remedy(make_run, monkeypatch, problem):
    def hungry(*_, **__):
        raise problem

    monkeypatch.setattr(engine.Engine, "_mean_loss", hungry)
    folder = make_run()
    with pytest.raises(WorkError):
        run_folder(folder)
    assert folder.verdict()["cause"] == "out_of_memory"
    assert "--batch-size" in folder.verdict()["error"]["remedy"]


def test_a_failure_that_nobody_foresaw_leaves_its_traceback_in_the_log(make_run, monkeypatch, capsys):
    monkeypatch.setattr(engine.Engine, "_mean_loss", lambda *_, **__: 1 / 0)
    folder = make_run()
    with pytest.raises(WorkError):
        run_folder(folder)
    assert folder.verdict()["cause"] == "internal"
    assert "Traceback" in capsys.readouterr().err


def test_two_gpus_in_sight_never_mean_data_parallel(make_run, monkeypatch):
    monkeypatch.setattr(engine, "this_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    folder = make_run()
    arguments = engine._arguments(folder.spec(), engine.Budget(1, 1), engine.Precision("fp32", None), folder.path)
    assert arguments.n_gpu <= 1


def test_pairs_are_encoded_as_pairs(make_run, workspace, monkeypatch):
    folder = make_run(epochs=1)
    data = workspace / "datasets" / "reviews"
    for file in (data / "train.parquet", data / "eval" / "dev.parquet", data / "eval" / "far.parquet"):
        rows = pd.read_parquet(file)
        rows.assign(second="fine film").to_parquet(file)
    about = json.loads((data / "dataset.json").read_text())
    publish_json(data / "dataset.json", about | {"text_columns": ["text", "second"], "columns": ["text", "second"]})
    batches = []
    collate = engine.Engine._collate
    monkeypatch.setattr(engine.Engine, "_collate", lambda self, rows: batches.append(collate(self, rows)) or batches[-1])
    run_folder(replace(folder))
    batch = batches[0]
    lengths = batch["attention_mask"].sum(1)
    assert torch.equal(batch["token_type_ids"].sum(1), torch.full_like(lengths, 3))  # "fine", "film", [SEP]
    assert (batch["input_ids"][torch.arange(len(lengths)), lengths - 1] == 3).all()


def test_a_model_that_changed_is_bad_input(workspace, tiny_model, tmp_path):
    model = shutil.copytree(tiny_model, tmp_path / "model")
    folder = new_run(workspace, model)
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(InputError, match="changed"):
        run_folder(folder)
    assert folder.verdict()["cause"] == "bad_input"


def as_torch_says_it():
    try:
        raise RuntimeError("basic_ios::clear: iostream error")
    finally:
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534")


def as_safetensors_says_it():
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def as_python_says_it():
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("save", [as_torch_says_it, as_safetensors_says_it, as_python_says_it])
def test_a_full_disk_is_known_in_the_words_of_each_library_that_writes(make_run, monkeypatch, save):
    """Their words on a file system of 64 kB; the checkpoint that was there stays, and the run goes on from it."""
    folder, whole = make_run(epochs=2), make_run(epochs=2, again=1)
    usual = engine.Engine._save_rng_state

    def full(self, folder):
        if self.state.global_step == 12:
            save()
        usual(self, folder)

    with monkeypatch.context() as patch:
        patch.setattr(engine.Engine, "_save_rng_state", full)
        with pytest.raises(WorkError, match="disk is full"):
            run_folder(folder)
    verdict = folder.verdict()
    assert (verdict["cause"], verdict["error"]["remedy"]) == ("disk_full", "Free some space, then ftft runs resume")
    assert Checkpoints(folder.checkpoints).newest().step == 6
    assert run_folder(folder)["scores"] == run_folder(whole)["scores"]
