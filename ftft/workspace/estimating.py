"""What runs will cost, before they start: asked for by the page each second, so that nothing here takes long.

A process of its own finds out what is to be known of a model on a dataset (`ftft.train.profile`) and leaves it in the cache; who asks
meanwhile is told to ask again. There is one such process at a time: two would slow each other down and measure that.

    cache/estimates/KEY.json, KEY.npz     a profile, or why there is none; the lengths of the texts in tokens
    cache/estimates/KEY.log               what the process said
    cache/estimates/lock                  held by the process; its text says for which key, since when
"""

import fcntl
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

import ftft
from ftft.domain import Estimate, Pending, Run, RunEstimate, RunSpec, Selection, Step
from ftft.domain.identity import canonical, digest
from ftft.domain.profile import Profile
from ftft.domain.stabilisers import HEAD
from ftft.errors import FtftError, InputError, WorkError, as_error
from ftft.publish import publish_json, read_json, stamp
from ftft.runpaths import CACHE
from ftft.train.retraining import Recipe
from ftft.workspace import costing
from ftft.workspace.data import now
from ftft.workspace.kept import Kept

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

AGAIN_S = 60.0  # after a failure, before the same is tried again
POLL_S = 0.2
LATEST = 5  # runs that tell how fast this machine is
LEAST_S = 5.0  # of training: a shorter run tells little
_PER_FLOP = ("device", "hardware", "precision", "attention", "threads", "torch")  # what must be equal for two runs to be as fast


@dataclass(frozen=True)
class _Known:
    """A profile, with the lengths of the texts, split by split."""

    key: str
    profile: Profile
    lengths: dict[str, np.ndarray]


