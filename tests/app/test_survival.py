"""A run that was launched from the page outlives the tab and the app: both are gone, and it is there again, and finishes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ftft
from ftft.workspace.training import bundled_models
from tests.app.conftest import FIRST_PORT, REPOSITORY
from tests.synthetic import add_dataset

PORT = FIRST_PORT + 150


def start(workspace: Path) -> tuple["subprocess.Popen[str]", str]:
    """The app, and its address."""
    command = [sys.executable, "-m", "ftft", "app", "--workspace", str(workspace), "--port", str(PORT)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    app = subprocess.Popen(command, cwd=workspace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert app.stdout
    return app, app.stdout.readline().strip()


def kill(app: "subprocess.Popen[str]") -> None:
    app.send_signal(signal.SIGKILL)
    app.wait()
    assert app.stdout
    app.stdout.close()


@pytest.mark.timeout(240)
def test_a_launched_run_outlives_the_tab_and_the_app(browser, tmp_path):
    ws = ftft.Workspace(tmp_path / "Läufe hier", runner=False)
    dataset = add_dataset(ws, tmp_path)
    app, url = start(ws.path)
    try:
        tab = browser.new_page()
        tab.goto(url.replace("/?", "/launch?") + f"&dataset={dataset}")
        tab.locator(".st-key-start_runs button:not([disabled])").click()
        tab.locator(".st-key-runs_table").wait_for()
        (run,) = ws.runs.list()
        tab.close()
        kill(app)
        assert ws.runs.get(run.id).state in ("queued", "running")

        app, again = start(ws.path)
        assert again == url, "a bookmark goes on working"
        tab = browser.new_page()
        tab.goto(url.replace("/?", "/runs?"))
        tab.locator(".st-key-runs_table").wait_for()
        tab.get_by_text(f"run {run.id[:6]}").first.wait_for()
        (done,) = ftft.Workspace(ws.path).runs.wait([run.id])
        assert (done.state, done.epochs_recorded) == ("succeeded", done.spec.epochs), done.error
        tab.get_by_text("1 succeeded").first.wait_for()
        tab.close()
    finally:
        kill(app)
    assert Path(run.spec.model) in bundled_models()
