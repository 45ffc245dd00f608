"""Every page in every state: it says something sensible, never a traceback; and where nothing may be written, nothing is."""

import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import app
import ftft
from app.brush import History
from ftft.domain import Selection, Step
from ftft.jobs import Queue
from ftft.jobs.lock import take
from tests.app import drawn
from tests.synthetic import add_dataset, add_run

VIEW_FOLDER = Path(app.__file__).parent / "views"
VIEWS = tuple(sorted(file.stem for file in VIEW_FOLDER.glob("*.py") if file.stem != "__init__"))
FAILED = {
    "state": "failed", "cause": "out_of_memory",
    "error": {"kind": "out_of_memory", "message": "no memory left at step 2", "remedy": "Halve the batch size"},
}  # fmt: skip
# What a reader who came too early, or too late, is told.
WITHOUT_DATA = {"runs": "No run yet", "results": "No dataset yet|Nothing to compare|No main run"}
MENTIONS = {  # a part of what a page says about a run that failed before it had recorded anything
    "maps": "failed before its first epoch", "runs": "Out of memory: no memory left at step 2", "transfer": "failed before its first epoch",
    "launch": "reviews", "results": "No main run yet|failed", "data": "reviews",
}  # fmt: skip


@pytest.fixture
def open_view(ws, monkeypatch):
    """Opens a view on the workspace of the test. No runner is started, and moving to another page is only noted."""
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)
    monkeypatch.setattr("streamlit.switch_page", lambda page, **to: None)

    def open_it(view: str, workspace: ftft.Workspace = ws, query: dict[str, str] | None = None, **state) -> AppTest:
        monkeypatch.setattr("app.backend.workspace", lambda: workspace)
        page = AppTest.from_file(VIEW_FOLDER / f"{view}.py", default_timeout=30)
        for values, into in ((query or {}, page.query_params), (state, page.session_state)):
            for key, value in values.items():
                into[key] = value
        return page.run()

    return open_it


def words(page: AppTest) -> str:
    """All words on the page, those in HTML included; what went wrong fails the test."""
    assert not page.exception, page.exception
    html = [element.proto.body for element in page.get("html")]
    shown = "\n".join([*html, *(e.value for kind in (page.markdown, page.caption, page.code, page.toast) for e in kind)])
    assert "Traceback" not in shown
    assert len(re.sub("<[^>]*>", "", shown).strip()) > 20, "an empty page says nothing"
    return shown


def test_every_view_is_a_page_of_the_app():
    assert set(re.findall(r'^    \("(\w+)", "', (VIEW_FOLDER.parent / "main.py").read_text(), re.MULTILINE)) == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_in_an_empty_workspace_a_page_says_what_to_do_next(view, open_view):
    shown = words(open_view(view))
    assert "class='empty'" in shown
    assert re.search(WITHOUT_DATA.get(view, "No dataset yet"), shown)


@pytest.mark.parametrize("view", VIEWS)
def test_while_the_first_run_trains_a_page_goes_on_with_it(view, ws, tmp_path, open_view):
    add_dataset(ws, tmp_path)
    run = add_run(ws, "reviews", epochs=0)
    with take(ws.runs.folder(run.id)):
        page = open_view(view)
        words(page)
        add_run(ws, "reviews", epochs=1)
        words(page.run())
        add_run(ws, "reviews", epochs=2)
        words(page.run())
    words(page.run())  # its process is gone


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("epochs", [0, 2])
def test_a_failed_run_is_explained_or_left_out(view, epochs, ws, tmp_path, open_view):
    add_dataset(ws, tmp_path)
    add_run(ws, "reviews", epochs=epochs, verdict=FAILED)
    shown = words(open_view(view))
    if epochs == 0:
        assert re.search(MENTIONS.get(view, "."), shown)


