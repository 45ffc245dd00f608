"""Progress files that grow: each line is read once, however often somebody looks."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from ftft.runpaths import RunPaths

MOST = 16  # runs whose lines are kept: about 40 MB each after a day


@dataclass
class _Known:
    file: int = -1  # its inode: a file that was put in the place of another one is read from its beginning
    end: int = 0  # of the last whole line, in bytes
    lines: list[dict[str, Any]] = field(default_factory=list)


class Followed:
    """The lines of `metrics.jsonl` of the runs that were asked for last."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def lines(self, folder: RunPaths) -> list[dict[str, Any]]:
        """All whole lines so far, oldest first; a list of the caller's own. Empty where there is no file."""
        with self._lock:
            try:
                found = os.stat(folder.metrics_file)
            except OSError:
                self._known.pop(folder.run, None)
                return []
            known = self._known.setdefault(folder.run, _Known())
            self._known.move_to_end(folder.run)
            if known.file != found.st_ino or found.st_size < known.end:
                known.file, known.end, known.lines = found.st_ino, 0, []
            if found.st_size > known.end:
                more, known.end = folder.progress_from(known.end)
                known.lines += more
            while len(self._known) > MOST:
                self._known.popitem(last=False)
            return list(known.lines)
