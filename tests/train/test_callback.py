"""The callback in a Trainer of somebody's own."""

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments

import ftft
from ftft.errors import InputError
from tests.train.tiny import LABELS, texts

ROWS = 21


class Stop(TrainerCallback):
    """Saves and ends after some steps."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.step:
            control.should_save = control.should_training_stop = True


@pytest.fixture
def make_trainer(tiny_model, tmp_path):
    """`make_trainer(callbacks, keep=…)`: a plain Trainer over `ROWS` texts, three epochs of six batches with the last one short."""
    tokenizer, rows = AutoTokenizer.from_pretrained(tiny_model), texts(ROWS, 1)

    def collate(features):
        return tokenizer.pad(features, return_tensors="pt")

    def make(callbacks, keep=("labels", "example_id"), accumulation=1, **more):
        data = [
            {**tokenizer(text), "labels": LABELS.index(label), "example_id": 1000 + n}
            for n, (text, label) in enumerate(zip(rows["text"], rows["label"], strict=True))
        ]
        from datasets import Dataset

        torch.manual_seed(1)
        model = AutoModelForSequenceClassification.from_pretrained(tiny_model)
        arguments = TrainingArguments(
            str(tmp_path / "out"), num_train_epochs=3, per_device_train_batch_size=4, gradient_accumulation_steps=accumulation,
            learning_rate=1e-3, label_names=list(keep), save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True,
        )  # fmt: skip
        return Trainer(model, arguments, data_collator=collate, train_dataset=Dataset.from_list(data), callbacks=callbacks, **more)

    return make


def epochs_of(folder):
    recorder = ftft.Recorder(folder)
    return {number: recorder.folder.read_epoch(number) for number in recorder.folder.epoch_files()}


@pytest.mark.parametrize("accumulation", [1, 4])
def test_each_epoch_has_each_example_once_with_the_logits_of_the_pass_that_trained_it(make_trainer, tmp_path, accumulation):
    trainer, seen = make_trainer([ftft.DynamicsCallback(tmp_path / "mine")], accumulation=accumulation), []
    trainer.model.register_forward_hook(lambda model, inputs, outputs: seen.append(outputs.logits.detach().clone()))
    trainer.train()
    epochs = epochs_of(tmp_path / "mine")
    assert list(epochs) == [1, 2, 3]
    for epoch in epochs.values():
        assert sorted(map(int, epoch.ids_N)) == list(range(1000, 1000 + ROWS))
    recorded = np.sort(np.concatenate([epoch.logits_NC[:, 0] for epoch in epochs.values()]))
    np.testing.assert_array_equal(recorded, np.sort(torch.cat(seen)[:, 0].numpy()))


def test_a_run_that_is_resumed_in_mid_epoch_records_what_an_undisturbed_one_records(make_trainer, tmp_path):
    make_trainer([ftft.DynamicsCallback(tmp_path / "whole")]).train()
    make_trainer([ftft.DynamicsCallback(tmp_path / "cut"), Stop(8)]).train()
    assert list(epochs_of(tmp_path / "cut")) == [1]
    make_trainer([ftft.DynamicsCallback(tmp_path / "cut")]).train(resume_from_checkpoint=True)
    whole, cut = epochs_of(tmp_path / "whole"), epochs_of(tmp_path / "cut")
    for number in (1, 2, 3):
        assert whole[number].ids_N.tolist() == cut[number].ids_N.tolist()
        np.testing.assert_allclose(whole[number].logits_NC, cut[number].logits_NC, atol=1e-5)


def test_the_model_is_left_as_it_was(make_trainer, tmp_path):
    trainer = make_trainer([ftft.DynamicsCallback(tmp_path / "mine")])
    trainer.train()
    assert not trainer.model._forward_hooks
    assert not trainer.model._forward_pre_hooks


def test_ids_that_do_not_reach_the_model_are_missed_with_a_remedy(make_trainer, tmp_path):
    with pytest.raises(InputError, match=r"no 'example_id' reached the model.*label_names"):
        make_trainer([ftft.DynamicsCallback(tmp_path / "mine")], keep=("labels",)).train()


def test_a_loss_that_is_computed_elsewhere_is_refused_with_a_remedy(make_trainer, tmp_path):
    def loss(outputs, labels, num_items_in_batch=None):
        return torch.nn.functional.cross_entropy(outputs.logits, labels)

    with pytest.raises(InputError, match=r"no labels reached the model.*ftft\.Recorder"):
        make_trainer([ftft.DynamicsCallback(tmp_path / "mine")], compute_loss_func=loss).train()
