"""The doctor finds each thing that is broken, says what to do, and writes nothing. Rebuilding loses nothing."""

import fcntl
import json
import os
import shutil
import sqlite3
import time
from importlib import metadata
from types import SimpleNamespace

import pandas as pd
import pytest

import ftft
from ftft import jobs
from ftft.cli import main
from ftft.errors import InputError
from ftft.publish import publish_json, read_json
from ftft.workspace import doctor
from ftft.workspace.doctor import CHECKS, examine
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def sick(ws, tmp_path):
    """A sound workspace with everything in it, to be broken."""
    run = add_run(ws, add_dataset(ws, tmp_path), verdict={})
    ws.select(name="hard", run=run.id, by="confidence", bottom=0.2)
    with ws.store(runs=[run.id], datasets=["reviews"]):
        pass
    jobs.Queue(ws.path).submit(run.id)
    return SimpleNamespace(ws=ws, path=ws.path, run=run, folder=ws.runs.folder(run.id))


def wrong(path) -> dict[str, str]:
    """Name of each check that is not well -> problem and remedy."""
    return {check.name: f"{check.problem}. {check.remedy}" for check in examine(path) if not check.ok}


def test_a_sound_workspace_passes_every_check_and_is_left_as_it_is(sick):
    def everything():
        return {f: (f.stat().st_mtime_ns, f.stat().st_size) for f in sick.path.rglob("*") if f.parent.name != "locks"}

    shutil.rmtree(sick.path / "cache")
    before = everything()
    checks = examine(sick.path)
    assert [(check.name, check.problem) for check in checks] == [(name, None) for name in ("format", *CHECKS)]
    assert everything() == before


# ---- each thing that breaks


def another_format(sick, patch):
    publish_json(sick.path / "workspace.json", {"format": 99})


def no_json(sick, patch):
    (sick.path / "workspace.json").write_text("{")


def unwritable(sick, patch):
    patch.setattr(os, "access", lambda path, mode: path != sick.path / "runs")  # who runs as root may write everywhere


def full_disk(sick, patch):
    patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5_000_000))


def killed_writer(sick, patch):
    left = sick.folder.path / "dynamics" / ".epoch=004.parquet.1234abcd.tmp"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 2 * 24 * 3600,) * 2)


def locks_that_everybody_gets(sick, patch):
    patch.setattr(fcntl, "flock", lambda *_: None)


def network_file_system(sick, patch):
    patch.setattr(doctor, "_file_system", lambda path: "nfs4")


def changed_text(sick, patch):
    file = sick.path / "datasets/reviews/train.parquet"
    frame = pd.read_parquet(file)
    frame.loc[3, "text"] = "another text"
    frame.to_parquet(file)


def torn_rows(sick, patch):
    (sick.path / "datasets/reviews/eval/ood.parquet").write_bytes(b"torn")


def torn_epoch(sick, patch):
    file = sick.folder.epoch_files()[2]
    file.write_bytes(file.read_bytes()[:500])


def epoch_of_other_examples(sick, patch):
    epoch = sick.folder.read_epoch(1)
    epoch.ids_N[7] = "somebody-else"
    sick.folder.publish_epoch(epoch)


def torn_verdict(sick, patch):
    sick.folder.results_file.write_text('{"state": "succ')


def dataset_gone(sick, patch):
    shutil.rmtree(sick.path / "datasets/reviews")


def another_dataset(sick, patch):
    about = read_json(sick.folder.path / "spec.json")
    about["spec"]["dataset_fingerprint"] = "0" * 64
    publish_json(sick.folder.path / "spec.json", about)


def model_gone(sick, patch):
    sick.folder.results_file.unlink()


def other_ids(sick, patch):
    pd.DataFrame({"id": ["train-1", "train-2"]}).to_parquet(sick.path / "subsets/hard/ids.parquet")


def no_ids(sick, patch):
    (sick.path / "subsets/hard/ids.parquet").unlink()


def torn_database(sick, patch):
    file = sick.path / "workspace.duckdb"
    file.write_bytes(file.read_bytes()[:3000])


def other_numbers(sick, patch):
    from ftft.store import open_database

    with open_database(sick.path) as store, store._transaction() as cursor:
        cursor.execute("UPDATE metrics SET confidence = confidence / 2")


def a_run_too_many(sick, patch):
    shutil.rmtree(sick.folder.path)


def torn_queue(sick, patch):
    (sick.path / "queue.db").write_bytes(b"torn" * 1000)


def a_row_too_many(sick, patch):
    with sqlite3.connect(sick.path / "queue.db") as db:
        db.execute("INSERT INTO queue(run, position) VALUES ('0123abcd', 9)")


def old_library(sick, patch):
    plain = metadata.version
    patch.setattr(metadata, "version", lambda name: "0.1" if name == "duckdb" else plain(name))


def missing_library(sick, patch):
    plain = metadata.version

    def version(name):
        if name == "transformers":
            raise metadata.PackageNotFoundError(name)
        return plain(name)

    patch.setattr(metadata, "version", version)


