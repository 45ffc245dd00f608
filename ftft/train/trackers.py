"""Trackers (TensorBoard, W&B, MLflow, Trackio): transformers' own integrations, kept from doing harm.

A tracker that fails (no network, not logged in) is dropped, with a warning of the run: what it shows is in the run's folder, too. It cannot
change a number: the random states are put back after each call. It closes after the last scores, later than Trainer would close it.
"""

import copy
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import get_reporting_integration_callbacks

PROJECT = "ftft"
TENSORBOARD = "tensorboard"  # the folder of its files, in the run's


class Trackers:
    """`names` as in `spec.report_to`; `folder` is the run's. `failed(name, problem)` hears of one that is dropped.

    `step`: what a resumed run goes on from, so that what was shown of later steps is shown no more.
    """

    def __init__(self, names: str | None, folder: Path, step: int, failed: Callable[[str, Exception], None]) -> None:
        self._failed = failed
        self._live: dict[str, TrainerCallback] = {}
        self._context: tuple[TrainingArguments, TrainerState, TrainerControl, PreTrainedModel] | None = None
        for name in filter(None, (names or "").split(",")):
            with self._guarded(name):
                self._live[name] = _integration(name, folder, step)

    def begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: PreTrainedModel) -> None:
        """The run starts, or goes on."""
        self._context = args, state, control, model
        self._each("on_train_begin", state.global_step)

    def log(self, values: dict[str, float | None], step: int) -> None:
        """Numbers by their names; what is None is left out."""
        self._each("on_log", step, logs={name: value for name, value in values.items() if value is not None})

    def close(self) -> None:
        """Nothing more will come."""
        if self._context:
            self._each("on_train_end", self._context[1].global_step)
        self._live.clear()

    def _each(self, event: str, step: int, **more: Any) -> None:
        assert self._context or not self._live, "a tracker was told of something before the run began"
        for name, tracker in list(self._live.items()):
            assert self._context
            args, state, control, model = self._context
            state = copy.copy(state)  # of which Trainer knows nothing where a run was only evaluated
            state.global_step = step
            with self._guarded(name):
                getattr(tracker, event)(args, state, copy.copy(control), model=model, **more)

    @contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        states = random.getstate(), np.random.get_state(), torch.get_rng_state()
        try:
            yield
        except Exception as problem:  # whatever a foreign library and its server may come up with
            self._live.pop(name, None)
            self._failed(name, problem)
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
            torch.set_rng_state(states[2])


def _integration(name: str, folder: Path, step: int) -> TrainerCallback:
    for variable, value in _defaults(name, folder).items():
        os.environ.setdefault(variable, value)
    kind: Any = get_reporting_integration_callbacks([name])[0]
    if name != "tensorboard":
        return kind()
    from torch.utils.tensorboard import SummaryWriter

    return kind(SummaryWriter(str(folder / TENSORBOARD), purge_step=step + 1 if step else None))


def _defaults(name: str, folder: Path) -> dict[str, str]:
    """Environment variables by which a run that goes on is the same run, and nothing is written to whatever folder is the present one."""
    if name == "wandb":
        return {"WANDB_PROJECT": PROJECT, "WANDB_RUN_ID": folder.name, "WANDB_RESUME": "allow", "WANDB_DIR": str(folder)}
    if name == "mlflow":
        workspace = folder.parent.parent
        return {"MLFLOW_EXPERIMENT_NAME": PROJECT, "MLFLOW_TRACKING_URI": f"sqlite:///{workspace / 'mlflow.db'}"}
    return {}
