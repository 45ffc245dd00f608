"""The runner, with everything around it being killed."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from ftft import jobs
from ftft.jobs.runner import Runner
from tests.jobs.conftest import Bench, lives, until, write_verdict

pytestmark = pytest.mark.timeout(40)
QUICK = "time.sleep(.1); note('end'); verdict()"
ENDLESS = "time.sleep(60)"


def test_runs_are_trained_one_at_a_time_in_their_order(bench: Bench) -> None:
    folders = bench.add("c", "a", "b")
    assert bench.wait(folders, bench.options(QUICK)) == {"c": "succeeded", "a": "succeeded", "b": "succeeded"}
    assert [(what, run) for what, run, _ in bench.notes()] == [(what, run) for run in "cab" for what in ("start", "end")]
    until(lambda: not bench.queue.rows())


def test_an_idle_runner_goes_and_comes_back_when_needed(bench: Bench) -> None:
    options = bench.options(QUICK, idle=0.1)
    bench.wait(bench.add("a"), options)
    until(lambda: not bench.runners())
    assert not jobs.ensure_runner(bench.root, options), "there is nothing to do"
    assert bench.wait(bench.add("b"), options) == {"b": "succeeded"}


def test_a_run_queued_in_the_runners_last_moment_is_trained(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    options = bench.options(QUICK, idle=0)
    (bench.root / "locks").mkdir()
    lock = os.open(bench.root / "locks" / "runner.lock", os.O_RDWR | os.O_CREAT)
    flock = fcntl.flock
    flock(lock, fcntl.LOCK_EX)

    def flock_after_a_client_came(descriptor: int, operation: int) -> None:
        if descriptor == lock and operation == fcntl.LOCK_UN and not bench.notes():
            bench.add("a")
            assert not jobs.ensure_runner(bench.root, options), "there still is one"
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock_after_a_client_came)
    Runner(bench.root, options, lock).run()
    assert jobs.state(bench.queue.folder("a"), bench.queue) == "succeeded"
    os.close(lock)


def test_many_who_need_a_runner_get_one(bench: Bench) -> None:
    bench.add("a")
    options = bench.options(ENDLESS)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: jobs.ensure_runner(bench.root, options), range(16))) == 1
    bench.started()
    assert len(bench.runners()) == 1
    by_hand = subprocess.run([sys.executable, "-m", "ftft.jobs.runner", str(bench.root)], capture_output=True, text=True)
    assert by_hand.returncode == 1
    assert "alive" in by_hand.stderr


def test_a_run_survives_the_death_of_who_asked_for_it(bench: Bench) -> None:
    (folder,) = bench.add("a")
    options = bench.options("time.sleep(.5); verdict()")
    client = (
        "import sys, time; from ftft import jobs\n"
        "jobs.ensure_runner(sys.argv[1], jobs.RunnerOptions.from_json(sys.argv[2]))\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", client, str(bench.root), options.to_json()], start_new_session=True) as asker:
        bench.started()
        os.killpg(asker.pid, signal.SIGKILL)
    until(lambda: jobs.state(folder, bench.queue) == "succeeded")


def test_a_new_runner_adopts_what_a_killed_one_left(bench: Bench) -> None:
    first, second = bench.add("a", "b")
    options = bench.options("time.sleep(.6); note('end'); verdict()")
    jobs.ensure_runner(bench.root, options)
    bench.started()
    (runner,) = bench.runners()
    runner.kill()
    until(lambda: not bench.runners())
    assert jobs.state(first, bench.queue) == "running"
    assert bench.wait([first, second], options) == {"a": "succeeded", "b": "succeeded"}
    assert [(what, run) for what, run, _ in bench.notes()] == [("start", "a"), ("end", "a"), ("start", "b"), ("end", "b")]


def test_killed_training_is_started_again_at_the_same_place(bench: Bench) -> None:
    folders = bench.add("a", "b")
    options = bench.options("again = (folder / 'seen').exists(); (folder / 'seen').touch(); again or time.sleep(60); verdict()")
    jobs.ensure_runner(bench.root, options)
    for count, run in ((1, "a"), (3, "b")):
        killed = bench.started(count)[-1]
        assert jobs.state(bench.queue.folder(run), bench.queue) == "running"
        os.kill(killed, signal.SIGKILL)
    assert bench.wait(folders, options) == {"a": "succeeded", "b": "succeeded"}
    assert [run for _, run, _ in bench.notes()] == ["a", "a", "b", "b"]


@pytest.mark.parametrize("shares_the_lock", [True, False])
def test_what_outlives_killed_training_is_ended_before_the_next_attempt(bench: Bench, shares_the_lock: bool) -> None:
    folders = bench.add("a")
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    options = bench.options(
        f"""