BROKEN = {
    another_format: ("format", "format 99"),
    no_json: ("format", "is damaged"),
    unwritable: ("writable", "chown"),
    full_disk: ("disk", "Make room"),
    killed_writer: ("leftovers", "1 unfinished files"),
    locks_that_everybody_gets: ("locks", "no effect"),
    network_file_system: ("locks", "nfs4"),
    changed_text: ("datasets", "rows do not give its fingerprint"),
    torn_rows: ("datasets", "cannot be read"),
    torn_epoch: ("runs", "epoch=002.parquet"),
    epoch_of_other_examples: ("runs", "are not the"),
    torn_verdict: ("runs", "cannot be read"),
    dataset_gone: ("origins", "Add it again"),
    another_dataset: ("origins", "not the one"),
    model_gone: ("origins", "/nowhere/tiny"),
    other_ids: ("subsets", "do not give its hash"),
    no_ids: ("subsets", "ids.parquet"),
    torn_database: ("database", "ftft rebuild"),
    other_numbers: ("database", "does not say what the files"),
    a_run_too_many: ("database", "whose folder is gone"),
    torn_queue: ("queue", "damaged"),
    a_row_too_many: ("queue", "DELETE FROM queue WHERE run = '0123abcd'"),
    old_library: ("versions", "duckdb 0.1 is installed"),
    missing_library: ("versions", "pip install"),
}


@pytest.mark.parametrize("happened", BROKEN)
def test_what_is_broken_is_named_with_its_remedy(sick, monkeypatch, happened):
    name, words = BROKEN[happened]
    happened(sick, monkeypatch)
    assert words in wrong(sick.path)[name]


def test_every_check_has_been_seen_to_fail():
    assert {name for name, _ in BROKEN.values()} == {"format", *CHECKS}


# ---- on the command line


@pytest.fixture
def ask(capfd):
    """Runs a command: (exit status, its JSON)."""

    def ask(*words, workspace):
        with pytest.raises(SystemExit) as end:
            main([*words, "--workspace", str(workspace), "--json"])
        return end.value.code, json.loads(capfd.readouterr().out)

    return ask


def test_the_exit_status_says_whether_all_is_well(sick, ask, monkeypatch):
    status, found = ask("doctor", workspace=sick.path)
    assert status == 0
    assert all(check["ok"] and check["remedy"] is None for check in found["checks"])
    torn_epoch(sick, monkeypatch)
    status, found = ask("doctor", workspace=sick.path)
    assert status == 1
    (check,) = [check for check in found["checks"] if not check["ok"]]
    assert check["name"] == "runs"
    assert check["remedy"].startswith("Copy the file again")


def test_a_folder_that_is_no_workspace_is_said_to_be_none_and_not_made(tmp_path, ask):
    status, found = ask("doctor", workspace=tmp_path / "nowhere")
    assert status == 1
    assert [check["name"] for check in found["checks"]] == ["format"]
    assert not (tmp_path / "nowhere").exists()


def test_rebuilding_gives_the_same_answers_and_says_what_it_took(sick, ask):
    before = sick.ws.examples("reviews", run=sick.run.id, sort="aum")[0]
    status, found = ask("rebuild", workspace=sick.path)
    checks = [{"name": name, "ok": True, "remedy": None} for name in ("dataset reviews", f"run {sick.run.id}")]
    assert (status, found) == (0, {"runs": {sick.run.id: [1, 2, 3]}, "datasets": ["reviews"], "left_out": [], "checks": checks})
    assert sick.ws.examples("reviews", run=sick.run.id, sort="aum")[0].to_json() == before.to_json()


@pytest.mark.parametrize("happened", [torn_database, other_numbers, a_run_too_many])
def test_rebuilding_mends_what_the_doctor_finds_in_the_database(sick, ask, monkeypatch, happened):
    happened(sick, monkeypatch)
    assert "database" in wrong(sick.path)
    assert ask("rebuild", workspace=sick.path)[0] == 0
    assert "database" not in wrong(sick.path)


def test_rebuilding_says_which_epochs_it_had_to_leave_out(sick, ask, monkeypatch):
    torn_epoch(sick, monkeypatch)
    _, found = ask("rebuild", workspace=sick.path)
    assert found["runs"] == {sick.run.id: [1, 3]}
    assert found["left_out"][0]["examples"] == ["epoch=002.parquet"]
    assert [(c["ok"], "Copy the file again" in (c["remedy"] or "")) for c in found["checks"]] == [(True, False), (False, True)]


def test_what_the_app_holds_is_not_rebuilt_under_it(sick, ask):
    app = ftft.Workspace(sick.path, runner=False)
    assert app.own()
    try:
        status, found = ask("rebuild", workspace=sick.path)
        assert status == 2
        assert "Stop ftft app" in found["error"]["remedy"]
        assert "database" not in wrong(sick.path)
        with pytest.raises(InputError, match="in use"):
            app.rebuild()
    finally:
        app.close()
