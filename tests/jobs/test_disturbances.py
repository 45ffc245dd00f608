"""A machine that does not play along: a full disk, a file system that may only be read, a folder that vanishes under its training."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import ftft
from ftft import jobs
from tests.jobs.conftest import Bench, lives, until
from tests.synthetic import add_dataset, add_run

pytestmark = pytest.mark.timeout(60)
UNTIL_TOLD = "\nwhile not (folder / 'go').exists(): time.sleep(.02)\n"


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "small disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(file: Path) -> None:
    """Takes all the room that the disk of `file` has left."""
    with suppress(OSError), file.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(4096))


def test_on_a_full_disk_a_run_fails_with_the_remedy_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    bench = Bench(small_disk)
    with bench.cleared():
        fails_and_goes_on(bench, small_disk)


def fails_and_goes_on(bench: Bench, small_disk: Path) -> None:
    (folder,) = bench.add("a")
    options = bench.options(
        UNTIL_TOLD
        + """
try:
    (folder / "epoch").write_bytes(bytes(200_000))
except OSError as problem:
    os.write(2, f"{problem}\\n".encode()); os._exit(1)
verdict()
""",
        idle=3,
    )
    jobs.ensure_runner(bench.root, options)
    bench.started()
    filler = small_disk / "filler"
    fill(filler)
    (folder.path / "go").touch()
    until(lambda: not bench.trainings())
    assert jobs.state(folder, bench.queue) != "succeeded"
    time.sleep(1.0)  # in which the runner finds no room for its verdict
    filler.unlink()
    until(lambda: folder.verdict() is not None)
    verdict = folder.verdict()
    assert verdict
    if verdict["cause"] == "disk_full":  # its last words found room in the log
        assert "Free some space" in verdict["error"]["remedy"]
    assert verdict["state"] == "failed"
    jobs.resume(bench.root, folder)
    assert bench.wait([folder], options) == {"a": "succeeded"}


def test_a_workspace_that_may_only_be_read_can_be_looked_at_and_says_why_nothing_starts(small_disk: Path, tmp_path: Path) -> None:
    ws = ftft.Workspace(small_disk / "ws", runner=False)
    run = add_run(ws, add_dataset(ws, tmp_path), verdict={})
    jobs.Queue(ws.path).submit("waits")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ask = [sys.executable, "-m", "ftft"]
    where = ["--workspace", str(ws.path), "--json"]
    looked = subprocess.run([*ask, "runs", "list", *where], capture_output=True, text=True)
    assert (looked.returncode, run.id in looked.stdout) == (0, True), looked.stderr
    for words in (["jobs", "pause"], ["runs", "remove", run.id]):
        refused = subprocess.run([*ask, *words, *where], capture_output=True, text=True)
        assert refused.returncode == 2, refused.stdout
        assert "Read-only file system" in refused.stdout or "queue.db cannot be written" in refused.stdout
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("runner_lives", [True, False])
def test_a_folder_that_is_deleted_under_its_training_takes_all_its_processes_along(bench: Bench, runner_lives: bool) -> None:
    """Also those that write it anew: nothing may hold a place in the queue, or go on where nobody can see it."""
    first, second = bench.add("a", "b")
    options = bench.options(
        """
if folder.name == "a":
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
    note(f"child={child.pid}")
    while True:
        time.sleep(.02)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "again").touch()
verdict()
"""
    )
    jobs.ensure_runner(bench.root, options)
    until(lambda: len(bench.notes()) == 2)
    child = int(bench.notes()[1][0].partition("=")[2])
    (training,) = bench.started()
    if not runner_lives:
        bench.runners()[0].kill()
        until(lambda: not bench.runners())
    shutil.rmtree(first.path, ignore_errors=True)
    (first.path / "lock").unlink(missing_ok=True)
    assert bench.wait([second], options) == {"b": "succeeded"}
    assert not lives(training)
    assert not lives(child)
    assert not first.path.exists()
    until(lambda: not bench.queue.rows())


def test_a_run_started_by_hand_hears_a_cancel_with_all_its_processes(bench: Bench) -> None:
    (folder,) = bench.add("a")
    bench.queue.remove("a")
    script = bench.root / "training.py"
    script.write_text(
        "import subprocess, sys, time, pathlib\nfrom ftft import jobs\nfrom ftft.runpaths import RunPaths\n"
        "folder = RunPaths(pathlib.Path(sys.argv[1]))\n"
        "with jobs.claim(folder, restart=True):\n"
        "    child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        "    (folder.path / 'child').write_text(str(child.pid))\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script), str(folder.path)], env=os.environ | {"PYTHONPATH": os.getcwd()}) as by_hand:
        until(lambda: (folder.path / "child").exists() and (folder.path / "child").read_text())
        assert jobs.state(folder, bench.queue) == "running"
        jobs.cancel(bench.root, folder, bench.options("", grace=0.3))
        until(lambda: jobs.state(folder, bench.queue) == "cancelled")
        assert by_hand.wait() != 0
    until(lambda: "a" not in bench.queue)
    assert not lives(int((folder.path / "child").read_text()))
