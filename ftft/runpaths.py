"""Where things lie in a run's folder, and the parts of it that are JSON. Standard library only: the queue's runner stays small with it.

`RunFolder` (ftft/runfolder.py) adds what is Parquet, and says what the folder holds.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

from ftft.domain import RunSpec, safe_name
from ftft.domain.record import REMEDY, checked, take, take_all
from ftft.errors import InputError, shown
from ftft.publish import not_json, publish_json, read_json

CACHE = "cache"  # the workspace's folder for what can be made again at any time
_EPOCH = re.compile(r"epoch=\d+\.parquet")


@dataclass(frozen=True)
class RunPaths:
    """`workspace/runs/ID`. Reading a folder that is still being written gives what has been published so far."""

    path: Path

    @property
    def run(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def workspace(self) -> Path:
        """The workspace's folder, where datasets and subsets lie."""
        return self.path.parent.parent

    @property
    def results_file(self) -> Path:
        return self.path / "results.json"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def measures_file(self) -> Path:
        """Metrics that were imported without the dynamics behind them; only such runs have it."""
        return self.path / "metrics.parquet"

    @property
    def log_file(self) -> Path:
        return self.path / "log.txt"

    @property
    def lock_file(self) -> Path:
        return self.path / "lock"

    @property
    def cancel_file(self) -> Path:
        return self.path / "cancel"

    @property
    def subset_file(self) -> Path:
        """`{"subset", "hash"}` of the subset that a selection made when the run started; only such runs have it."""
        return self.path / "subset.json"

    @property
    def steps_file(self) -> Path:
        """`{"steps"}`: how many steps the run makes, written when it starts; only runs have it that make as many as another one."""
        return self.path / "steps.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    # ---- the spec and the verdict

    def create(self, spec: RunSpec, created: str, run: str | None = None, after: Sequence[str] = ()) -> None:
        """Makes the folder with its spec; a folder that exists keeps what it has. `run`: the id, where it is a name instead of a hash.

        `after`: the runs that must have succeeded before this one starts.
        """
        if not (self.path / "spec.json").exists():
            after_those = {"after": list(after)} if after else {}
            publish_json(self.path / "spec.json", {"run": run or spec.run, "created": created, **after_those, "spec": spec.to_json()})

    def spec(self) -> RunSpec:
        """The spec that the run was created with. InputError where spec.json is broken, FileNotFoundError where there is none."""
        return self._about()[0]

    def spec_to_train(self) -> RunSpec:
        """The same with its number of steps, where another run has decided that; FileNotFoundError before it has."""
        spec = self.spec()
        if spec.steps_of is None:
            return spec
        return replace(spec, steps=take(read_json(self.steps_file), "steps", int), steps_of=None)

    def created(self) -> str:
        """When the run was asked for, ISO 8601 in UTC."""
        return self._about()[1]

    def after(self) -> tuple[str, ...]:
        """The runs that must have succeeded before this one starts; none where nobody has said so."""
        try:
            return self._about()[2]
        except FileNotFoundError:
            return ()

    def subset_hash(self) -> str | None:
        """Of the subset that the run sees: from the spec or, where a selection makes it, once it was made. None for everything."""
        spec = self.spec()
        if spec.selection is None or not self.subset_file.exists():
            return spec.subset_hash
        return take(read_json(self.subset_file), "hash", str)

    def _about(self) -> tuple[RunSpec, str, tuple[str, ...]]:
        file = self.path / "spec.json"
        return _read_about(file, file.stat().st_mtime_ns)

    def verdict(self) -> dict[str, Any] | None:
        """`results.json`, or None while there is no verdict. A file that is broken is the verdict of a failed run, which can be resumed."""
        try:
            return self.sound_verdict()
        except InputError as problem:
            error = {"kind": problem.kind, "message": problem.message, "remedy": f"Make it again: ftft runs resume {self.run}"}
            return {"state": "failed", "cause": problem.kind, "error": error}

    def sound_verdict(self) -> dict[str, Any] | None:
        """The same, but InputError where the file is broken."""
        try:
            return checked_verdict(read_json(self.results_file))
        except FileNotFoundError:
            return None
        except InputError as problem:
            raise InputError(f"{self.results_file} is broken: {problem.message}", problem.remedy) from problem

    def publish_verdict(self, verdict: dict[str, Any]) -> None:
        """What architecture.md says under results.json. It comes last: everything else must be on the disk."""
        assert verdict["state"] in ("succeeded", "failed")
        publish_json(self.results_file, verdict)

    # ---- progress

    def stamp(self) -> tuple[int, ...]:
        """Another one after every file that was published into the folder."""
        return tuple(_changed(file) for file in (self.path / "dynamics", self.path / "predictions", self.measures_file, self.results_file))

    def epoch_files(self) -> dict[int, Path]:
        """The complete epochs published so far: number -> file."""
        found = {
            int(f.stem.removeprefix("epoch=")): f for f in (self.path / "dynamics").glob("epoch=*.parquet") if _EPOCH.fullmatch(f.name)
        }
        return dict(sorted(found.items()))

    def progress(self) -> list[dict[str, Any]]:
        """The lines of `metrics.jsonl` that are whole, oldest first; architecture.md says what they hold. Others are left out."""
        return self.progress_from(0)[0]

    def progress_from(self, place: int) -> tuple[list[dict[str, Any]], int]:
        """The same of what comes after `place` bytes, and where the last whole line ends."""
        if not self.metrics_file.is_file():
            return [], place
        with self.metrics_file.open("rb") as file:
            file.seek(place)
            whole, newline, _ = file.read().rpartition(b"\n")
        lines = whole.decode(errors="replace").split("\n") if newline else []
        return [values for line in lines if (values := _values(line))], place + len(whole) + len(newline)


