"""`DynamicsCallback`: the training dynamics of a user's own `transformers.Trainer`.

Shapes: B examples of a batch.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ftft.errors import InputError
from ftft.recording import Recorded, Recorder
from ftft.train import ranks

WHOLE = 1e-6  # an epoch that is nearer to its end than that has ended
KEEP = 'keep the column: TrainingArguments(label_names=["labels", {!r}]), and see that the collator passes it on'


class DynamicsCallback(TrainerCallback):
    """Records into the run folder `folder` what the model says in the passes that train it: no pass is added.

        args = TrainingArguments(..., label_names=["labels", "example_id"])
        Trainer(model, args, train_dataset=…, callbacks=[ftft.DynamicsCallback("runs/mine")])

    The training set carries a distinct whole number for each example in the column `id_column`, which the model does not get to see.
    A resumed run goes on with the records in its checkpoint; several processes are put together; of examples that a sampler repeats, the
    first time counts. InputError where ids or labels do not reach the model (a loss computed outside of it): then use `ftft.Recorder`.
    """

    def __init__(self, folder: str | Path, id_column: str = "example_id") -> None:
        self.folder, self.id_column = folder, id_column
        self._hooks: list[Any] = []
        self._seen: tuple[torch.Tensor, torch.Tensor] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: torch.nn.Module | None = None, **_: Any
    ) -> None:
        """Watches the model, and takes up the records of the checkpoint that training goes on from."""
        assert model is not None
        self._state, self._recorder = state, Recorder(self.folder)
        if state.global_step:
            self._load(_file(args, state))
        self._hooks = [
            model.register_forward_pre_hook(self._before, with_kwargs=True),
            model.register_forward_hook(self._after, with_kwargs=True),
        ]

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Trainer counts epochs from 0, and says so in fractions."""
        self._recorder.epoch = int((state.epoch or 0) + WHOLE) + 1

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Publishes what all processes recorded, as a partial epoch if training stopped in its middle."""
        parts = [part for part in ranks.gather(self._recorder.records()) if part]
        if not parts:
            raise InputError(f"no {self.id_column!r} reached the model in epoch {self._recorder.epoch}", KEEP.format(self.id_column))
        if ranks.is_first():
            self._recorder.publish(Recorded.merged(parts), complete=abs((state.epoch or 0) - round(state.epoch or 0)) < WHOLE)
        self._recorder.clear()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Puts the records of the unfinished epoch beside the checkpoint's weights."""
        if found := self._recorder.records():
            np.savez(_file(args, state), ids=found.ids_N.astype(str), logits=found.logits_NC, gold=found.gold_N, step=found.step_N)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Leaves the model as it was."""
        for hook in self._hooks:
            hook.remove()

    def _before(self, model: torch.nn.Module, arguments: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        ids_B, gold_B = named.pop(self.id_column, None), named.get("labels")
        self._seen = None
        if model.training and ids_B is not None:
            if gold_B is None:
                raise InputError("no labels reached the model", "Let the model compute its loss, or record with ftft.Recorder")
            self._seen = ids_B, gold_B
        return arguments, named

    def _after(self, model: torch.nn.Module, arguments: Any, named: dict[str, Any], outputs: Any) -> None:
        if self._seen is not None:
            ids_B, gold_B = self._seen
            self._recorder.add(ids_B, outputs.logits, gold_B, self._state.global_step + 1)

    def _load(self, file: Path) -> None:
        """None is there where the checkpoint was made at the end of an epoch."""
        if not file.exists():
            return
        with np.load(file) as kept:
            for step in np.unique(kept["step"]):
                of_step = kept["step"] == step
                self._recorder.add(kept["ids"][of_step], kept["logits"][of_step], kept["gold"][of_step], int(step))


def _file(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}" / f"ftft-dynamics-{ranks.rank()}.npz"