@pytest.mark.parametrize("view", VIEWS)
def test_a_run_that_the_address_names_and_that_is_gone_is_no_mistake(view, ws, tmp_path, open_view):
    add_dataset(ws, tmp_path)
    there = add_run(ws, "reviews", verdict={})
    gone = "0123456789abcdef"
    shown = words(open_view(view, query={"dataset": "reviews", "runs": f"{gone},{there.id}", "selection": "f" * 64}))
    if view == "maps":
        assert f"Run {gone} is not among the runs on reviews" in shown
    words(open_view(view, query={"dataset": "nowhere", "runs": f"mean~{gone}~{there.id}", "selection": "not a hash"}))


@pytest.mark.parametrize("view", VIEWS)
def test_a_run_that_is_removed_while_the_page_is_open_takes_what_was_made_on_it_along(view, ws, tmp_path, open_view):
    add_dataset(ws, tmp_path)
    kept, gone = (add_run(ws, "reviews", seed=seed, verdict={}) for seed in (1, 2))
    top = Selection("reviews", (Step("new", "top", {"run": gone.id, "metric": "variability", "q": 0.33}),))

    page = open_view(view, run_open=gone.id, histories={"reviews": History(top)}, focus="train-3")
    words(page)
    shutil.rmtree(ws.runs.folder(gone.id).path)
    words(page.run())
    shutil.rmtree(ws.runs.folder(kept.id).path)
    words(page.run())
    shutil.rmtree(ws.path / "datasets" / "reviews")
    words(page.run())


# ---- read-only


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size and time."""
    return {str(f.relative_to(folder)): (f.stat().st_size * f.is_file(), f.stat().st_mtime_ns) for f in folder.rglob("*")}


@pytest.fixture
def only_read(ws, tmp_path, monkeypatch) -> ftft.Workspace:
    """A workspace with runs in every state and a subset, as somebody sees it who may only look."""
    monkeypatch.setenv("FTFT_READ_ONLY", "1")
    drawn.dataset(ws, tmp_path)
    drawn.subset(ws, "third", [f"train-{i}" for i in (*range(0, 24, 2), 1, 3, 5, 7)])
    for seed in (1, 2):
        add_run(ws, "reviews", seed=seed, verdict={})
    for number, state in enumerate(("failed", "waits"), start=3):
        run = add_run(ws, "reviews", seed=number, epochs=0, verdict=FAILED if state == "failed" else None)
        if state == "waits":
            Queue(ws.path).submit(run.id)
    return ftft.Workspace(ws.path, runner=False, read_only=True)


@pytest.mark.parametrize("view", VIEWS)
def test_where_nothing_may_be_written_nothing_is_whatever_is_pressed(view, only_read, open_view):
    before, selection = tree(only_read.path), Selection("reviews", (Step("new", "label", {"labels": ["positive"]}),))

    state = {"histories": {"reviews": History(selection)}, "focus": "train-3"}
    page = open_view(view, only_read, **state)
    words(page)
    assert tree(only_read.path) == before
    keys = [button.key for button in page.button if not button.disabled]
    for key in keys:
        page = open_view(view, only_read, **state)
        button = next((button for button in page.button if button.key == key), None)
        if button is not None:
            words(button.click().run())
            assert tree(only_read.path) == before, f"{key} wrote"


@pytest.mark.parametrize(
    ("view", "key"), [("maps", "save_subset"), ("maps", "fine_tune"), ("data", "add_dataset"), ("launch", "start_runs")],
)  # fmt: skip
def test_what_would_write_is_disabled(view, key, only_read, open_view):

    chosen = History(Selection("reviews", (Step("new", "label", {"labels": ["positive"]}),)))
    page = open_view(view, only_read, histories={"reviews": chosen}, main_model=drawn.model(only_read.path.parent / "main"))
    assert page.button(key=key).disabled


def test_runs_cannot_be_cancelled_or_resumed_by_who_may_only_look(only_read, open_view):
    for run in only_read.runs.list():
        page = open_view("runs", only_read, run_open=run.id)
        words(page)
        changing = ("cancel_run", "resume_run", "first_run", "remove_run", "pause_queue", "resume_queue")
        assert all(button.disabled for button in page.button if button.key in changing)
        assert page.number_input(key="queue_slots").disabled