class Estimating:
    """`of(specs)`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.root = workspace.path / CACHE / "estimates"
        self._kept = Kept()

    def of(self, specs: Sequence[RunSpec], wait: bool = False) -> Estimate | Pending:
        """`ws.estimate`."""
        assert specs, "an estimate of nothing"
        found = [self._known(spec, wait) for spec in specs]
        pending = next((one for one in found if isinstance(one, Pending)), None)
        return pending or self._sum(specs, [one for one in found if isinstance(one, _Known)])

    def _with_steps(self, specs: Sequence[RunSpec]) -> list[RunSpec]:
        """With the whole budget of the run whose steps one is to make, as long as nobody knows where that ends."""
        planned = {spec.run: spec for spec in specs}

        def with_steps(spec: RunSpec) -> RunSpec:
            if spec.steps_of is None:
                return spec
            run = spec.steps_of
            if run in planned:
                other = planned[run]
            else:
                found = self.workspace.runs.get(run)
                other = (
                    found.spec if found.state != "succeeded" else replace(found.spec, epochs=None, steps=found.steps_done, steps_of=None)
                )
            return replace(spec, epochs=other.epochs, steps=other.steps, steps_of=None)

        return [with_steps(spec) for spec in specs]

    # ---- from profiles to estimates

    def _sum(self, specs: Sequence[RunSpec], found: Sequence[_Known]) -> Estimate:
        existing = set(self.workspace.runs.ids())
        runs, memory, left, peak, said = [], [], 0, 0, dict[str, None]()
        heads, retrained = list[RunSpec](), set[str]()
        for spec, whole, known in zip(specs, self._with_steps(specs), found, strict=True):
            cost, slower = self._cost(whole, known), self._slower(spec, known)
            if any(other.trains_with(spec) for other in heads):
                cost = costing.beside_another(cost)
            name, cost = self._retraining(spec, known, cost, retrained)
            retrained |= name
            heads += [spec] if spec.tune == HEAD and not cost.in_company else []
            run = _of_run(spec, known, cost, slower[0], spec.run in existing)
            leaves, needs = costing.disk(known.profile, cost, run.seconds or 0.0)
            left, peak = left + leaves, max(peak, left + needs)
            runs.append(run)
            memory.append(costing.memory(known.profile, cost))
            said.setdefault(_how(known.profile, slower[1]))
        seconds = [run.seconds for run in runs]
        length_N = found[0].lengths["train"]
        return Estimate(
            runs=tuple(runs), flops=sum(run.flops for run in runs), seconds=None if None in seconds else sum(s or 0.0 for s in seconds),
            disk_bytes=left, peak_disk_bytes=peak, memory_bytes=None if None in memory else max(m or 0 for m in memory),
            cost_ratio=sum(run.cost_ratio for run in runs) / len(runs), measured="; ".join(said),
            device=found[0].profile.environment["hardware"],
            tokens=(float(length_N.mean()), int(length_N.max()), found[0].profile.cut / len(length_N)),
            parameters=found[0].profile.parameters,
        )  # fmt: skip

    def _cost(self, spec: RunSpec, known: _Known) -> costing.Cost:
        mask_N = self._seen(spec)
        key = (known.key, canonical(spec.to_json()), None if mask_N is None else mask_N.tobytes())
        about = self.workspace.data.get(spec.dataset)
        return self._kept.once(key, lambda: costing.cost(known.profile, known.lengths, spec, about, mask_N))

    def _retraining(self, spec: RunSpec, known: _Known, found: costing.Cost, done: set[str]) -> tuple[set[str], costing.Cost]:
        """(the name of what SURT makes for this run, if any, and its cost with that, unless it is there or an earlier run makes it)."""
        recipe = Recipe.among(spec.methods)
        if recipe is None:
            return set(), found
        name = recipe.name(spec.dataset_fingerprint, spec.model_fingerprint, known.profile.max_length, spec.layers)
        if name in done or (self.workspace.path / CACHE / "surt" / name / "about.json").exists():
            return {name}, found
        return {name}, costing.after_retraining(found, known.profile, known.lengths["train"], spec, recipe)

    def _seen(self, spec: RunSpec) -> np.ndarray | None:
        """(N,) bool: what the run will see; None for everything, and where its subset cannot be known before other runs have ended."""
        if spec.subset is None:
            return None
        if spec.selection is None:
            saved = Selection(spec.dataset, (Step("new", "subset", {"subset": spec.subset}),))
            return self._kept.once(("mask", spec.dataset_fingerprint, spec.subset_hash), lambda: self.workspace.resolve(saved))
        try:
            selection = self.workspace.selections.get(spec.selection)
            if all(
                step.by == "random" and not step.inner for step in selection.steps
            ):  # the same for ever; of a million examples it takes seconds
                key = ("mask", spec.dataset_fingerprint, spec.selection)
                return self._kept.once(key, lambda: self.workspace.resolve(selection))
            return self.workspace.resolve(selection)
        except FtftError:
            return None

    def _slower(self, spec: RunSpec, known: _Known) -> tuple[float, int]:
        """(how much longer runs of this model took on this machine than the profile says, the median of so many of them)."""
        if (speed := known.profile.speed) is None:
            return 1.0, 0
        found = []
        for run in self.workspace.runs.list(spec.dataset, "succeeded"):
            if len(found) < LATEST and (took := _training_seconds(run, spec, known.profile)) is not None:
                found.append(took / costing.training_seconds(speed, self._cost(run.spec, known)))
        return (median(found), len(found)) if found else (1.0, 0)

    # ---- profiles

    def _known(self, spec: RunSpec, wait: bool) -> _Known | Pending:
        found = self._look(spec)
        while wait and isinstance(found, Pending):
            time.sleep(POLL_S)
            found = self._look(spec)
        return found

    def _look(self, spec: RunSpec) -> _Known | Pending:
        """What is known; else measures it, or says since when it is being measured. The error of a process that failed."""
        key = key_of(spec)
        found = self._read(key)
        if found is not None:
            return found
        if self.workspace.read_only:
            raise InputError(
                "what this would cost was never measured, and nothing may be written here",
                "Ask for it once where the workspace may be written: ftft estimate train …",
            )
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Pending(_words(lock)[1] or now())
            self._bury(_words(lock)[0])
            return self._read(key) or self._start(key, spec, lock)

    def _read(self, key: str) -> _Known | None:
        file = self.root / f"{key}.json"
        try:
            return _read(file, stamp(file))
        except (OSError, InputError):  # not there yet, or broken: it can be made again
            return None
        except _FailedError as failed:
            if time.time() - failed.when < AGAIN_S:
                raise failed.error from None
            return None

    def _bury(self, key: str) -> None:
        """Writes down the death of a process that left the lock without emptying it."""
        if key and not (self.root / f"{key}.json").exists():
            problem = WorkError(
                "the process that measures the model was killed",
                f"If memory ran out, lower --batch-size or --max-length; it wrote {self.root / f'{key}.log'}",
                "killed",
            )
            publish_json(self.root / f"{key}.json", {"error": problem.to_json(), "time": time.time()})

    def _start(self, key: str, spec: RunSpec, lock: TextIOWrapper) -> Pending:
        out, since = self.root / f"{key}.json", now()
        out.unlink(missing_ok=True)
        lock.truncate(0)
        lock.write(f"{key} {since}")
        lock.flush()
        words = ["--spec", canonical(_plain(spec).to_json()), "--out", str(out), "--lock", str(lock.fileno())]
        with (self.root / f"{key}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "ftft.train.profile", str(self.workspace.path), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
        threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie of an app that lives for days
        return Pending(since)


class _FailedError(Exception):
    """A process has said why there is no profile, at `when` (seconds since 1970)."""

    def __init__(self, error: FtftError, when: float) -> None:
        super().__init__(str(error))
        self.error, self.when = error, when


@lru_cache(16)
def _read(file: Path, state: tuple[int, ...]) -> _Known:
    value: Any = read_json(file)
    if isinstance(value, dict) and "error" in value:
        raise _FailedError(as_error(value["error"]), value["time"])
    profile = Profile.from_json(value)
    with np.load(file.with_suffix(".npz")) as arrays:
        return _Known(file.stem, profile, {name.removeprefix("of "): arrays[name] for name in arrays.files})


def key_of(spec: RunSpec) -> str:
    """Of the profile that an estimate of `spec` needs: everything that changes what is measured, this machine included."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    chosen = [os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")]
    versions = [ftft.__version__, *(metadata.version(name) for name in ("torch", "transformers"))]
    settings = [
        getattr(spec, name) for name in ("layers", "max_length", "batch_size", "grad_accum", "precision", "keep_head", "remote_code")
    ]
    return digest([spec.model_fingerprint, spec.dataset_fingerprint, settings, platform.node(), processors, chosen, versions])[:32]


