"""An app that serves a workspace, and a Chromium to look at it: for the benchmarks, the pictures in the docs and the browser tests."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

REPOSITORY = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
STOP_S = 10  # the longest that the app may take to end


def chromium(playwright: "Playwright") -> "Browser":
    """The Chromium that is installed, else Playwright's own; `playwright.sync_api.Error` where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


@contextmanager
def serving(
    workspace: Path | str, port: int, cwd: Path = REPOSITORY, log: IO[str] | None = None, options: Sequence[str] = ()
) -> Iterator[str]:
    """`ftft app` on a workspace, started in folder `cwd`; gives the printed address, and ends the app whatever happens."""
    command = [sys.executable, "-m", "ftft", "app", "--workspace", str(Path(workspace).absolute()), "--port", str(port), *options]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}
    with subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), f"the app did not start: {url!r}"
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
