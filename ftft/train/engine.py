"""`transformers.Trainer`, thinly subclassed: our order of the examples, our record of what it computes, checkpoints that are whole.

What each override mends, measured on transformers 5.23, is said where it is; tests/train/ has a test for each.

Shapes: B examples of a batch, of which a process sees its share; C classes.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from ftft.domain import RunSpec
from ftft.errors import WorkError
from ftft.train import ranks
from ftft.train.checkpoints import EVERY as CHECKPOINT_EVERY
from ftft.train.checkpoints import Checkpoint, Checkpoints
from ftft.train.cost import Ledger
from ftft.train.early import EarlyStopping
from ftft.train.flops import Flops
from ftft.train.objective import IGNORED
from ftft.train.order import Order
from ftft.train.precision import Precision, this_device
from ftft.train.progress import Progress
from ftft.train.recorder import NOBODY, Recorder, Records
from ftft.train.settling import Settling
from ftft.train.stabilisers import Together
from ftft.train.stopping import Stop
from ftft.train.task import Examples
from ftft.train.trackers import PROJECT, Trackers

LOG_EVERY = 1.0  # seconds
RECORDS = "records.npz"
RANK_SEED = 1_000_003  # apart by more than people count seeds


@dataclass(frozen=True)
class Budget:
    """`steps` updates in all; an epoch has `per_epoch` of them, the last with fewer batches where accumulation does not divide an epoch."""

    steps: int
    per_epoch: int

    @classmethod
    def of(cls, spec: RunSpec, all_rows: int, rows: int) -> "Budget":
        """`spec.epochs` counts all training examples even where the run sees a subset of them: the steps stay the same."""
        window = spec.batch_size * spec.grad_accum
        return cls(spec.total_steps(all_rows), math.ceil(rows / window))

    def epoch(self, step: int) -> int:
        """The epoch that update `step` belongs to, both counted from 1."""
        return (step - 1) // self.per_epoch + 1

    def ends_epoch(self, step: int) -> bool:
        """Whether update `step` is the last of a whole epoch."""
        return step % self.per_epoch == 0


@dataclass(frozen=True)
class Instruments:
    """What watches a training run. `close_epoch(number, complete)` publishes what `recorder` holds."""

    recorder: Recorder | None
    close_epoch: Callable[[int, bool], None]
    flops: Flops
    ledger: Ledger
    progress: Progress
    checkpoints: Checkpoints
    stop: Stop
    trackers: Trackers
    early: EarlyStopping | None = None
    settling: Settling | None = None


class Engine(Trainer):
    """Trains `model` on `train` for `budget.steps` updates."""

    def __init__(
        self,
        model: PreTrainedModel,
        train: Examples,
        spec: RunSpec,
        budget: Budget,
        precision: Precision,
        watch: Instruments,
        tokenizer: PreTrainedTokenizerBase,
        stabilisers: Together,
    ) -> None:
        self.train_examples, self.budget, self.precision, self.watch, self.stabilisers = train, budget, precision, watch, stabilisers
        self.objective = stabilisers.objective(model)
        self.left_out = train.row_of(spec.left_out)
        self.order = Order(train.tokens.length_N, spec.batch_size, spec.seeds.order)
        arguments = _arguments(spec, budget, precision, watch.checkpoints.folder)
        rows: Any = range(len(train))  # what the loader hands to the collator
        super().__init__(
            model, arguments, train_dataset=rows, processing_class=tokenizer, compute_loss_func=self._mean_loss, callbacks=[_Rhythm(self)]
        )
        self.remove_callback(PrinterCallback)  # it writes to standard output, which belongs to the caller

    def run(self, checkpoint: Checkpoint | None) -> None:
        """Trains from the beginning, or from `checkpoint`. KeyboardInterrupt, after saving, when asked to stop."""
        if checkpoint and self.watch.recorder and ranks.is_first():
            self.watch.recorder.load(checkpoint.path / RECORDS)
        self.watch.ledger.spent()  # what came before was not training
        with self.watch.stop.politely():
            self.train(resume_from_checkpoint=str(checkpoint.trainer) if checkpoint else None)

    def get_train_dataloader(self) -> DataLoader:
        """Batches in our order. Not wrapped by accelerate, whose sharding repeats rows: `_collate` takes this process's share of each."""
        rows: Any = self.train_dataset
        return DataLoader(rows, batch_sampler=self.order, collate_fn=self._collate)

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """The forward pass of the update, recorded before the update is made."""
        row_B = inputs.pop("row")
        del inputs["sizes"]
        if self.left_out is not None:  # after Trainer has counted the labels: its slot stays, and counts for nothing
            inputs["labels"] = inputs["labels"].masked_fill(row_B.to(inputs["labels"].device) == self.left_out, IGNORED)
        computed: Any = super().compute_loss(model, inputs, True, num_items_in_batch)
        loss, outputs = computed
        if self.watch.recorder:
            self.watch.recorder.add(row_B, outputs.logits, self.state.global_step + 1)
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """With a learning rate for each group of weights, where a stabiliser asks for it."""
        optimiser = super().create_optimizer(model)
        self.stabilisers.share_out(optimiser, self.model)  # pyright: ignore[reportArgumentType]
        return optimiser

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Called once for every batch that was trained on; Trainer's own estimate is 10 % low."""
        flops = sum(self.watch.flops.of_training(texts, length) for texts, length in inputs["sizes"])
        self.watch.ledger.training(flops, sum(texts for texts, _ in inputs["sizes"]))
        return round(flops)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """A line of progress; WorkError where the loss is no longer a number, which Trainer would rather not mention."""
        if "loss" not in logs:
            return
        step = self.state.global_step
        if not math.isfinite(logs["loss"]):
            raise non_finite(step)
        self.watch.progress.training(step, self.budget.epoch(step), logs["loss"], logs["learning_rate"])
        self.watch.trackers.log({**logs, "epoch": step / self.budget.per_epoch}, step)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Trainer's checkpoint and the records of the unfinished epoch, visible only when both are whole."""
        save, records = super()._save_checkpoint, self.records()

        def write(aside: Path | None) -> None:
            aside = ranks.gather(aside)[0]
            assert aside
            with self._output(aside):
                save(model, trial)
            ranks.gather(None)  # each has written its random state
            if records and ranks.is_first():
                records.save(aside / RECORDS)

        if ranks.is_first():
            self.watch.checkpoints.save(self._about(), write)
        else:
            write(None)
        if self.watch.early and ranks.is_first():
            self.watch.early.tidy()
        self.watch.ledger.write()

    def records(self) -> Records | None:
        """What all processes have recorded of the present epoch."""
        return Records.merged(ranks.gather(self.watch.recorder.records())) if self.watch.recorder else None

    def _about(self) -> dict[str, Any]:
        """What a resumed run must know besides what Trainer saves."""
        return {
            "step": self.state.global_step, "precision": self.precision.name, "attention": self.precision.attention,
            "processes": ranks.size(), "train_flops": self.watch.ledger.useful, "early": self.watch.early and self.watch.early.state(),
        }  # fmt: skip

    def _collate(self, rows: Sequence[int]) -> dict[str, Any]:
        """This process's share of a batch. One that is left without any gets a row that counts for nothing, since all must take part."""
        shares, tokens = ranks.shares(rows), self.train_examples.tokens
        mine, company = list(shares[ranks.rank()]), list(rows[:1])
        gold_B = torch.from_numpy(self.train_examples.gold_N[mine]) if mine else torch.tensor([IGNORED])
        sizes = [(len(share), int(tokens.length_N[list(share or company)].max())) for share in shares]
        return {**tokens.batch(mine or company), "labels": gold_B, "row": torch.tensor(mine or [NOBODY]), "sizes": sizes}

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        """Keeps in mind how many batches the update has, for what counts once an update."""
        batches, examples = super().get_batch_samples(epoch_iterator, num_batches, device)
        self._batches = len(batches)
        return batches, examples

    def _mean_loss(self, outputs: Any, gold_B: torch.Tensor, num_items_in_batch: torch.Tensor) -> torch.Tensor:
        """Trainer then multiplies by the number of processes, over which the gradient is meaned."""
        model: Any = self.model
        terms = self.objective(model, outputs, gold_B)
        return terms.share(num_items_in_batch, self._batches * ranks.size())

    @contextmanager
    def _output(self, folder: Path) -> Iterator[None]:
        usual, self.args.output_dir = self.args.output_dir, str(folder)
        try:
            yield
        finally:
            self.args.output_dir = usual


