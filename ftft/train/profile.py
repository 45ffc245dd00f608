"""What a model costs on a dataset, found out by being the run that it will be, for a few updates.

    python -m ftft.train.profile WORKSPACE --spec JSON --out FILE.json --lock DESCRIPTOR

FLOPs are counted and lengths are those of the tokens, which stay in the cache for the runs to come. Time is taken from real updates of the
real model: on a dozen batches from short to long, in turns, so that it can be told what an update costs besides its FLOPs (in a small
model, most), and what a shape costs that comes for the first time (on a processor with bf16, oneDNN prepares kernels for each: ten
megabytes, and half of a small model's time). What is measured goes to FILE.json (a `Profile`), the lengths beside it to FILE.npz; where
that fails, FILE.json holds the error.

Shapes: N examples, B examples of a batch, F different batches.
"""

import argparse
import json
import math
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import safetensors.torch
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ftft.domain import RunSpec
from ftft.domain.profile import Profile, Speed
from ftft.dynamics import Epoch
from ftft.publish import publish, publish_json
from ftft.runfolder import RunFolder
from ftft.train.attempt import Attempt
from ftft.train.checkpoints import Checkpoints
from ftft.train.cost import Ledger
from ftft.train.model import quiet
from ftft.train.order import epoch_batches
from ftft.train.precision import this_device
from ftft.train.running import explain
from ftft.train.stopping import Stop
from ftft.train.task import Examples
from ftft.train.timings import Timings

DIFFERENT = 12  # lengths of batches that are timed, if there are so many
ROUNDS = 3  # the first one meets each shape for the first time
PATIENCE_S = 20.0  # after which measuring ends with the update that it is at
ROWS = 20_000  # of which the sizes of files are taken
SAMPLE_BYTES = 64 << 20  # written to see how fast the disk is
LEAVING = 0.25  # of what loading the libraries takes, an interpreter takes to end
PLACE = "estimating"  # in cache/: the folder of the run that measures


class Rehearsal(Attempt):
    """An attempt that notes how long it reads texts: tokenising them is paid once, by whoever comes first."""

    reading = 0.0

    def examples(self, split: str) -> Examples:
        began = time.perf_counter()
        found = super().examples(split)
        self.reading += time.perf_counter() - began
        return found


def profile(workspace: Path, spec: RunSpec, lengths_file: Path) -> Profile:
    """Everything that an estimate needs of `spec`'s model, dataset and settings; the tokens' lengths are published as `lengths_file`.

    What `Attempt` raises where it cannot be trained; a lack of memory is part of the result instead.
    """
    started = psutil.Process().create_time()
    loading = time.time() - started
    folder = _folder(workspace, spec)
    try:
        attempt = Rehearsal(folder, Ledger(folder.checkpoints / "cost.json"), Stop())
        cached = -attempt.reading
        attempt.examples("train")
        cached += attempt.reading  # what reading takes once the tokens are there
        start = time.time() - started - attempt.reading + cached + LEAVING * loading
        splits = {split.name: attempt.examples(split.name) for split in attempt.about.splits}
        _publish_lengths(lengths_file, splits)
        known = _sizes(attempt, splits, folder.path)
        try:
            return _measured(attempt, known, start, folder.path)
        except Exception as problem:
            failure = explain(problem)
            if failure.kind != "out_of_memory":
                raise
            return replace(known, problem=failure.to_json())
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)


def _folder(workspace: Path, spec: RunSpec) -> RunFolder:
    """A run on everything that is nowhere listed."""
    steps = DIFFERENT * ROUNDS
    measured = replace(
        spec, subset=None, subset_hash=None, selection=None, stop=None, patience=None, evals=None, devices=None, report_to=None,
        steps_of=None, settle=None, epochs=None, steps=steps, capture="none", lr=1e-6,
    )  # fmt: skip
    folder = RunFolder(workspace / "cache" / PLACE)
    shutil.rmtree(folder.path, ignore_errors=True)  # of one that was killed
    folder.create(measured, "", run=PLACE)
    folder.checkpoints.mkdir()
    return folder


