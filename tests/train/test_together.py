"""Heads that wait in the queue go along with the one that is started; whatever happens to them is what happens to any run."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ftft import jobs
from ftft.jobs import companions
from ftft.jobs.lock import TOKEN, Attempt, is_held, take
from ftft.publish import publish_json
from ftft.runfolder import RunFolder
from tests.train.tiny import new_run

HEAD = {"tune": "head", "lr": 0.05, "epochs": 3}


@pytest.fixture
def queued(make_run, workspace):
    """`queued(**settings)`: a run that waits in the queue."""

    def make(**settings) -> RunFolder:
        folder = make_run(**HEAD | settings)
        jobs.Queue(workspace).submit(folder.run)
        return folder

    return make


@pytest.fixture
def started(queued, monkeypatch):
    """A head whose attempt is this process, as if the runner had started it."""
    folder = queued(seed=1)
    with take(folder) as lock:
        attempt = Attempt("0" * 16, os.getpid())
        lock.sign(attempt)
        monkeypatch.setenv(TOKEN, attempt.token)
        yield folder


def test_it_takes_those_that_wait_and_fit_and_no_others(started, queued, workspace):
    fits = [queued(seed=2), queued(seed=3, methods=("mmr",)), queued(seed=4, methods=("mhloss:heads=2",))]
    others = [queued(seed=5, max_length=16), queued(seed=6, tune=None), queued(seed=7)]
    others[2].cancel_file.touch()
    done = queued(seed=8)
    done.publish_verdict({"state": "succeeded"})
    waits = queued(seed=9, distance_to=fits[0].run, left_out="1-1")
    jobs.Queue(workspace).remove(waits.run)
    jobs.Queue(workspace).submit(waits.run, dependencies=[fits[0].run])
    busy = queued(seed=10)
    with take(busy), companions(started, started.spec().trains_with) as found:
        assert [folder.run for folder in found] == [folder.run for folder in fits]
        assert all(is_held(folder) for folder in fits)
        assert {jobs.attempt_of(folder).token for folder in found} == {"0" * 16}
        states = {folder.run: jobs.state(folder, jobs.Queue(workspace)) for folder in (*fits, waits, others[2])}
        assert list(states.values()) == ["running"] * 3 + ["queued", "cancelled"]
    assert not any(is_held(folder) for folder in fits)
    assert all(jobs.attempt_of(folder) is None for folder in fits)
    assert {jobs.state(folder, jobs.Queue(workspace)) for folder in fits} == {"queued"}, "without a verdict they wait again"


def test_a_paused_queue_keeps_them(started, queued, workspace):
    queued(seed=2)
    jobs.Queue(workspace).set("paused", 1)
    with companions(started, started.spec().trains_with) as found:
        assert found == []


def test_the_command_of_the_runner_trains_all_of_them_in_one_process(queued, workspace):
    runs = [queued(seed=seed) for seed in (1, 2, 3)]
    done = _run_spec(runs[0]).wait(timeout=120)
    assert done == 0
    verdicts = [folder.verdict() for folder in runs]
    assert [verdict["state"] for verdict in verdicts] == ["succeeded"] * 3
    assert {verdict["environment"]["heads_together"] for verdict in verdicts} == {3}
    assert not any(is_held(folder) for folder in runs)


def test_killed_together_they_are_started_again_together(workspace, tiny_model):
    publish_json(workspace / "workspace.json", {"format": 1})
    runs = [new_run(workspace, tiny_model, rows=45, seed=seed, **HEAD | {"epochs": 150}) for seed in (1, 2, 3)]
    queue = jobs.Queue(workspace)
    for folder in runs:
        queue.submit(folder.run)
    jobs.ensure_runner(workspace, jobs.RunnerOptions(idle=1.0, poll=0.05))
    first = _leader(runs)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while {jobs.state(folder, queue) for folder in runs} != {"succeeded"}:
        assert time.monotonic() < deadline, [jobs.state(folder, queue) for folder in runs]
        jobs.ensure_runner(workspace, jobs.RunnerOptions(idle=1.0, poll=0.05))
        time.sleep(0.1)
    for folder in runs:
        assert sorted(folder.epoch_files()) == list(range(1, 151))
        assert json.loads((folder.path / "results.json").read_text())["steps_done"] == 150 * 6


def _leader(runs: list[RunFolder]) -> int:
    """The process of all of them, once it trains."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        leaders = {attempt.leader for folder in runs if is_held(folder) and (attempt := jobs.attempt_of(folder))}
        if all(map(is_held, runs)) and len(leaders) == 1 and None not in leaders and any(folder.epoch_files() for folder in runs):
            return leaders.pop()
        time.sleep(0.05)
    raise AssertionError([(is_held(folder), jobs.attempt_of(folder)) for folder in runs])


def _run_spec(folder: RunFolder) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "ftft", "run-spec", str(folder.path)], stdout=subprocess.DEVNULL)