class _Rhythm(TrainerCallback):
    """When to log, publish an epoch, save and stop: after an update, and never between an epoch's last update and its publication."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.logged = self.saved = time.monotonic()
        self.asked_to_stop = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if ranks.size() > 1:  # or all processes would drop the same units of different examples; a resume then loads what was saved
            torch.manual_seed(args.seed + ranks.rank() * RANK_SEED)

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.engine.order.epoch = self.engine.budget.epoch(state.global_step + 1)

    def on_optimizer_step(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        self.engine.stabilisers.after_update(given["optimizer"])

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        budget, watch, now = self.engine.budget, self.engine.watch, time.monotonic()
        step = state.global_step
        enough = watch.early is not None and watch.early.after(step)
        control.should_training_stop = control.should_training_stop or enough
        ends = budget.ends_epoch(step) or step == budget.steps or enough
        if ends:
            watch.close_epoch(budget.epoch(step), budget.ends_epoch(step))
        settles = watch.settling is not None and ranks.is_first() and budget.ends_epoch(step) and watch.settling.after_epoch()
        log, save, self.asked_to_stop, settled = ranks.agree(
            now - self.logged >= LOG_EVERY, now - self.saved >= CHECKPOINT_EVERY, watch.stop.requested, settles
        )
        control.should_training_stop = control.should_training_stop or settled
        control.should_log, control.should_save = ends or log, ends or save or self.asked_to_stop
        self.logged = now if control.should_log else self.logged

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.saved = time.monotonic()
        if self.asked_to_stop:
            raise KeyboardInterrupt


def non_finite(step: int) -> WorkError:
    """The failure of a run whose numbers have left the finite ones."""
    return WorkError(f"the loss is not a finite number by step {step}", "Lower --lr, or use --precision fp32", "non_finite")


def _arguments(spec: RunSpec, budget: Budget, precision: Precision, folder: Path) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=budget.steps,
        per_device_train_batch_size=spec.batch_size, gradient_accumulation_steps=spec.grad_accum,
        optim="adamw_torch_fused", learning_rate=spec.lr, weight_decay=spec.weight_decay, adam_epsilon=1e-6, max_grad_norm=1.0,
        lr_scheduler_type="linear", warmup_steps=math.ceil(budget.steps * spec.warmup),
        seed=spec.seeds.dropout, bf16=precision.name == "bf16", fp16=precision.name == "fp16",
        logging_strategy="no", save_strategy="no", eval_strategy="no", logging_nan_inf_filter=False,
        run_name=spec.run, project=PROJECT, disable_tqdm=True, log_level="error", use_cpu=this_device().type == "cpu",
        remove_unused_columns=False, average_tokens_across_devices=True,
    )  # fmt: skip
    arguments.report_to = []  # trackers are ours to call; transformers adds one by itself where the environment speaks of it
    arguments._n_gpu = min(arguments.n_gpu, 1)  # with two GPUs in sight Trainer would turn to DataParallel, which mixes up the rows
    return arguments