def _publish_lengths(file: Path, splits: dict[str, Examples]) -> None:
    def write(aside: Path) -> None:
        arrays: dict[str, Any] = {f"of {name}": found.tokens.length_N.astype(np.int32) for name, found in splits.items()}
        with aside.open("wb") as out:
            np.savez_compressed(out, **arrays)

    publish(file, write)


# ---- sizes


def _sizes(attempt: Attempt, splits: dict[str, Examples], folder: Path) -> Profile:
    model, train = attempt.model, splits["train"]
    weights = sum(w.numel() * w.element_size() for w in model.state_dict().values())
    trained = sum(w.numel() * w.element_size() for w in model.parameters() if w.requires_grad)
    attempt.inputs.source.tokenizer.save_pretrained(folder / "tokenizer")
    extras = _bytes(folder / "tokenizer")
    words: Any = attempt.model.get_input_embeddings()
    some = train.take(np.arange(min(len(train), ROWS)))
    return Profile(
        forward=_coefficients(attempt.inputs.flops.forward), training=_coefficients(attempt.inputs.flops.training),
        parameters=sum(w.numel() for w in model.parameters()), words=words.weight.numel(),
        max_length=attempt.inputs.max_length, cut=len(train.cut),
        model_bytes=weights + extras, checkpoint_bytes=weights + 2 * trained + extras,  # Adam keeps two moments of each weight
        record_bytes=_bytes(_publish_records(folder, some, attempt)) / len(some),
        prediction_bytes=_bytes(_publish_predictions(folder, some, attempt)) / len(some),
        environment=attempt.environment(),
    )  # fmt: skip


def _coefficients(found: np.ndarray) -> tuple[float, float, float, float]:
    k, c, a, b = (float(value) for value in found)
    return k, c, a, b


def _logits(examples: Examples, attempt: Attempt) -> np.ndarray:
    """(N, C), as far from compressible as real ones: half of the bits are zero where autocast made them."""
    drawn_NC = np.random.default_rng(0).normal(size=(len(examples), len(attempt.about.labels)))
    return torch.from_numpy(drawn_NC).to(attempt.precision.dtype or torch.float32).float().numpy()


def _publish_records(folder: Path, some: Examples, attempt: Attempt) -> Path:
    step_N = np.arange(len(some)) // attempt.spec.batch_size + 1
    RunFolder(folder / "sample").publish_epoch(Epoch(1, some.ids_N, some.gold_N, _logits(some, attempt), step_N, "online", "", True))
    return folder / "sample" / "dynamics"


def _publish_predictions(folder: Path, some: Examples, attempt: Attempt) -> Path:
    RunFolder(folder / "sample").publish_predictions("sample", some.ids_N, some.gold_N, _logits(some, attempt))
    return folder / "sample" / "predictions"


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


# ---- time and memory


def _measured(attempt: Attempt, known: Profile, start: float, folder: Path) -> Profile:
    """`known`, with its speed and its memory."""
    updates, forwards = _updates(attempt), _forwards(attempt)
    memory = _peak_memory()
    some = attempt.train.take(np.arange(min(len(attempt.train), ROWS)))
    row = _seconds(lambda: _publish_records(folder, some, attempt)) / len(some)
    speed = Speed(start, updates.fit(), forwards.fit(), row, _writing(folder, known.model_bytes), len(updates.seconds))
    shape_bytes = (updates.shape_bytes(), forwards.shape_bytes())
    return replace(known, speed=speed, memory_bytes=memory, shapes=len(set(updates.flops_F)), shape_bytes=shape_bytes)


class _Chosen:
    """An order of given batches, over and over."""

    def __init__(self, batches: list[np.ndarray]) -> None:
        self.batches, self.epoch = batches, 1

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        for row_B in self.batches:
            yield row_B.tolist()


class _Nowhere(Checkpoints):
    """Keeps nothing."""

    def save(self, about: dict[str, Any], write: Callable[[Path], object]) -> None:
        """Does nothing."""


class _Clock(TrainerCallback):
    """Times each update; ends training when patience is over, with the second update at the earliest."""

    def __init__(self, timings: Timings) -> None:
        self.timings = timings

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.last = self.began = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if this_device().type != "cpu":
            torch.accelerator.synchronize()
        now = time.perf_counter()
        self.timings.add(now - self.last)
        if now - self.began > PATIENCE_S and len(self.timings.seconds) > 1:
            control.should_training_stop = True
        self.last = time.perf_counter()


