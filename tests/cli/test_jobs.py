"""`ftft jobs`, and what else works on the queue from a shell."""

import json
import threading

import pytest

from ftft.jobs import Queue
from ftft.jobs.lock import Attempt, take
from ftft.workspace.training import bundled_models
from tests.synthetic import add_dataset, add_run

MODEL = bundled_models()[1]


@pytest.fixture
def queue(ws, tmp_path):
    """Paused, with three runs that wait."""
    ws.jobs.pause()
    add_dataset(ws, tmp_path)
    return [run.id for run in ws.train("reviews", model=str(MODEL), seeds=(1, 2, 3), detach=True)]


def test_the_queue_is_listed_with_and_without_the_word(ftft, queue):
    for words in (["jobs"], ["jobs", "list"]):
        status, out, _ = ftft(*words)
        value = json.loads(out)
        assert (status, value["slots"], value["paused"]) == (0, 1, True)
        assert [(job["run"], job["state"], job["executor"], job["position"]) for job in value["jobs"]] == [
            (run, "queued", "local", place) for place, run in enumerate(queue, 1)
        ]
    _, out, _ = ftft("jobs", json=False)
    assert out.startswith("1 slot on ")
    assert "paused" in out.splitlines()[0]


def test_slots_order_and_pause_can_be_changed(ftft, queue, ws, monkeypatch):
    monkeypatch.setattr(type(ws), "wake", lambda self: None)  # nothing may train here
    assert json.loads(ftft("jobs", "set-slots", 3)[1])["slots"] == 3
    assert [job["run"] for job in json.loads(ftft("jobs", "first", queue[2][:8])[1])["jobs"]] == [queue[2], queue[0], queue[1]]
    assert [job["run"] for job in json.loads(ftft("jobs", "prioritise", queue[2], -1)[1])["jobs"]] == queue
    assert json.loads(ftft("jobs", "resume")[1])["paused"] is False
    assert json.loads(ftft("jobs", "pause")[1])["paused"] is True
    assert (ws.jobs.slots, ws.jobs.paused) == (3, True)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["jobs", "set-slots", 0], "whole number from 1"),
        (["jobs", "set-slots", "many"], "not a valid integer"),
        (["jobs", "first", "zzz"], "Known"),
        (["jobs", "prioritise", "zzz", 1], "Known"),
        (["jobs", "stop"], "jobs"),
    ],
)
def test_what_the_queue_cannot_do_is_said_with_a_remedy(ftft, queue, words, remedy):
    status, out, _ = ftft(*words)
    error = json.loads(out)["error"]
    assert status == 2
    assert remedy in f"{error['message']} {error['remedy']}"


def test_a_run_that_is_done_is_not_in_the_queue(ftft, ws, tmp_path):
    run = add_run(ws, add_dataset(ws, tmp_path), verdict={})
    status, out, _ = ftft("jobs", "first", run.id)
    assert (status, json.loads(out)["error"]["message"]) == (2, f"run {run.id} is not in the queue")


def test_a_running_job_says_where_it_runs_and_whether_it_has_been_told_to_stop(ftft, queue, ws):
    folder = ws.runs.folder(queue[0])
    Queue(ws.path).started(queue[0], attempts=1, progress="", token="t")
    with take(folder) as lock:
        lock.sign(Attempt("t", None, ("0", "1"), "boot"))
        folder.cancel_file.touch()
        first, second, _ = json.loads(ftft("jobs")[1])["jobs"]
    assert (first["state"], first["position"], first["device"], first["stopping"]) == ("running", None, "GPU 0, 1", True)
    assert (second["state"], second["position"]) == ("queued", 1)


def test_a_followed_log_goes_on_until_the_run_has_ended(ftft, queue, ws):
    folder = ws.runs.folder(queue[0])
    folder.log_file.write_text("first line\n")

    def train() -> None:
        with folder.log_file.open("a") as log:
            log.write("last line\n")
        folder.publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": 1})

    timer = threading.Timer(0.5, train)
    timer.start()
    _, out, _ = ftft("runs", "logs", queue[0], "-f", json=False)
    timer.join()
    assert out == "first line\nlast line\n"
    assert json.loads(ftft("runs", "logs", queue[0], "--follow")[1])["log"] == out
