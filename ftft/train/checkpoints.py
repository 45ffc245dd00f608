"""Where a killed run goes on from. A checkpoint appears whole, its marker written last; a folder without the marker is ignored.

Trainer itself writes in place and resumes from the highest number, torn or not.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftft.domain.record import take
from ftft.errors import InputError
from ftft.publish import publish_folder, publish_json, read_json

MARKER = "complete.json"
KEPT = 2
EVERY = 600.0  # seconds from one to the next, besides those at the ends of epochs


@dataclass(frozen=True)
class Checkpoint:
    """`about`: what `save` was told. `trainer`: the folder that Trainer wrote and resumes from."""

    path: Path
    about: dict[str, Any]

    @property
    def step(self) -> int:
        """Updates done."""
        return self.about["step"]

    @property
    def trainer(self) -> Path:
        return self.path / f"checkpoint-{self.step}"


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run, in `folder`."""

    folder: Path

    def save(self, about: dict[str, Any], write: Callable[[Path], object]) -> None:
        """`write(aside)` fills a folder, which becomes the newest checkpoint. `about`: "step", and what a resume must know."""
        path = self.folder / f"step-{about['step']:09d}"

        def whole(aside: Path) -> None:
            write(aside)
            publish_json(aside / MARKER, about)

        shutil.rmtree(path, ignore_errors=True)
        publish_folder(path, whole)
        for old in self._complete()[:-KEPT]:
            shutil.rmtree(old.path, ignore_errors=True)

    def newest(self) -> Checkpoint | None:
        """The complete checkpoint with the most steps, None without any."""
        return next(reversed(self._complete()), None)

    def clear_away(self) -> None:
        """Removes what a kill in the middle of a save left behind; only for the run's one attempt."""
        for torn in self.folder.glob(".step-*.tmp"):
            shutil.rmtree(torn, ignore_errors=True)

    def _complete(self) -> list[Checkpoint]:
        """Oldest first."""
        found = []
        for marker in sorted(self.folder.glob(f"step-*/{MARKER}")):
            with suppress(InputError):  # broken by a disk or by hand, it is no marker
                about = read_json(marker)
                take(about, "step", int)
                found.append(Checkpoint(marker.parent, about))
        return found
