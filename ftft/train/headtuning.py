"""Head tuning: the encoder stays as it is, its features are computed once, and a linear layer is trained on them; many runs in one process.

What a run leaves is what any run leaves. Below the last layer some architectures have others that are new (RoBERTa's dense layer, a pooler
that the checkpoint lacks): they stay as the run's seed draws them, so that features are shared by runs of one seed alone.

Shapes: N examples, D features, C classes.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from ftft.domain import Finding, RunSpec
from ftft.domain.identity import digest
from ftft.domain.spec import START
from ftft.domain.stabilisers import MHLOSS, SURT
from ftft.dynamics import Epoch
from ftft.errors import FtftError
from ftft.publish import publish, publish_folder
from ftft.runfolder import RunFolder
from ftft.runpaths import CACHE
from ftft.scores import scores
from ftft.train import distance, task
from ftft.train.attempt import environment
from ftft.train.cost import Spent
from ftft.train.engine import Budget, non_finite
from ftft.train.features import Encoded, encoded
from ftft.train.head import draw_anew, head_of, last_layer, put_last_layer
from ftft.train.headbatch import Begun, HeadBatch
from ftft.train.inputs import Inputs
from ftft.train.precision import choose, this_device
from ftft.train.progress import Progress, say
from ftft.train.stabilisers import Together
from ftft.train.theory import sampled, theory

Outcome = dict[str, Any] | FtftError
FORWARD, UPDATE = 2, 4  # FLOPs a weight and example: an answer; an answer and a gradient of the weights alone


def tune_heads(folders: Sequence[RunFolder], explain: Callable[[Exception], FtftError]) -> Iterator[tuple[RunFolder, Outcome]]:
    """Each run with its verdict, not yet published, or why there is none, as soon as it is known: SURT may still take others hours.

    All are runs of which one `trains_with` the others.
    """
    for group in _groups(folders, lambda folder: _encoder(folder.spec())):
        waiting = {folder.run: folder for folder in group}
        try:
            for tuning in _tunings(group):
                for run, outcome in tuning.run(explain).items():
                    yield waiting.pop(run), outcome
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as problem:
            failure = explain(problem)
            yield from ((folder, failure) for folder in waiting.values())


def _groups(folders: Sequence[RunFolder], key: Callable[[RunFolder], Any]) -> list[list[RunFolder]]:
    found = defaultdict(list)
    for folder in folders:
        found[key(folder)].append(folder)
    return list(found.values())


def _encoder(spec: RunSpec) -> tuple:
    return tuple(part for part in spec.methods or () if part.startswith(SURT))


def _tunings(folders: list[RunFolder]) -> "Iterator[_Tuning]":
    """One where all below the last layer comes from the checkpoint, else one for each seed."""
    every = _Tuning(folders)
    by_seed = _groups(folders, lambda folder: folder.spec().seeds.init)
    if not every.drawn_below or len(by_seed) == 1:
        yield every
        return
    for of_seed in by_seed:
        yield _Tuning(of_seed)


class _Tuning:
    """Runs that share every feature."""

    def __init__(self, folders: Sequence[RunFolder]) -> None:
        self.folders = {folder.run: folder for folder in folders}
        self.specs = {folder.run: folder.spec_to_train() for folder in folders}
        first = next(iter(self.specs.values()))
        self.workspace: Path = folders[0].workspace
        self.warnings: list[Finding] = []
        self.precision = choose(first.precision, this_device())
        self.inputs = Inputs(self.workspace, first, self.precision, self.warnings.append)
        self.model, self.about = self.inputs.model, self.inputs.about
        last = f"{last_layer(self.model)[0]}."
        self.drawn_below = any(not name.startswith(last) for name in self.inputs.drawn)
        self.started = datetime.now(UTC)

    def run(self, explain: Callable[[Exception], FtftError]) -> dict[str, Outcome]:
        """A failure of one run is none of the others'."""
        every = self.inputs.examples("train")
        self.inputs.warn_of_cuts("train", every)
        self.model.to(this_device())  # pyright: ignore[reportArgumentType]
        self.features = {split.name: self._encoded(split.name) for split in self.about.splits}
        say(f"features of {len(self.features)} sets; {len(self.specs)} heads on them")
        found: dict[str, Outcome] = {}
        begun: dict[str, Begun] = {}
        rows: dict[str, np.ndarray | None] = {}
        for run, spec in self.specs.items():
            try:
                rows[run] = task.subset_rows(self.workspace, spec, self.folders[run].subset_hash(), every.ids_N)
                every.row_of(spec.left_out)
                begun[run] = self._begin(spec, len(every), rows[run])
            except FtftError as problem:
                found[run] = problem
        by_shape = defaultdict(list)
        for run, one in begun.items():
            by_shape[one.shape, self.folders[run].subset_hash()].append(run)
        for runs in by_shape.values():
            seen = rows[runs[0]]
            examples = every if seen is None else every.take(seen)
            feature_ND = self.features["train"].feature_ND
            found |= self._batch(runs, begun, feature_ND if seen is None else feature_ND[seen], examples, explain)
        return found

    def _batch(
        self, runs: list[str], begun: dict[str, Begun], feature_ND: np.ndarray, examples: task.Examples,
        explain: Callable[[Exception], FtftError],
    ) -> dict[str, Outcome]:  # fmt: skip
        failed: dict[str, FtftError] = {}

        def close(number: int, epoch: Epoch) -> None:
            run = runs[number]
            if run not in failed:
                try:
                    self._publish(run, epoch)
                except (FtftError, OSError) as problem:
                    failed[run] = explain(problem)

        heads = HeadBatch(feature_ND, examples, [begun[run] for run in runs], close).fit()
        mean_RCD, bias_RC = heads.mean()
        found: dict[str, Outcome] = {}
        for n, run in enumerate(runs):
            try:
                head = {"weight": mean_RCD[n].contiguous(), "bias": bias_RC[n].contiguous()}
                found[run] = failed.get(run) or self._verdict(run, begun[run], head, len(examples), len(runs))
            except (FtftError, OSError) as problem:
                found[run] = explain(problem)
        return found

    # ---- before

    def _encoded(self, split: str) -> Encoded:
        seed = self.inputs.spec.seeds.init if self.drawn_below else None
        encoder = [self.inputs.spec.layers, self.precision.name, self.precision.attention, *_encoder(self.inputs.spec), seed]
        file = self.workspace / CACHE / "features" / f"{digest([*self.inputs.of_tokens(split), *encoder])}.npz"
        batch_size = self.inputs.spec.eval_batch_size
        return encoded(file, self.model, self.inputs.examples(split).tokens, self.precision, batch_size, lambda: self.inputs.flops)

    def _begin(self, spec: RunSpec, all_rows: int, rows: np.ndarray | None) -> Begun:
        """The heads that full tuning of the same seed would begin with."""
        plain = last_layer(self.model)[1]
        if not self.drawn_below:
            draw_anew(self.model, head_of(self.model), spec.seeds.init)
        many = Together([part for part in spec.methods or () if part.startswith(MHLOSS)])
        many.redraw(self.model, spec.seeds.init)
        many.attach(self.model)
        layer: Any = last_layer(self.model)[1]
        weight, bias = (None if w is None else w.detach().cpu().clone() for w in (layer.weight, layer.bias))
        put_last_layer(self.model, plain)
        assert weight is not None
        weight_HCD = weight if weight.dim() == 3 else weight[None]
        bias_HC = torch.zeros(weight_HCD.shape[:2]) if bias is None else bias.reshape(weight_HCD.shape[:2])
        budget = Budget.of(spec, all_rows, all_rows if rows is None else len(rows))
        return Begun(spec, budget, weight_HCD, bias_HC, bias is not None)

    # ---- after

    def _publish(self, run: str, epoch: Epoch) -> None:
        if not np.isfinite(epoch.logits_NC).all():
            raise non_finite(int(epoch.step_N.max()))
        if self.specs[run].capture != "none":
            self.folders[run].publish_epoch(epoch)
        loss = float(np.mean(np.logaddexp.reduce(epoch.logits_NC, axis=1) - epoch.logits_NC[np.arange(len(epoch.gold_N)), epoch.gold_N]))
        progress = Progress(self.folders[run].metrics_file, int(epoch.step_N.max()))
        progress.training(int(epoch.step_N.max()), epoch.number, loss, self.specs[run].lr)
        progress.recorded(int(epoch.step_N.max()), epoch.number, len(epoch.ids_N))

    def _verdict(self, run: str, begun: Begun, head: dict[str, torch.Tensor], seen: int, company: int) -> dict[str, Any]:
        spec, folder = self.specs[run], self.folders[run]
        names = [split.name for split in self.about.evaluations] + (["train"] if spec.predict_train else [])
        found = {name: self._predict(folder, name, head, begun.budget.steps) for name in names}
        found.pop("train", None)
        publish(folder.path / "head.safetensors", lambda aside: save_file(head, aside))
        if spec.keep_model is not False:
            self._save_model(folder, head)
        moved = self._distance(spec, begun, head)
        seconds = (datetime.now(UTC) - self.started).total_seconds() / max(1, len(self.specs))
        return {
            "state": "succeeded", "cause": None, "error": {}, "scores": found, "steps_done": begun.budget.steps, "stop": None,
            "retrained": self.inputs.retrained and self.inputs.retrained.to_json(), "epochs_recorded": len(folder.epoch_files()),
            "distance": moved, "theory": self._theory(spec, begun, head, moved), "cost": self._cost(begun, names, seen, seconds).to_json(),
            "environment": environment(self.model, self.precision.name, self.inputs.max_length) | {"heads_together": company},
            "warnings": [warning.to_json() for warning in self.warnings], "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip

    def _predict(self, folder: RunFolder, split: str, head: dict[str, torch.Tensor], step: int) -> dict[str, float | None]:
        examples = self.inputs.examples(split)
        weight_CD, bias_C = head["weight"].numpy(), head["bias"].numpy()
        logits_NC = self.features[split].feature_ND @ weight_CD.T + bias_C
        if not np.isfinite(logits_NC).all():
            raise non_finite(step)
        folder.publish_predictions(split, examples.ids_N, examples.gold_N, logits_NC)
        return scores(examples.gold_N, logits_NC, self.about.counts_as(split))

    def _cost(self, begun: Begun, predicted: Sequence[str], seen: int, seconds: float) -> Spent:
        """Features are computed once for all runs that share them; each says what they cost, apart from its own."""
        weights = begun.weight_HCD.numel()
        window = begun.window
        whole, rest = divmod(begun.budget.steps, begun.budget.per_epoch)
        passes = whole * seen + min(rest * window, seen)
        return Spent(
            attempts=1, train_flops=float(UPDATE * weights * passes), features_flops=self.features["train"].flops,
            eval_flops=sum(self.features[name].flops + FORWARD * weights * len(self.features[name].feature_ND) for name in predicted),
            pretrain_flops=self.inputs.retrained.flops if self.inputs.retrained else 0.0, seconds=seconds, training_seconds=seconds,
            examples=passes,
        )  # fmt: skip

    def _distance(self, spec: RunSpec, begun: Begun, head: dict[str, torch.Tensor]) -> dict[str, float] | None:
        """In the weights and biases of the mean head."""
        if spec.distance_to is None:
            return None
        start = {"weight": begun.weight_HCD.mean(0), "bias": begun.bias_HC.mean(0)}
        return distance.moved(head, start, spec.distance_to, self.workspace / "runs" / spec.distance_to / "head.safetensors")

    def _theory(
        self, spec: RunSpec, begun: Begun, head: dict[str, torch.Tensor], moved: dict[str, float] | None
    ) -> dict[str, float | None] | None:
        """Of a run from which distances are taken."""
        if moved is None or spec.distance_to != START:
            return None
        gold_N, feature_ND = self.inputs.examples("train").gold_N, self.features["train"].feature_ND
        weight_CD, bias_C = head["weight"].numpy(), head["bias"].numpy()
        some = sampled(len(gold_N))
        return theory(feature_ND[some], gold_N[some], weight_CD, bias_C, moved[START], begun.budget.steps, len(gold_N), spec)

    def _save_model(self, folder: RunFolder, head: dict[str, torch.Tensor]) -> None:
        layer: Any = last_layer(self.model)[1]
        with torch.no_grad():
            layer.weight.copy_(head["weight"])
            if layer.bias is not None:
                layer.bias.copy_(head["bias"])

        def write(aside: Path) -> None:
            self.model.save_pretrained(aside)
            self.inputs.source.tokenizer.save_pretrained(aside)

        with suppress(FileNotFoundError):
            shutil.rmtree(folder.model)
        publish_folder(folder.model, write)
