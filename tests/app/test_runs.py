"""What the Runs page says: speed and time left, places in the queue, runs side by side, notices; and what its buttons do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import app
from app import clock, progress
from app.panels import notices, runs_compare, runs_curves, runs_detail, runs_queue, runs_table, runs_words
from ftft.jobs import Queue
from ftft.jobs.lock import take
from tests.app import drawn

VIEW = Path(app.__file__).parent / "views" / "runs.py"
NOW = 1_800_000_000.0


def trained(step: int, at: float, **more) -> dict:
    return {"time": NOW + at, "step": step, "steps": 1000, "epoch": 1, "loss": 1 / step, "lr": 1e-4, **more}


@pytest.fixture
def specs(ws, tmp_path, monkeypatch):
    """Function from seeds to specs on the dataset `reviews`, whose subset `third` they see."""
    drawn.dataset(ws, tmp_path)
    drawn.subset(ws, "third", [f"train-{i}" for i in (*range(0, 24, 2), 1, 3, 5, 7)])
    model = drawn.model(tmp_path / "main")
    monkeypatch.setattr("ftft.workspace.training.bundled_models", lambda: [Path(model)])
    return lambda *seeds, **more: ws.plan("reviews", model=model, seeds=seeds or (1,), subset="third", **(drawn.SETTINGS | more))


@pytest.fixture
def opened(ws, monkeypatch):
    """Opens the page; no runner is started, and moving to another page is only noted."""
    monkeypatch.setattr("app.backend.workspace", lambda: ws)
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)
    monkeypatch.setattr("streamlit.switch_page", lambda page, **to: moved_to.append(page))
    moved_to: list[str] = []

    def open_it(**state) -> AppTest:
        page = AppTest.from_file(VIEW, default_timeout=20)
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    open_it.moved_to = moved_to
    return open_it


def words(page: AppTest) -> str:
    assert not page.exception, page.exception
    return "\n".join([*(e.proto.body for e in page.get("html")), *(e.value for kind in (page.markdown, page.toast) for e in kind)])


def component(page: AppTest, name: str) -> dict:
    """What a component on the page was given."""
    (found,) = [e.proto for e in page.get("bidi_component") if e.proto.component_name.endswith(name)]
    return json.loads(found.json)


# ---- speed and time left


def test_the_pace_is_that_of_the_last_minute():
    slow, fast = [trained(k, 10.0 * k) for k in range(1, 20)], [trained(19 + 10 * k, 190.0 + k) for k in range(1, 100)]
    assert progress.pace(slow) == pytest.approx(0.1)
    assert progress.pace(slow + fast) == pytest.approx(10.0)


def test_one_line_tells_no_pace_and_two_far_apart_do():
    assert progress.pace([]) is None
    assert progress.pace([trained(1, 0)]) is None
    assert progress.pace([trained(1, 0), trained(2, 300)]) == pytest.approx(1 / 300)


@pytest.mark.parametrize(
    "lines",
    [
        [trained(500, 0), trained(501, 1), trained(502, 90_000), trained(503, 90_001)],  # its own lock says when it began
        [trained(500, 0), trained(510, 1), trained(502, 90_000), trained(503, 90_001)],  # back to a checkpoint
    ],
)
def test_a_resumed_run_is_as_fast_as_its_latest_attempt(lines):
    assert progress.pace(lines, since=NOW + 89_000) == pytest.approx(1.0)


def test_a_clock_that_was_set_back_gives_no_nonsense(ws, specs):
    run = replace(drawn.queue(ws, *specs()), steps_total=1000)
    back = [trained(10, 100), trained(11, 101), trained(12, -5000)]
    assert progress.pace(back) is None
    assert progress.left(run, back, NOW) is None
    assert progress.left(run, [trained(10, 100), trained(11, 101)], NOW - 5000) == pytest.approx(989)
    assert runs_table.elapsed(replace(run, state="running"), back, NOW - 9000, since=NOW) == ""


def test_the_time_left_counts_down_between_two_lines_and_is_never_negative_nor_huge(ws, specs):
    run, lines = replace(drawn.queue(ws, *specs()), steps_total=1000), [trained(100, 0), trained(200, 10)]
    assert progress.left(run, lines, NOW + 10) == pytest.approx(80)
    assert progress.left(run, lines, NOW + 40) == pytest.approx(50)
    assert progress.left(run, lines, NOW + 500) == 0
    assert progress.left(run, [trained(1, 0), trained(2, 50_000)], NOW) is None
    assert progress.left(run, [trained(999, 0), trained(1000, 1)], NOW) is None, "its last step is done"


def test_steps_that_were_trained_twice_count_once():
    evaluated = {"time": NOW, "step": 4, "evaluation": "dev", "accuracy": 0.9}
    lines = [trained(2, 0), trained(4, 1), evaluated, trained(3, 50), trained(5, 51)]
    assert [line["step"] for line in progress.standing(lines)] == [2, 3, 5]
    assert evaluated in progress.standing([trained(4, 1), evaluated, trained(5, 2)])


@pytest.mark.parametrize(("seconds", "said"), [(41, "41 s"), (60, "1 min"), (192, "3 min"), (7440, "2 h 04 min")])
def test_times_to_come_are_rounded(seconds, said):
    assert clock.about(seconds).replace("\u202f", " ") == said


# ---- words


def test_a_queued_run_says_its_place_or_what_it_waits_for(ws, specs):
    first, second, third = (drawn.queue(ws, spec) for spec in specs(1, 2, 3))
    states = {run.id: run.state for run in (first, second, third)}
    assert [runs_words.place(run, states) for run in (first, second, third)] == ["next", "2nd", "3rd"]
    after = replace(third, after=(first.id, second.id))
    assert runs_words.place(after, states) == f"after {first.id[:4]} and 1 more"
    assert runs_words.place(after, {first.id: "succeeded", second.id: "queued"}) == f"after {second.id[:4]}"
    assert runs_words.place(after, {first.id: "succeeded", second.id: "succeeded"}) == "3rd"
    assert [runs_words.ordinal(n) for n in (1, 4, 11, 22, 113)] == ["1st", "4th", "11th", "22nd", "113th"]


def test_the_score_of_a_run_is_of_its_development_set_and_while_it_is_trained_the_newest(ws, specs, tmp_path):
    files = {name: tmp_path / f"reviews-{name}.csv" for name in ("train", "test", "flips")}
    ws.data.add(
        "judged", train=files["train"], text=["text"], label="label",
        evaluations=[f"ood={files['flips']}:ood", f"test={files['test']}:id", f"dev={files['test']}:id:dev"],
    )  # fmt: skip
    run = drawn.finish(ws, *specs(), 0.8, 0.6)
    judged = ws.data.get("judged")
    run = replace(run, scores={name: {"accuracy": value} for name, value in (("ood", 0.1), ("test", 0.2), ("dev", 0.3))})
    assert progress.score(run, [], judged) == ("dev", "accuracy", 0.3)
    lines = [{"step": k, "evaluation": "test", "accuracy": k / 10} for k in (1, 2)]
    assert progress.score(replace(run, scores={}), lines, judged) == ("test", "accuracy", 0.2)
    assert progress.score(replace(run, scores={}), [], judged) is None
    assert [runs_words.fraction(v) for v in (0.8132, 1.0, 0.0)] == [".81", "1.00", ".00"]


def test_a_notice_says_what_came_out_and_holds_no_markup(ws, specs):
    done, failed = specs(1, 2)
    said = notices.words(ws, drawn.finish(ws, done, 0.812, 0.6)).replace("\\", "")
    assert said == "main · third, seed 1 succeeded: test .81"
    error = {"kind": "killed", "message": "**all** of [it](http://x) `gone`", "remedy": "None"}
    said = notices.words(ws, drawn.verdict(ws, failed, state="failed", cause="killed", error=error))
    assert "\\*\\*all" in said
    assert "\\[it\\]\\(" in said


def test_what_runs_differ_in_stands_side_by_side(ws, specs):
    base = drawn.finish(ws, *specs(1), 0.80, 0.60)
    other = drawn.finish(ws, *specs(1, lr=3e-5, max_length=64), 0.83, 0.55)
    assert runs_compare.settings([base, other]) == [("lr", ["1e-4", "3e-5"]), ("max length", ["32", "64"])]
    scores = dict(runs_compare.scores([base, other]))
    assert "83.0 <small>+3.0</small>" in scores["test, accuracy"][1]
    assert "55.0 <small>−5.0</small>" in scores["flips, accuracy"][1]
    assert dict(runs_compare.cost([base, other]))["training"] == ["2.0\u202f×\u202f10¹² FLOPs"] * 2


def test_curves_of_sets_that_were_judged_several_times_are_drawn_with_the_mean_that_decided():
    lines = [{"step": s, "evaluation": name, "accuracy": s / 10} for s in (1, 2) for name in ("dev", "dev2")]
    lines += [{"step": s, "stop": "id_dev", "value": s / 20} for s in (1, 2)] + [{"step": 2, "evaluation": "test", "accuracy": 0.5}]
    curves = runs_curves.score_curves(lines, "accuracy")
    assert list(curves) == ["dev", "dev2", "mean of dev sets, in distribution"]
    assert curves["dev"] == [(1, 0.1), (2, 0.2)]
    only = [line for line in lines if line.get("evaluation") == "dev" or "stop" in line]
    assert list(runs_curves.score_curves(only, "accuracy")) == ["dev"], "its mean is the same curve"


def test_the_queue_in_one_line():
    assert runs_queue.words(1, 0, 1, (), False).endswith("<b>1 of 1</b> slot busy</span>")
    many = runs_queue.words(2, 7, 2, ("A", "B"), True)
    assert "<b>2 of 4</b> slots busy · <b>7</b> waiting" in many
    assert "paused" in many


# ---- the page


def test_a_running_run_shows_step_speed_time_left_loss_and_what_it_takes(ws, specs, opened, monkeypatch):
    (spec,) = specs(1)
    drawn.progress(ws, spec)
    folder = ws.runs.folder(spec.run)
    with take(folder):
        began = progress.began(ws, spec.run)
        monkeypatch.setattr("time.time", lambda: began + 6)
        lines = [trained(k, 0, time=began + k, steps=9, loss=0.5) for k in (2, 4, 5)]
        folder.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        page = opened()
        shown = words(page).replace("\u202f", " ")
        assert "3 s left · 6 s so far · 16 examples/s" in shown
        row = component(page, "runs_table")["rows"][0]
        assert (row["state"], row["loss"], row["eta"], row["place"]) == ("running", "0.500", "3\u202fs", "56\u202f%")
        folder.cancel_file.touch()
        page.run()
        assert page.button(key="cancel_run").disabled
        assert page.button(key="cancel_run").label == "Stopping …"


def test_the_log_and_all_curves_of_a_failed_run_stay_to_be_read(ws, specs, opened):
    drawn.fail(ws, *specs(1))
    page = opened()
    assert "the log of this run" in component(page, "run_log")["text"]
    (chart,) = component(page, "run_curves")["charts"]
    assert chart["lines"][1]["points"] == [[1, 0.75], [2, 0.75]]
    assert page.button(key="resume_run").label == "Retry"


def test_the_table_holds_the_page_of_what_was_looked_for(ws, specs, opened, monkeypatch):
    for spec in specs(*range(1, 8)):
        drawn.finish(ws, spec, 0.8, 0.6)
    drawn.fail(ws, *specs(8))
    monkeypatch.setattr(runs_table, "PAGE", 3)
    shown = component(opened(runs_filters={"state": "succeeded", "page": 9}), "runs_table")
    assert (shown["found"], shown["first"], len(shown["rows"]), shown["more"]) == (7, 6, 1, False)
    assert shown["states"] == [["succeeded", 7], ["failed", 1]]
    assert [row["seed"] for row in component(opened(runs_filters={"words": "SEED 5"}), "runs_table")["rows"]] == ["5"]
    (run,) = (run for run in ws.runs.list() if run.spec.seed == 3)
    assert [row["id"] for row in component(opened(runs_filters={"words": f"main {run.id[:6]}"}), "runs_table")["rows"]] == [run.id]
    assert component(opened(runs_filters={"dataset": "other"}), "runs_table")["rows"] == []


def test_of_runs_that_have_ended_no_progress_is_read_by_the_table(ws, specs, opened, monkeypatch):
    for spec in specs(*range(1, 4)):
        drawn.finish(ws, spec, 0.8, 0.6)
    runs, read = ws.runs.list(), []
    monkeypatch.setattr(type(ws.runs), "progress", lambda self, run: read.append(run) or [])
    runs_table.data(ws, runs)
    assert read == []


def test_pause_slots_and_run_next_reach_the_queue(ws, specs, opened):
    first, second = specs(1, 2)
    drawn.queue(ws, first)
    drawn.queue(ws, second)
    page = opened(run_open=second.run)
    page.button(key="first_run").click().run()
    assert [job.run for job in ws.jobs.list()] == [second.run, first.run]
    page.button(key="pause_queue").click().run()
    assert ws.jobs.paused
    assert "The queue is paused" in words(page)
    page.button(key="resume_queue").click().run()
    assert not ws.jobs.paused
    page.number_input(key="queue_slots").set_value(3).run()
    assert ws.jobs.slots == 3
    ws.jobs.set_slots(2)
    assert page.run().number_input(key="queue_slots").value == 2, "what was changed elsewhere is shown"


def test_remove_asks_first(ws, specs, opened):
    (kept, gone) = (drawn.fail(ws, spec) for spec in specs(1, 2))
    page = opened(run_open=gone.id)
    page.button(key="remove_run").click().run()
    assert page.button(key="confirm_remove_run").label.startswith("Remove, frees ")
    page.button(key="keep_run").click().run()
    page.button(key="remove_run").click().run()
    page.button(key="confirm_remove_run").click().run()
    assert ws.runs.ids() == [kept.id]
    assert "is gone" not in words(page), "who removed it knows"


def test_clone_hands_the_run_to_the_launch_page(ws, specs, opened):
    run = drawn.fail(ws, *specs(1))
    page = opened()
    page.button(key="clone_run").click().run()
    assert page.session_state["launch_from"] == run.id
    assert opened.moved_to == ["views/launch.py"]


def test_a_queued_run_names_what_it_waits_for(ws, specs, opened):
    before = drawn.fail(ws, *specs(1))
    (spec,) = specs(2)
    ws.runs.folder(spec.run).create(spec, "2026-01-02T00:00:00+00:00", after=[before.id])
    Queue(ws.path).submit(spec.run, dependencies=[before.id])
    assert f"Waits until {before.id[:6]} (failed) has succeeded" in words(opened(run_open=spec.run))


def test_usage_says_what_the_machine_gives(monkeypatch):
    from ftft.jobs import Gpu, Usage

    gpu = Gpu("1", "uuid", "H100", 87.0, 3_100_000_000, 80_000_000_000)
    said = [text.replace("\u202f", " ") for text in runs_detail._usage(Usage(99.6, 1_200_000_000, 3, (gpu,)))]
    assert said == ["CPU 100 %", "memory 1.2 GB", "GPU 1 87 %, 3.1 GB of 80 GB"]


# ---- notices


@pytest.fixture
def only_notices(ws, monkeypatch):
    """A page that watches and shows nothing."""
    monkeypatch.setattr("app.backend.workspace", lambda: ws)
    monkeypatch.setattr("ftft.jobs.launch.ensure_runner", lambda *args: None)

    def watch():
        from app import backend
        from app.panels import notices

        notices.watch(backend.workspace())

    return lambda: AppTest.from_function(watch)


def test_a_run_that_ends_is_spoken_of_once_and_not_where_the_page_came_later(ws, specs, only_notices):
    (spec,) = specs(1)
    drawn.queue(ws, spec)
    page = only_notices().run()
    assert not page.toast
    drawn.finish(ws, spec, 0.8, 0.6)
    Queue(ws.path).remove(spec.run)
    assert "succeeded" in page.run().toast[0].value
    assert not page.run().toast
    assert not only_notices().run().toast


def test_of_many_runs_that_end_at_once_one_word_says_how_many(ws, specs, only_notices):
    queued = specs(*range(1, 6))
    for spec in queued:
        drawn.queue(ws, spec)
    page = only_notices().run()
    for spec in queued[:4]:
        drawn.finish(ws, spec, 0.8, 0.6)
    drawn.verdict(ws, queued[4], state="failed", cause="killed", error={"kind": "killed", "message": "m", "remedy": "r"})
    for spec in queued:
        Queue(ws.path).remove(spec.run)
    (said,) = page.run().toast
    assert said.value == "5 runs ended: 4 succeeded, 1 failed"
    assert "error" in said.icon
