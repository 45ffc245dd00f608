"""Training in a process of its own that is killed for real, at a chosen place of a chosen step."""

import multiprocessing
import os
import signal

import torch

from ftft.runfolder import RunFolder
from ftft.train import checkpoints, engine, run_folder

PLACES = {
    "in a step": (engine.Engine, "compute_loss"),
    "before a save": (engine.Engine, "_save_checkpoint"),
    "within a save": (engine.Engine, "_save_rng_state"),
    "before a save is complete": (checkpoints, "publish_json"),
}


def train_and_kill(folder: RunFolder, place: str, step: int, every: float) -> None:
    """Trains `folder` and dies by KILL at `place` once `step` updates are done, saving a checkpoint every so many seconds."""
    accelerated = torch.accelerator.is_available()  # and then does not survive a fork
    context = multiprocessing.get_context("spawn" if accelerated else "fork")
    process = context.Process(target=_die, args=(folder, place, step, every))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _die(folder: RunFolder, place: str, step: int, every: float) -> None:
    torch.set_num_threads(1)
    engine.CHECKPOINT_EVERY = every
    holder, name = PLACES[place]
    usual, steps = getattr(holder, name), []
    begin = engine.Engine.run

    def run(self, checkpoint):
        steps.append(self)
        return begin(self, checkpoint)

    def fatal(*arguments, **more):
        if steps and steps[0].state.global_step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(*arguments, **more)

    engine.Engine.run = run
    setattr(holder, name, fatal)
    run_folder(folder)
