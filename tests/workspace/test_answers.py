"""Every verb gives the same answer, whoever has the database and whatever became of it."""

import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import duckdb
import pytest

import ftft
from ftft.cli import main
from tests.synthetic import add_dataset, add_run

BRUSH = {"type": "lasso", "points": [[0, 0.3], [0.3, 0.3], [0.2, 0.9], [0.01, 0.95]]}
PAGES = ({"sort": "variability"}, {"sort": "aum", "descending": False, "offset": 7, "limit": 20}, {"search": "good", "sort": "forgetting"})
VERBS = {
    "data list": ("data", "list"),
    "data show": ("data", "show", "reviews"),
    "runs list": ("runs", "list"),
    "runs show": ("runs", "show", "RUN"),
    "map": ("map", "RUN"),
    "map of one epoch": ("map", "RUN", "--epochs", "2"),
    "map of some epochs": ("map", "RUN", "--epochs", "2-3"),
    "map of epochs that are not there": ("map", "RUN", "--epochs", "3-9"),
    "map as a file": ("map", "RUN", "--out", "OUT/map.csv"),
    "map of some epochs as a file": ("map", "RUN", "--epochs", "1-2", "--out", "OUT/map.jsonl"),
    "map of a run that lacks an epoch": ("map", "LAME"),
    "transfer": ("transfer", "RUN", "OTHER"),
    "transfer of some epochs": ("transfer", "RUN", "OTHER", "LAME", "--epochs", "1-2", "--top", "0.5"),
    "select by variability": ("select", "RUN", "--by", "variability", "--top", "0.33", "--name", "variable"),
    "select by a metric of logits": ("select", "RUN", "--by", "aum", "--bottom", "0.2", "--name", "marginal"),
    "select by a count": ("select", "RUN", "--by", "forgetting", "--top", "0.4", "--name", "forgotten"),
    "select by a brush": ("select", "--selection", "OUT/brush.json", "--name", "brushed"),
    "select by a name that is taken": ("select", "RUN", "--by", "loss", "--top", "0.1", "--name", "hard"),
    "subsets list": ("subsets", "list"),
    "subsets show": ("subsets", "show", "hard"),
    "subsets export": ("subsets", "export", "hard", "--out", "OUT/hard.jsonl"),
}


class Bench:
    """A workspace with three runs, one of which has a torn epoch, and a subset."""

    def __init__(self, folder: Path) -> None:
        self.ws = ws = ftft.Workspace(folder / "workspace", runner=False)
        self.out = folder / "out"
        self.out.mkdir()
        data = add_dataset(ws, folder)
        self.runs = {name: add_run(ws, data, seed, 4, verdict={}).id for seed, name in enumerate(("RUN", "OTHER", "LAME"), 1)}
        ws.runs.folder(self.runs["LAME"]).epoch_files()[2].write_bytes(b"torn")
        steps = [{"op": "new", "by": "region", "run": self.runs["RUN"], "epochs": [1, 3], "shapes": [BRUSH]}]
        (self.out / "brush.json").write_text(json.dumps({"dataset": data, "steps": steps}))
        ws.select(name="hard", run=self.runs["RUN"], by="confidence", bottom=0.2)
        everything = [verb for verb in (*VERBS, *range(len(PAGES))) if verb != "subsets list"]
        self.calm = {verb: self.ask(verb) for verb in (*everything, "subsets list")}  # it comes last: others make subsets
        self.database = (ws.path / "workspace.duckdb").read_bytes()

    def lose(self, happened: Callable[[Path], None]) -> None:
        """The database is there, and then this happens to it."""
        (self.ws.path / "workspace.duckdb").write_bytes(self.database)
        happened(self.ws.path / "workspace.duckdb")

    def ask(self, verb: str | int) -> tuple:
        """Exit status, JSON and files; of a number, that page of examples."""
        if isinstance(verb, int):
            frame, total = ftft.Workspace(self.ws.path, runner=False).examples("reviews", run=self.runs["RUN"], **PAGES[verb])
            return frame.to_json(double_precision=15), total
        words = [self.runs.get(word, word.replace("OUT", str(self.out))) for word in VERBS[verb]]
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(io.StringIO()), pytest.raises(SystemExit) as end:
            main([*words, "--workspace", str(self.ws.path), "--json"])
        files = {word: Path(word).read_text() for word in words if Path(word).is_file()}
        return end.value.code, json.loads(said.getvalue()), files


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("answers"))


def deleted(database: Path) -> None:
    database.unlink(missing_ok=True)


def torn(database: Path) -> None:
    database.write_bytes(database.read_bytes()[:5000])


def another_version(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("UPDATE about SET version = version + 1")


@pytest.fixture(scope="module", params=["the app up", deleted, torn, another_version])
def happen(request, bench):
    """Makes it so before each question: another process owns the database, as the app does, or something happened to it."""
    if callable(request.param):
        yield lambda: bench.lose(request.param)
        return
    code = "import ftft, sys; ws = ftft.Workspace(sys.argv[1], runner=False); print(ws.own(), flush=True); sys.stdin.read(); ws.close()"
    with subprocess.Popen([sys.executable, "-c", code, str(bench.ws.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as app:
        assert app.stdout is not None
        assert app.stdin is not None
        assert app.stdout.readline() == b"True\n"
        yield lambda: None
        app.stdin.close()


@pytest.mark.parametrize("verb", [*VERBS, *range(len(PAGES))])
def test_the_answer_is_the_same_whatever_becomes_of_the_database(bench, happen, verb):
    happen()
    assert bench.ask(verb) == bench.calm[verb]


def test_the_app_itself_says_the_same(bench):
    app = ftft.Workspace(bench.ws.path, runner=False)
    assert app.own()
    try:
        for number, page in enumerate(PAGES):
            frame, total = app.examples("reviews", run=bench.runs["RUN"], **page)
            assert (frame.to_json(double_precision=15), total) == bench.calm[number]
        assert app.map(bench.runs["RUN"]).frame().equals(bench.ws.map(bench.runs["RUN"]).frame())
    finally:
        app.close()


def test_a_database_that_was_given_back_can_be_taken_again_and_is_kept_up_to_date(ws, tmp_path):
    assert ws.own()
    ws.close()
    assert ws.own()
    try:
        run = add_run(ws, add_dataset(ws, tmp_path))
        wait_until(lambda: ws._database.owned.epochs(run.id) == (1, 2, 3))
    finally:
        ws.close()


def test_the_app_ingests_what_is_published_and_forgets_what_is_removed(ws, tmp_path):
    data = add_dataset(ws, tmp_path)
    gone, torn_run = add_run(ws, data, 1), add_run(ws, data, 2)
    torn_run.folder.joinpath("results.json").write_text("{")  # one that cannot be read keeps no other waiting
    assert ws.own()
    try:
        wait_until(lambda: gone.id in ws._database.owned.runs())
        come = add_run(ws, data, 3)
        shutil.rmtree(gone.folder)
        wait_until(lambda: ws._database.owned.epochs(come.id) == (1, 2, 3) and gone.id not in ws._database.owned.runs())
    finally:
        ws.close()


def wait_until(true: Callable[[], bool], patience_s: float = 20) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
