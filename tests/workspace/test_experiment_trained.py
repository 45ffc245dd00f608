"""Experiments that are trained for real, by processes of the queue."""

import json
import os
import signal
import time
from contextlib import suppress

import psutil
import pytest

import ftft as ftft_package
from tests.experimenting import MAIN, REFERENCE, add_task

QUICK = ["--main", MAIN, "--reference", REFERENCE, "--epochs", 3, "--batch-size", 16, "--max-length", 16, "--lr", 1e-3, "--evals", 3]


def test_references_choose_main_runs_follow_and_a_second_call_does_nothing(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    ws.jobs.set_slots(2)
    words = ["experiment", "ftft", "task", *QUICK, "--seeds", 1, "--control", "erm", "--control", "erm_steps"]
    status, out, said = ftft(*words, "--wait")
    value = json.loads(out)
    assert (status, len(value["runs"]), len(value["new"])) == (0, 4, 4), said
    assert "4 runs, 4 of them new" in said
    runs = {member["method"]: ws.runs.get(member["run"]) for member in value["members"]}
    assert runs["erm_steps"].steps_done == runs["ftft"].stop["step"]
    (reference,) = next(member["references"] for member in value["members"] if member["method"] == "ftft")
    assert ws.runs.get(reference).epochs_recorded == 3
    assert not any((run.folder / "model").exists() for run in runs.values())
    status, out, said = ftft(*words, "--wait")
    assert (status, json.loads(out)["new"]) == (0, [])
    assert json.loads(ftft("runs", "list")[1])["runs"][0]["experiment"] == value["experiment"]
    table = json.loads(ftft("results", value["experiment"][:6])[1])
    assert [method["n_seeds"] for method in table["methods"]] == [1, 1, 1]


def test_a_reference_that_fails_takes_what_it_would_have_chosen_along(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    words = ["experiment", "ftft", "task", *QUICK, "--seeds", 1, "--control", "erm", "--reference-lr", 1e30]
    ws.jobs.set_slots(2)
    status, out, said = ftft(*words, "--wait")
    states = {member["method"]: ws.runs.get(member["run"]) for member in json.loads(out)["members"]}
    assert status == 1
    assert (states["erm"].state, states["ftft"].state, states["ftft"].cause) == ("succeeded", "failed", "dependency_failed")
    assert "ftft runs resume" in said
    found = json.loads(ftft("results", json.loads(out)["experiment"])[1])["methods"]
    assert [method["failed_runs"] for method in found] == [0, 1]


@pytest.mark.slow
def test_killed_everywhere_and_continued_it_repeats_nothing_and_gives_the_same_table(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    how = ["--seeds", 2, "--control", "erm", "--control", "erm_early", "--control", "erm_steps", "--control", "random_matched"]
    words = ["experiment", "ftft", "task", *QUICK, *how]
    undisturbed = ftft_package.Workspace(tmp_path / "undisturbed")
    add_task(undisturbed, tmp_path)
    undisturbed.jobs.set_slots(2)
    plan = undisturbed.experiment.plan_ftft(
        "task", main=MAIN, reference=REFERENCE, seeds=2, control=["erm", "erm_early", "erm_steps", "random_matched"], epochs=3,
        batch_size=16, max_length=16, lr=1e-3, evals=3,
    )  # fmt: skip
    undisturbed.experiment.queue(plan)
    undisturbed.runs.wait(plan.experiment.runs)

    ws.jobs.set_slots(2)
    runs, finished = json.loads(ftft(*words)[1])["runs"], {}
    while len(finished) < len(runs) - 2:
        while len(now := {run: ended for run in runs if (ended := written(ws, run))}) == len(finished):
            time.sleep(0.2)
        time.sleep(1.5)  # others are at work
        kill_all(ws)
        assert all(now[run] == ended for run, ended in finished.items()), "a finished run was done again"
        finished = {run: ended for run in runs if (ended := written(ws, run))}
        ftft(*words)
    assert ftft(*words, "--wait")[0] == 0
    assert all(written(ws, run) == ended for run, ended in finished.items())
    tables = [w.results(plan.experiment.id).to_json() for w in (ws, undisturbed)]
    assert tables[0] == tables[1]


def written(ws, run: str) -> int | None:
    file = ws.runs.folder(run).results_file
    return file.stat().st_mtime_ns if file.exists() else None


def kill_all(ws) -> None:
    """The runner and everything that trains."""
    for process in psutil.process_iter(["cmdline"]):
        if str(ws.path) in " ".join(process.info["cmdline"] or ()) and process.pid != os.getpid():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