_COSTS = {
    "train_flops", "repeated_flops", "eval_flops", "stop_flops", "capture_flops", "pretrain_flops", "features_flops", "seconds",
    "examples_per_second",
}  # fmt: skip


def checked_verdict(value: Any) -> dict[str, Any]:
    """`value`, if it can be read as a verdict: what later versions add, and what older ones lack, is no matter."""
    if take(value, "state", str) not in ("succeeded", "failed"):
        raise InputError(f"'state' is {shown(value['state'])}", REMEDY)
    whole = {"cause": None, "error": {}, "scores": {}, "steps_done": None, "cost": {}, "environment": {}, "warnings": []} | value
    checked(whole["cause"], "cause", str, NoneType)
    checked(whole["steps_done"], "steps_done", int, NoneType)
    checked(whole["environment"], "environment", dict)
    take_all(whole, "error", dict, str)
    for name in _COSTS & set(take(whole, "cost", dict)):
        take(whole["cost"], name, float, NoneType)
    for scores in take_all(whole, "scores", dict, dict).values():
        take_all({"scores": scores}, "scores", dict, float, NoneType)
    for warning in take_all(whole, "warnings", list, dict):
        take(warning, "message", str)
    if (stop := whole.get("stop")) is not None:
        for name, kind in (("on", str), ("step", int), ("best_step", int), ("best", float), ("early", bool)):
            take(stop, name, kind)
    for name in ("distance", "theory"):
        take_all({name: whole.get(name) or {}}, name, dict, float, NoneType)
    if whole.get("retrained") is not None:
        take(whole, "retrained", dict)
    if whole.get("measures") is not None:
        take_all(whole, "measures", list, str)
        take(whole, "epochs_recorded", int)
    return value


@lru_cache(4096)
def _read_about(file: Path, changed: int) -> tuple[RunSpec, str, tuple[str, ...]]:
    """What a spec.json says, read once for each of its times of change: lists of runs ask for it again and again."""
    value = read_json(file)
    try:
        after = tuple(safe_name("run", run) for run in take_all(value, "after", list, str)) if "after" in value else ()
        return RunSpec.from_json(take(value, "spec", dict)), take(value, "created", str), after
    except InputError as problem:
        raise InputError(f"{file} is broken: {problem.message}", problem.remedy) from problem


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _values(line: str) -> dict[str, Any] | None:
    """A line of progress: names with texts, numbers or nulls. None where it is something else."""
    try:
        values = json.loads(line, parse_constant=not_json)
    except (ValueError, RecursionError):
        return None
    sound = isinstance(values, dict) and all(isinstance(v, str | int | float | None) for v in values.values())
    return values if sound and isinstance(values.get("step", 0), int) else None