def _updates(attempt: Attempt) -> Timings:
    spec, tokens, engine = attempt.spec, attempt.train.tokens, attempt.engine
    windows = _windows(tokens.length_N, spec)
    chosen: Any = _Chosen([row_B for _ in range(ROUNDS) for window in windows for row_B in window])
    engine.order = chosen  # all of an `Order` that the engine looks at
    engine.watch = replace(engine.watch, checkpoints=_Nowhere(engine.watch.checkpoints.folder), close_epoch=lambda number, complete: None)
    cost = attempt.inputs.flops.of_training
    timings = Timings([sum(cost(len(row_B), int(tokens.length_N[row_B].max())) for row_B in window) for window in windows])
    engine.add_callback(_Clock(timings))
    engine.run(None)
    return timings


def _windows(length_N: np.ndarray, spec: RunSpec) -> list[list[np.ndarray]]:
    """The batches of F updates, from among those of the first epoch, each update with another longest text."""
    batches = epoch_batches(length_N, spec.batch_size, spec.seeds.order, 1)
    whole = [row_B for row_B in batches if len(row_B) == spec.batch_size] or batches
    whole.sort(key=lambda row_B: int(length_N[row_B].max()))
    places = _spread([int(length_N[row_B].max()) for row_B in whole])
    return [[whole[max(0, place - k)] for k in range(spec.grad_accum)] for place in places]


def _spread(longest: Sequence[int]) -> list[int]:
    """Places of F different values among ascending ones: one in the middle, the largest, then the others from small to large."""
    different = sorted({value: place for place, value in enumerate(longest)}.values())
    chosen = sorted({round(n * (len(different) - 1) / (DIFFERENT - 1)) for n in range(DIFFERENT)})
    middle, largest = chosen[len(chosen) // 2], chosen[-1]
    return [different[n] for n in dict.fromkeys([middle, largest, *chosen])]


def _forwards(attempt: Attempt) -> Timings:
    """Of batches of an evaluation."""
    tokens = attempt.train.tokens
    by_length_N = np.argsort(tokens.length_N, kind="stable")
    size = min(attempt.spec.eval_batch_size, len(by_length_N))
    ends = _spread(tokens.length_N[by_length_N[size - 1 :]].tolist())
    chosen = [by_length_N[end : end + size] for end in ends]
    timings = Timings([attempt.inputs.flops.of_forward(size, int(tokens.length_N[row_B].max())) for row_B in chosen])
    began = time.perf_counter()
    for row_B in chosen * ROUNDS:
        timings.add(_seconds(lambda row_B=row_B: attempt.predictor.logits(tokens, "scores", row_B)))
        if time.perf_counter() - began > PATIENCE_S / 2 and len(timings.seconds) > 1:
            break
    return timings


def _writing(folder: Path, most: int) -> float:
    """Seconds a byte that is written as weights are, and forced to the disk."""
    size = min(most, SAMPLE_BYTES)
    weights = {"weights": torch.zeros(math.ceil(size / 4))}
    return _seconds(lambda: publish(folder / "sample.safetensors", lambda aside: safetensors.torch.save_file(weights, aside))) / size


def _peak_memory() -> int:
    """Of the GPU as PyTorch took it, or of this process where it trains on the processor."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    try:  # what getrusage says may be the parent's, from before this program was loaded
        status = Path("/proc/self/status").read_text()
        return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1 << 10)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """What `ftft.workspace.estimating` starts. The lock is emptied last: one that is left with words in it tells of a process that died."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--spec", type=json.loads)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--lock", type=int)
    given = parser.parse_args()
    quiet()
    try:
        found = profile(given.workspace, RunSpec.from_json(given.spec), given.out.with_suffix(".npz")).to_json()
    except Exception as problem:
        found = {"error": explain(problem).to_json(), "time": time.time()}
    publish_json(given.out, found)
    os.ftruncate(given.lock, 0)


if __name__ == "__main__":
    main()
