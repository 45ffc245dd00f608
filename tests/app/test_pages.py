"""Data, Launch, Runs and Results in every state of a workspace, driven as a reader would. Nothing trains here."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import app
from ftft.jobs.lock import take
from tests.app import drawn, launched

VIEWS = ("data", "launch", "runs", "results", "stability")
VIEW_FOLDER = Path(app.__file__).parent / "views"


@pytest.fixture
def opened(ws, monkeypatch):
    """Opens a view on the workspace of the test; no runner is started, nothing is measured, moving to another page is only noted."""
    monkeypatch.setattr("app.backend.workspace", lambda: ws)
    monkeypatch.setattr("ftft.Workspace.estimate", launched.estimate)
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)
    monkeypatch.setattr("streamlit.switch_page", lambda page, **to: opened_pages.append(page))
    opened_pages: list[str] = []

    def open_view(view: str, dataset: str | None = None, **state) -> AppTest:
        page = AppTest.from_file(VIEW_FOLDER / f"{view}.py", default_timeout=20)
        if dataset:
            page.query_params["dataset"] = dataset
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    open_view.moved_to = opened_pages
    return open_view


@pytest.fixture
def specs(ws, tmp_path, main_model):
    """Function from (subset, seeds) to specs of the main model on the dataset `reviews`, which has a subset `third`."""
    drawn.dataset(ws, tmp_path)
    drawn.subset(ws, "third", [f"train-{i}" for i in (*range(0, 24, 2), 1, 3, 5, 7)])
    return lambda subset=None, seeds=(1,): ws.plan("reviews", model=main_model, seeds=seeds, subset=subset, **drawn.SETTINGS)


def words(page: AppTest) -> str:
    """All words on the page, those in HTML included."""
    assert not page.exception, page.exception
    html = [element.proto.body for element in page.get("html")]
    return "\n".join([*html, *(e.value for kind in (page.markdown, page.caption, page.code, page.toast) for e in kind)])


# ---- every page in every state


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_workspace_says_what_to_do_next(view, opened):
    assert "class='empty'" in words(opened(view))


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_survives_runs_in_every_state_and_one_that_vanishes(view, ws, specs, opened):
    done, failed, cancelled, lost, waiting, running = specs("third", (1, 2, 3, 4, 5, 6))
    drawn.finish(ws, done, 0.8, 0.6)
    drawn.fail(ws, failed)
    for spec in (cancelled, lost, running):
        drawn.progress(ws, spec)
    ws.runs.folder(cancelled.run).cancel_file.touch()
    drawn.queue(ws, waiting)
    with take(ws.runs.folder(running.run)):
        page = opened(view)
        assert f"<h1>{view.capitalize()}</h1>" in words(page)
        shutil.rmtree(ws.runs.folder(done.run).path)
        assert f"<h1>{view.capitalize()}</h1>" in words(page.run())


@pytest.mark.parametrize(("view", "key"), [("launch", "dataset_box"), ("results", "results_dataset"), ("data", None)])
def test_the_dataset_in_the_address_is_shown_first(view, key, ws, specs, opened, tmp_path):
    drawn.dataset(ws, tmp_path, "other", rows=20)
    for name in ("reviews", "other"):
        page = opened(view, dataset=name)
        assert (page.selectbox(key=key).value if key else page.session_state["data_open"]) == name


@pytest.mark.parametrize("view", ["data", "launch", "results"])
def test_labels_are_never_markup(view, ws, main_model, opened, tmp_path):
    drawn.dataset(ws, tmp_path, labels=("<img src=x>", "positive"))
    drawn.subset(ws, "third", ["train-0", "train-1", "train-2"])
    drawn.finish(ws, *ws.plan("reviews", model=main_model, subset="third"), 0.8, 0.6)
    page = opened(view)
    shown = words(page).replace("".join(code.value for code in page.code), "")  # code is shown as it is
    assert "&lt;img" in shown
    assert "<img" not in shown


def test_messages_of_runs_are_never_markup(ws, specs, opened):
    error = {"message": "<img src=x>", "remedy": "<script>"}
    warning = {"kind": "odd", "count": 1, "examples": [], "message": "<b>odd</b>. <i>Mend it</i>"}
    drawn.verdict(ws, *specs(), state="failed", cause="internal", error=error, warnings=[warning])
    shown = words(opened("runs"))
    assert "&lt;img" in shown
    assert "&lt;b&gt;odd" in shown
    assert not any(markup in shown for markup in ("<img", "<script", "<b>odd", "<i>Mend"))


# ---- Data


def test_a_dataset_is_shown_with_its_sets_and_a_click_opens_another(ws, specs, opened, tmp_path):
    drawn.dataset(ws, tmp_path, "other", rows=20)
    page = opened("data")
    page.button(key="open_reviews").click().run()
    shown = words(page)
    assert "<h2>reviews</h2>" in shown
    assert "<td>flips</td><td class='r'>8</td><td><span class='pill accent'>out of distribution" in shown
    assert list(page.dataframe[0].value["id"])[:2] == ["train-0", "train-1"]


def test_the_dialog_adds_what_its_command_says(ws, opened, tmp_path):
    def always_open():  # a click inside a dialog runs the dialog alone, which AppTest cannot
        from app import backend
        from app.panels import data_add

        data_add.dialog(backend.workspace())

    file, other = tmp_path / "mine.csv", tmp_path / "other.csv"
    file.write_text("id,comment,label\na,x,0\nb,y,1\nc,z,1\n")
    other.write_text("id,comment,label\nd,x,no\ne,y,yes\n")
    page = AppTest.from_function(always_open)
    page.session_state["new_train"] = str(file)
    page.session_state["new_evaluations"] = f"other={other}:ood"
    page.session_state["new_label_maps"] = "other:no=0\nother:yes=1\n"
    page.run()
    assert f"--train {file}" in page.code[0].value
    assert "--text comment --label label" in page.code[0].value
    page.button(key="confirm_dataset").click().run()
    assert ws.data.get("mine").train.rows == 3
    assert ws.data.rows("mine", "other")["label"].tolist() == ["0", "1"]
    assert page.session_state["data_open"] == "mine"


def test_the_dialog_shows_a_mistake_with_its_remedy_and_adds_nothing(ws, opened, tmp_path):
    page = opened("data", new_train=str(tmp_path / "nowhere.csv"))
    shown = words(page.button(key="add_dataset").click().run())
    assert "nowhere.csv does not exist" in shown
    assert "Check the path" in shown
    assert ws.data.list() == []


# ---- Runs


def test_a_failed_run_shows_its_cause_and_remedy_and_can_be_resumed(ws, specs, opened):
    (spec,) = specs()
    drawn.fail(ws, spec)
    page = opened("runs")
    assert "Out of memory: no memory left at step 2" in words(page)
    assert "Halve the batch size" in words(page)
    page.button(key="resume_run").click().run()
    assert ws.runs.get(spec.run).state == "queued"


def test_a_waiting_run_can_be_cancelled(ws, specs, opened):
    (spec,) = specs()
    drawn.queue(ws, spec)
    opened("runs").button(key="cancel_run").click().run()
    assert ws.runs.get(spec.run).state == "cancelled"


def test_the_chosen_run_stays_chosen_when_a_newer_one_comes(ws, specs, opened):
    first, second = specs(seeds=(1, 2))
    drawn.fail(ws, first)
    page = opened("runs")
    ws.runs.folder(second.run).create(second, "2026-02-01T00:00:00+00:00")
    assert f"run {first.run[:6]}" in words(page.run())


def test_a_run_whose_folder_was_removed_leaves_the_list_with_a_word(ws, specs, opened):
    first, second = specs(seeds=(1, 2))
    drawn.fail(ws, first)
    drawn.fail(ws, second)
    page = opened("runs", run_open=first.run)
    shutil.rmtree(ws.runs.folder(first.run).path)
    shown = words(page.run())
    assert f"Run {first.run[:6]} is gone" in shown
    assert f"run {second.run[:6]}" in shown


# ---- Results


def test_two_seeds_give_mean_sd_and_paired_difference(ws, specs, opened):
    for subset, values in (("third", ((0.80, 0.70), (0.82, 0.76))), (None, ((0.84, 0.60), (0.82, 0.70)))):
        for spec, (test, flips) in zip(specs(subset, (1, 2)), values, strict=True):
            drawn.finish(ws, spec, test, flips)
    shown = words(opened("results"))
    assert "73.0<small> ±\u202f4.2</small>" in shown
    assert "<em>+8.0</em>" in shown
    assert "title='each seed: +10.0, +6.0'" in shown
    assert "out of distribution (flips) +8.0 points on average, higher in 2 of 2 seeds" in shown
    assert "2 seeds are too few to test" in shown
    assert "“negative” is 75\u202f% of the subset and 50\u202f% of everything" in shown


def test_one_seed_has_no_sd_and_is_said_to_be_no_evidence(ws, specs, opened):
    drawn.finish(ws, *specs("third"), 0.8, 0.7)
    drawn.finish(ws, *specs(), 0.8, 0.6)
    shown = words(opened("results"))
    assert "<small> ±" not in shown
    assert "One seed is no evidence" in shown


def test_failed_runs_are_counted_and_a_missing_score_is_a_dash(ws, specs, opened):
    first, second = specs("third", (1, 2))
    drawn.finish(ws, first, 0.8, 0.7)
    drawn.fail(ws, second)
    page = opened("results")
    assert "1 failed" in words(page)
    assert "nothing to compare with" in words(page).lower()
    page.selectbox(key="metric_reviews").set_value("auroc").run()
    assert "<div class='val muted'>–</div>" in words(page)


def test_a_run_that_was_stopped_early_says_when_by_what_and_which_model_it_left(ws, specs, opened):
    (spec,) = specs()
    stop = {"on": "ood_dev", "step": 780, "best_step": 638, "best": 0.531, "early": True}
    run = drawn.verdict(ws, spec, state="succeeded", stop=stop)
    shown = words(opened("runs", run_open=run.id))
    assert "at step 780, by dev sets, out of distribution" in shown
    assert "step 638, 0.531 there" in shown