if (folder / "orphan").exists():
    note("end"); verdict(); sys.exit()
child = subprocess.Popen([sys.executable, "-S", "-c", "{stubborn}"], start_new_session=True, close_fds={not shares_the_lock})
(folder / "orphan").write_text(str(child.pid))
time.sleep(.2)
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert bench.wait(folders, options) == {"a": "succeeded"}
    assert not lives(int((folders[0].path / "orphan").read_text()))
    assert [what for what, _, _ in bench.notes()] == ["start", "start", "end"]


@pytest.mark.parametrize("runner_lives", [True, False])
def test_cancelling_ends_the_whole_tree_however_stubborn_and_keeps_checkpoints(bench: Bench, runner_lives: bool) -> None:
    (folder,) = bench.add("a")
    options = bench.options(
        """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
(folder / "checkpoints" / "step-000000007").mkdir(parents=True)
child = subprocess.Popen([sys.executable, "-S", "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
(folder / "child").write_text(str(child.pid))
time.sleep(60)
"""
    )
    jobs.ensure_runner(bench.root, options)
    until(lambda: (folder.path / "child").exists())
    if not runner_lives:
        bench.runners()[0].kill()
        until(lambda: not bench.runners())
    jobs.cancel(bench.root, folder, options)
    assert jobs.state(folder, bench.queue) == "running", "until its processes are gone"
    until(lambda: jobs.state(folder, bench.queue) == "cancelled")
    until(lambda: "a" not in bench.queue)
    assert not lives(bench.started()[0])
    assert not lives(int((folder.path / "child").read_text()))
    assert (folder.checkpoints / "step-000000007").exists()


def test_cancelled_training_may_save_and_end_its_workers_itself(bench: Bench) -> None:
    (folder,) = bench.add("a")
    options = bench.options(
        """
worker = os.fork()
if worker == 0:
    signal.signal(signal.SIGTERM, lambda *_: (note("worker"), os._exit(0)))
    while True: time.sleep(.05)
def save(*_):
    time.sleep(.2); note("saved"); os.kill(worker, signal.SIGKILL); os._exit(143)
signal.signal(signal.SIGTERM, save)
note("ready")
while True: time.sleep(.05)
""",
        grace=10,
    )
    jobs.ensure_runner(bench.root, options)
    until(lambda: ("ready", "a") in [note[:2] for note in bench.notes()])
    jobs.cancel(bench.root, folder, options)
    assert bench.wait([folder], options) == {"a": "cancelled"}
    assert [what for what, _, _ in bench.notes()] == ["start", "ready", "saved"]


def test_a_cancelled_a_failed_and_a_lost_run_can_be_resumed(bench: Bench) -> None:
    cancelled, failed, lost = folders = bench.add("a", "b", "c")
    jobs.cancel(bench.root, cancelled)
    write_verdict(failed, "failed")
    for run in ("b", "c"):
        bench.queue.remove(run)
    assert [jobs.state(folder, bench.queue) for folder in folders] == ["cancelled", "failed", "lost"]
    options = bench.options(QUICK)
    for folder in folders:
        jobs.resume(bench.root, folder)
        assert jobs.state(folder, bench.queue) in ("queued", "running")
    assert set(bench.wait(folders, options).values()) == {"succeeded"}
    jobs.resume(bench.root, lost)
    assert jobs.state(lost, bench.queue) == "succeeded", "what has succeeded is not done again"


def test_a_run_resumed_while_it_is_being_cancelled_goes_on(bench: Bench) -> None:
    (folder,) = bench.add("a")
    options = bench.options(
        """
if (folder / "told").exists():
    verdict(); sys.exit()
def told(*_):
    (folder / "told").touch(); time.sleep(.5); os._exit(143)
signal.signal(signal.SIGTERM, told)
note("ready")
while True: time.sleep(.05)
""",
        grace=10,
    )
    jobs.ensure_runner(bench.root, options)
    until(lambda: len(bench.notes()) == 2)
    jobs.cancel(bench.root, folder, options)
    until(lambda: (folder.path / "told").exists())
    jobs.resume(bench.root, folder)
    assert bench.wait([folder], options) == {"a": "succeeded"}


