"""Where things lie in a run's folder, and the parts of it that are JSON. Standard library only: the queue's runner stays small with it.

`RunFolder` (ftft/runfolder.py) adds what is Parquet, and says what the folder holds.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftft.domain import RunSpec
from ftft.publish import publish_json, read_json

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
    def log_file(self) -> Path:
        return self.path / "log.txt"

    @property
    def lock_file(self) -> Path:
        return self.path / "lock"

    @property
    def cancel_file(self) -> Path:
        return self.path / "cancel"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    # ---- the spec and the verdict

    def create(self, spec: RunSpec, created: str) -> None:
        """Makes the folder with its spec; a folder that exists keeps what it has."""
        if not (self.path / "spec.json").exists():
            publish_json(self.path / "spec.json", {"run": spec.run, "created": created, "spec": spec.to_json()})

    def spec(self) -> RunSpec:
        """The spec that the run was created with."""
        return RunSpec.from_json(read_json(self.path / "spec.json")["spec"])

    def created(self) -> str:
        """When the run was asked for, ISO 8601 in UTC."""
        return read_json(self.path / "spec.json")["created"]

    def verdict(self) -> dict[str, Any] | None:
        """`results.json`, or None while there is no verdict."""
        try:
            return read_json(self.results_file)
        except FileNotFoundError:
            return None

    def publish_verdict(self, verdict: dict[str, Any]) -> None:
        """What architecture.md says under results.json. It comes last: everything else must be on the disk."""
        assert verdict["state"] in ("succeeded", "failed")
        publish_json(self.results_file, verdict)

    # ---- progress

    def epoch_files(self) -> dict[int, Path]:
        """The complete epochs published so far: number -> file."""
        found = {
            int(f.stem.removeprefix("epoch=")): f for f in (self.path / "dynamics").glob("epoch=*.parquet") if _EPOCH.fullmatch(f.name)
        }
        return dict(sorted(found.items()))

    def progress(self) -> Iterator[dict[str, Any]]:
        """The lines of `metrics.jsonl` that are whole, oldest first; architecture.md says what they hold."""
        if self.metrics_file.exists():
            with self.metrics_file.open(encoding="utf-8") as lines:
                for line in lines:
                    if line.endswith("\n"):
                        yield json.loads(line)