def _plain(spec: RunSpec) -> RunSpec:
    """The same model on the same texts, without what changes neither: a profile serves all methods."""
    return replace(spec, methods=None, tune=None, left_out=None, distance_to=None)


def _of_run(spec: RunSpec, known: _Known, cost: costing.Cost, slower: float, existing: bool) -> RunEstimate:
    profile = known.profile
    took = None if profile.speed is None else costing.seconds(profile.speed, profile, cost, spec.devices or 1, slower)
    return RunEstimate(
        run=spec.run, flops=cost.flops, train_flops=cost.train_flops, eval_flops=cost.eval_flops, seconds=took,
        cost_ratio=cost.ratio, upper_bound=bool(spec.stop or spec.steps_of),
        retraining_flops=cost.retraining[1],
        steps=spec.total_steps(cost.examples[1]) if spec.tune else cost.steps, examples=cost.examples, existing=existing,
    )  # fmt: skip


def _how(profile: Profile, runs: int) -> str:
    """In a few words."""
    if profile.speed is None:
        return f"not measured: {(profile.problem or {}).get('message', 'nobody knows why')}"
    several, what = ("run", runs) if runs else ("update", profile.speed.timed)
    return f"from {what} {several}{'' if what == 1 else 's'} of this model on this machine"


def _training_seconds(run: Run, spec: RunSpec, profile: Profile) -> float | None:
    """What an undisturbed run with the same model, batches and machine took for its updates; None where it was another, or too short."""
    if (
        run.spec.imported
        or key_of(run.spec) != key_of(spec)
        or run.spec.stop
        or run.spec.capture == "epoch_end"
        or run.spec.tune
        or run.spec.methods
    ):
        return None
    if any(run.environment.get(name) != profile.environment[name] for name in _PER_FLOP) or run.environment.get("processes") != 1:
        return None
    if run.cost.get("attempts") != 1 or not run.cost.get("examples_per_second"):
        return None
    took = run.steps_done * spec.batch_size * spec.grad_accum / run.cost["examples_per_second"]
    return took if took >= LEAST_S else None


def _words(lock: TextIOWrapper) -> tuple[str, str]:
    """(key, since when) of the process that holds the lock, or that held it last and died; empty where there is none."""
    lock.seek(0)
    key, _, since = lock.read().partition(" ")
    return key, since