def test_training_that_is_killed_ten_times_without_progress_has_failed(bench: Bench) -> None:
    folders = bench.add("a", "b")
    options = bench.options("folder.name == 'a' and os.kill(os.getpid(), signal.SIGKILL); verdict()")
    assert bench.wait(folders, options) == {"a": "failed", "b": "succeeded"}
    assert [run for _, run, _ in bench.notes()] == ["a"] * 10 + ["b"]
    verdict = folders[0].verdict()
    assert verdict
    assert verdict["cause"] == verdict["error"]["kind"] == "killed"
    assert "resume a" in verdict["error"]["remedy"]


def test_training_that_gets_further_each_time_may_be_killed_more_often(bench: Bench) -> None:
    folders = bench.add("a")
    options = bench.options(
        """
done = len(list((folder / "checkpoints").glob("*"))) if (folder / "checkpoints").exists() else 0
if done == 12:
    verdict(); sys.exit()
whole = folder / "checkpoints" / f"step-{done + 1:09d}"
whole.mkdir(parents=True)
(whole / "complete.json").write_text("{}")
os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert bench.wait(folders, options) == {"a": "succeeded"}


@pytest.mark.parametrize(
    ("ends", "status", "cause"), [("raise RuntimeError(said)", 1, "internal"), ("print(said); sys.exit(2)", 2, "bad_input")]
)
def test_an_end_without_a_verdict_fails_the_run_at_once_and_tells_the_last_lines(bench: Bench, ends: str, status: int, cause: str) -> None:
    (folder,) = folders = bench.add("a")
    assert bench.wait(folders, bench.options(f"said = 'the Schlüssel is missing'; import sys; {ends}")) == {"a": "failed"}
    verdict = folder.verdict()
    assert verdict
    assert verdict["cause"] == cause
    assert f"status {status}" in verdict["error"]["message"]
    assert "the Schlüssel is missing" in verdict["error"]["message"]
    assert "log.txt" in verdict["error"]["remedy"]
    assert len(bench.started()) == 1


def test_training_that_cannot_be_started_fails_with_a_remedy_and_blocks_nobody(bench: Bench) -> None:
    (folder,) = folders = bench.add("a")
    assert bench.wait(folders, jobs.RunnerOptions(command=("/no/such/python",), idle=0.5, poll=0.03)) == {"a": "failed"}
    verdict = folder.verdict()
    assert verdict
    assert "/no/such/python" in verdict["error"]["remedy"]
    assert bench.wait(bench.add("b"), bench.options(QUICK, idle=0.5)).keys() == {"b"}


def test_a_run_whose_folder_is_gone_leaves_the_queue(bench: Bench) -> None:
    bench.queue.submit("gone")
    assert bench.wait(bench.add("b"), bench.options(QUICK)) == {"b": "succeeded"}
    until(lambda: not bench.queue.rows())


def test_training_knows_that_the_runner_claimed_its_run(bench: Bench) -> None:
    folders = bench.add("a")
    script = bench.root / "training.py"
    script.write_text(
        "import sys, pathlib\nfrom ftft import jobs\nfrom ftft.runpaths import RunPaths\n"
        "folder = RunPaths(pathlib.Path(sys.argv[1]))\n"
        "with jobs.claim(folder):\n    folder.publish_verdict({'state': 'succeeded'})\n"
    )
    options = jobs.RunnerOptions(command=(sys.executable, str(script)), idle=0.5, poll=0.03)
    assert bench.wait(folders, options) == {"a": "succeeded"}


def test_the_runner_is_small_and_quiet(bench: Bench) -> None:
    bench.add("a", *(f"waits{k}" for k in range(50)))
    jobs.ensure_runner(bench.root, bench.options(ENDLESS, poll=0.3))
    bench.started()
    (runner,) = bench.runners()
    loaded = {Path(m.path).name for m in runner.memory_maps()} if psutil.LINUX else set()
    assert not [name for name in loaded if name.startswith(("_multiarray_umath", "libarrow", "libtorch"))]
    assert runner.memory_info().rss < 40e6
    before = sum(runner.cpu_times()[:2])
    time.sleep(1.5)
    assert sum(runner.cpu_times()[:2]) - before < 0.15, "a tenth of a core, on a busy machine; a hundredth is usual"
