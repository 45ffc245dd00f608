"""One attempt at a run: read, train, evaluate, save. What it leaves in the run's folder is complete before the verdict is written.

Shapes: N examples.
"""

import platform
import shutil
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
import transformers
from transformers import PreTrainedModel

import ftft
from ftft.domain import Finding, RunSpec
from ftft.domain.spec import SETTLED, START
from ftft.dynamics import Epoch
from ftft.publish import publish_folder
from ftft.runfolder import RunFolder
from ftft.scores import scores
from ftft.train import distance, precision, ranks, task
from ftft.train.checkpoints import Checkpoint, Checkpoints
from ftft.train.cost import Ledger
from ftft.train.early import EarlyStopping, evaluation_steps
from ftft.train.engine import Budget, Engine, Instruments, non_finite
from ftft.train.evaluate import Predictor
from ftft.train.features import encode
from ftft.train.head import last_layer
from ftft.train.inputs import Inputs
from ftft.train.progress import Progress, say
from ftft.train.recorder import Recorder
from ftft.train.settling import Settling
from ftft.train.stabilisers import Together
from ftft.train.stopping import Stop
from ftft.train.theory import sampled, theory
from ftft.train.trackers import Trackers

NAMED = 5  # ids that a warning gives as examples


class Attempt:
    """Reads everything when made; `run` does the work. InputError where the inputs are not those of the spec."""

    def __init__(self, folder: RunFolder, ledger: Ledger, stop: Stop) -> None:
        self.folder, self.ledger, self.stop = folder, ledger, stop
        self.spec: RunSpec = folder.spec_to_train()
        self.warnings: list[Finding] = []
        self.checkpoints = Checkpoints(folder.checkpoints)
        self.resumed: Checkpoint | None = self.checkpoints.newest()
        self.precision = self._precision()
        self.stabilisers = Together(self.spec.methods or ())
        stored = self.resumed.trainer if self.resumed and not self.stabilisers.from_start else None
        self.inputs = Inputs(folder.workspace, self.spec, self.precision, self.warnings.append, stored)
        self.about, self.model = self.inputs.about, self.inputs.model
        if self.inputs.retrained:
            ledger.began_with(self.inputs.retrained.flops)
        self.stabilisers.redraw(self.model, self.spec.seeds.init)
        self.stabilisers.attach(self.model)
        every = self.examples("train")
        rows = task.subset_rows(folder.workspace, self.spec, folder.subset_hash(), every.ids_N)
        self.train = every if rows is None else every.take(rows)
        self.inputs.warn_of_cuts("train", self.train)
        self.budget = Budget.of(self.spec, len(every), len(self.train))
        self.progress = Progress(folder.metrics_file, self.budget.steps)
        self.recorder = None if self.spec.capture == "none" else Recorder()
        self.early = self._early_stopping()
        self.settling = self._settling()
        self.trackers = self._trackers()
        self.engine = Engine(
            self.model,
            self.train,
            self.spec,
            self.budget,
            self.precision,
            self._instruments(),
            self.inputs.source.tokenizer,
            self.stabilisers,
        )

    def run(self) -> dict[str, Any]:
        """Trains and evaluates, and returns the verdict, not yet published."""
        self._go_on()
        try:
            self._train()
            found = {split.name: self._evaluate(split.name) for split in self.about.evaluations}
            if self.spec.predict_train:
                self._predict("train")
        finally:
            self.trackers.close()
        steps_done = self.steps_done
        if ranks.is_first() and self.spec.keep_model is not False:
            self._save_model()
        return {
            "state": "succeeded", "cause": None, "error": {}, "scores": found, "steps_done": steps_done,
            "stop": self._stop(), "retrained": self.inputs.retrained and self.inputs.retrained.to_json(),
            "distance": (moved := self._distance()), "theory": self._theory(moved),
            "epochs_recorded": len(self.folder.epoch_files()), "cost": self.ledger.spent().to_json(), "environment": self.environment(),
            "warnings": [w.to_json() for w in self.warnings], "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip

    def _train(self) -> None:
        """Leaves the model as it will be evaluated."""
        self.trackers.begin(self.engine.args, self.engine.state, self.engine.control, self.model)
        if self.resumed and self._trained(self.resumed):  # Trainer would make one update more
            safetensors.torch.load_model(self.model, self.resumed.trainer / "model.safetensors", device=str(self.model.device))
        else:
            self.engine.run(self.resumed)
        if self.early:
            self.early.restore()
        self.stabilisers.detach(self.model)

    def _distance(self) -> dict[str, float] | None:
        """How far the weights are from those that training began with, and from those of another run; None where nobody asks."""
        to = self.spec.distance_to
        if to is None:
            return None
        mine, start = dict(self.model.named_parameters()), self.inputs.fresh()
        together = Together(self.spec.methods or ())
        together.redraw(start, self.spec.seeds.init)
        together.attach(start)
        together.detach(start)
        file = self.folder.workspace / "runs" / to / "model" / "model.safetensors"
        return distance.moved(mine, dict(start.named_parameters()), to, file)

    def _theory(self, moved: dict[str, float] | None) -> dict[str, float | None] | None:
        """Of a run from which distances are taken."""
        if moved is None or self.spec.distance_to != START:
            return None
        some = self.train.take(sampled(len(self.train)))
        feature_ND = encode(self.model, some.tokens, self.predictor)
        layer: Any = last_layer(self.model)[1]
        weight_CD = layer.weight.detach().float().cpu().numpy()
        bias_C = np.zeros(len(weight_CD)) if layer.bias is None else layer.bias.detach().float().cpu().numpy()
        return theory(feature_ND, some.gold_N, weight_CD, bias_C, moved[START], self.steps_done, len(self.train), self.spec)

    def _trackers(self) -> Trackers:
        def failed(name: str, problem: Exception) -> None:
            why = str(problem).strip().splitlines() or ["no message"]
            message = f"{name} failed and was told nothing more: {type(problem).__name__}: {why[0].rstrip('.')}"
            self.warnings.append(Finding("tracker_failed", 1, (name,), message))
            say(message)

        names = self.spec.report_to if ranks.is_first() else None
        return Trackers(names, self.folder.path, self.resumed.step if self.resumed else 0, failed)

    def _go_on(self) -> None:
        """Takes up where the newest checkpoint was left, if there is one."""
        about = self.resumed.about if self.resumed else {}
        self.ledger.goes_on_from(about.get("train_flops", 0.0))
        if self.ledger.lost:
            message = f"{self.ledger.file.name} was broken: what earlier attempts cost is not all on the bill"
            self.warnings.append(Finding("cost_lost", 1, (), message))
        if self.resumed:
            say(f"going on from step {self.resumed.step}")
            if about["processes"] != ranks.size():
                message = (
                    f"the run went on with {ranks.size()} processes from a checkpoint of {about['processes']}: "
                    "what dropout draws differs from an undisturbed run"
                )
                self.warnings.append(Finding("other_processes", 1, (), message))
        if ranks.is_first():
            self.checkpoints.clear_away()

    def _trained(self, checkpoint: Checkpoint) -> bool:
        early = checkpoint.about["early"]
        at_end = self.settling and self.budget.ends_epoch(checkpoint.step) and self.settling.ended
        return checkpoint.step >= self.budget.steps or bool(early and early["ended"]) or bool(at_end)

    def _stop(self) -> dict[str, Any] | None:
        """The verdict's `stop`."""
        if self.settling:
            return self.settling.to_json(self.steps_done)
        return self.early.to_json() if self.early else None

    @property
    def steps_done(self) -> int:
        """Updates made so far, in this attempt and in those it goes on from."""
        return max(self.engine.state.global_step, self.resumed.step if self.resumed else 0)

    def environment(self) -> dict[str, Any]:
        """As in the verdict."""
        return environment(self.model, self.precision.name, self.inputs.max_length)

    def _precision(self) -> precision.Precision:
        """What the checkpoint was made with, since a resumed run must go on as it began, on whatever machine."""
        if self.resumed:
            return precision.Precision(self.resumed.about["precision"], self.resumed.about["attention"])
        return precision.choose(self.spec.precision, precision.this_device())

    def examples(self, split: str) -> task.Examples:
        """A split as the model sees it."""
        return self.inputs.examples(split)

    def _instruments(self) -> Instruments:
        return Instruments(
            self.recorder, self._close_epoch, self.inputs.flops, self.ledger, self.progress, self.checkpoints, self.stop, self.trackers,
            self.early, self.settling,
        )  # fmt: skip

    def _settling(self) -> Settling | None:
        if self.spec.stop != SETTLED:
            return None
        assert self.spec.settle
        assert self.spec.patience
        return Settling(self.folder, self.spec.settle, self.spec.patience, self.budget.steps)

    def _early_stopping(self) -> EarlyStopping | None:
        if self.spec.stop in (None, SETTLED):
            return None
        assert self.spec.evals
        assert self.spec.patience
        sets = {split.name: self.examples(split.name) for split in self.about.dev_sets(self.spec.stop)}
        early = EarlyStopping(
            self.model, self.spec.stop, evaluation_steps(self.budget.steps, self.spec.evals), self.spec.patience,
            lambda step: self._judge(step, sets), self.folder.checkpoints / "best",
        )  # fmt: skip
        if self.resumed:
            early.load(self.resumed.about["early"])
        return early

    def _judge(self, step: int, sets: dict[str, task.Examples]) -> tuple[float, bool]:
        """The mean of the dataset's metric over the development sets that decide; and does the model tell any examples apart?"""
        logits = {split: self._logits(examples, "stop", step) for split, examples in sets.items()}
        values = [self._scores(split, examples, logits[split], step) for split, examples in sets.items()]
        answers = set(np.concatenate([logits_NC.argmax(axis=1) for logits_NC in logits.values()]).tolist())
        value = float(np.mean(np.array([of_set[self.about.metric] for of_set in values], float)))
        self.progress.judged(step, str(self.spec.stop), value)
        self.trackers.log({f"eval_{self.spec.stop}": value}, step)
        return value, len(answers) > 1

    @cached_property
    def predictor(self) -> Predictor:
        """What the model says about examples, on the bill."""

        def bill(texts: int, length: int, purpose: str) -> None:
            self.ledger.evaluation(self.inputs.flops.of_forward(texts, length), purpose)

        return Predictor(self.model, self.precision, self.spec.eval_batch_size, bill)

    def _close_epoch(self, number: int, complete: bool) -> None:
        """Publishes what an epoch recorded, or what an evaluation pass says about the same examples if the spec asks for that."""
        records = self.engine.records()
        if self.recorder is None or records is None:
            return
        row_N, logits_NC, step_N = records.row_R, records.logits_RC, records.step_R
        if self.spec.capture == "epoch_end":
            logits_NC = self.predictor.logits(self.train.tokens, "capture", row_N)
        if not np.isfinite(logits_NC).all():
            raise non_finite(int(step_N[-1]))
        assert not complete or len(row_N) == len(self.train), "an example is missing from a complete epoch"
        if ranks.is_first():
            self.folder.publish_epoch(
                Epoch(
                    number, self.train.ids_N[row_N], self.train.gold_N[row_N], logits_NC, step_N,
                    self.spec.capture, self.engine.order.hash(), complete,
                )
            )  # fmt: skip
        self.recorder.clear()
        self.progress.recorded(int(step_N[-1]), number, len(row_N))

    def _evaluate(self, split: str) -> dict[str, float | None]:
        found = self.examples(split)
        self.inputs.warn_of_cuts(split, found)
        return self._scores(split, found, self._predict(split), self.steps_done)

    def _predict(self, split: str) -> np.ndarray:
        """Publishes what the model says of a split; of all training examples, too, whatever subset it has seen."""
        found = self.examples(split)
        logits_NC = self._logits(found, "scores", self.steps_done)
        if ranks.is_first():
            self.folder.publish_predictions(split, found.ids_N, found.gold_N, logits_NC)
        return logits_NC

    def _logits(self, examples: task.Examples, purpose: str, step: int) -> np.ndarray:
        logits_NC = self.predictor.logits(examples.tokens, purpose)
        if not np.isfinite(logits_NC).all():
            raise non_finite(step)
        return logits_NC

    def _scores(self, split: str, examples: task.Examples, logits_NC: np.ndarray, step: int) -> dict[str, float | None]:
        values = scores(examples.gold_N, logits_NC, self.about.counts_as(split))
        self.progress.scored(step, split, values)
        self.trackers.log({f"eval_{split}_{name}": value for name, value in values.items()}, step)
        return values

    def _save_model(self) -> None:
        def write(aside: Path) -> None:
            self.model.save_pretrained(aside)
            self.inputs.source.tokenizer.save_pretrained(aside)

        shutil.rmtree(self.folder.model, ignore_errors=True)
        publish_folder(self.folder.model, write)


def environment(model: PreTrainedModel, precision: str, max_length: int) -> dict[str, Any]:
    """Where and with what the numbers came about; not part of a run's identity."""
    device = model.device
    processor = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    return {
        "device": device.type, "hardware": torch.cuda.get_device_name(device) if device.type == "cuda" else processor,
        "precision": precision, "attention": model.config._attn_implementation, "max_length": max_length,
        "processes": ranks.size(), "threads": torch.get_num_threads(),
        "platform": platform.platform(), "python": platform.python_version(),
        "torch": torch.__version__, "transformers": transformers.__version__, "ftft": ftft.__version__,
    }  # fmt: skip
