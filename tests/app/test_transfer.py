"""Transfer: what the page says of pairs of runs, in every state of a workspace, and that one click takes disagreements to the maps."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

import app
from app import transfermodel
from app.shown import shown
from ftft.domain import mean_id
from ftft.jobs import Queue
from tests.app.conftest import Drawn, draw_workspace
from tests.synthetic import add_dataset, add_run

VIEW = Path(app.__file__).parent / "views" / "transfer.py"


@pytest.fixture
def opened(ws, monkeypatch):
    """Opens the page on the workspace of the test; no runner is started, and moving to another page is only noted."""
    monkeypatch.setattr("app.backend.workspace", lambda: ws)
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)
    moved: list[str] = []
    monkeypatch.setattr("streamlit.switch_page", lambda page, **to: moved.append(page))

    def open_page(*runs: str, **state) -> AppTest:
        page = AppTest.from_file(VIEW, default_timeout=20)
        if runs:
            page.query_params["dataset"], page.query_params["runs"] = "reviews", ",".join(runs)
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    open_page.moved_to = moved
    return open_page


@pytest.fixture
def dataset(ws, tmp_path) -> str:
    return add_dataset(ws, tmp_path)


@pytest.fixture
def runs(ws, dataset) -> list[str]:
    """Two seeds of a small model, a large one that cost more."""
    made = [("small", 1, 1e9), ("small", 2, 1e9), ("large", 3, 1e12)]
    return [add_run(ws, dataset, seed, verdict={"cost": {"train_flops": f}}, model=f"/nowhere/{m}").id for m, seed, f in made]


def words(page: AppTest) -> str:
    assert not page.exception, page.exception
    return "\n".join([*(element.proto.body for element in page.get("html")), *(element.value for element in page.caption)])


def verdict(page: AppTest) -> str:
    """The word that decides."""
    return words(page).split("data-kind='")[1].split("'")[0]


# ---- states


def test_without_a_dataset_the_page_says_how_to_get_one(opened):
    assert "No dataset yet" in words(opened())


def test_without_a_run_the_page_says_how_to_start_one(opened, dataset):
    assert "No reference run on reviews yet" in words(opened())


def test_one_run_alone_is_compared_with_nothing(ws, opened, dataset):
    run = add_run(ws, dataset, verdict={})
    said = words(opened())
    assert "Only tiny · seed 1 has a map" in said
    assert f"ftft train reviews --model {run.spec.model} --seed 2" in said


def test_one_of_several_runs_chosen_asks_for_a_second(opened, runs):
    assert "Choose a second one above" in words(opened(runs[0]))


def test_a_run_that_is_gone_is_named_and_the_rest_compared(opened, runs):
    page = opened("feedfacefeedface", runs[0], runs[2])
    assert "Run feedfacefeedface is not among the runs" in words(page)
    assert verdict(page)


def test_a_failed_run_is_compared_on_what_it_recorded(ws, opened, dataset, runs):
    error = {"kind": "out_of_memory", "message": "no memory left", "remedy": "Halve the batch size"}
    failed = add_run(
        ws, dataset, 9, epochs=2, model="/nowhere/other", verdict={"state": "failed", "cause": "out_of_memory", "error": error}
    )
    said = words(opened(failed.id, runs[2]))
    assert "failed after 2 epochs" in said
    assert "Epochs differ: other · seed 9, epochs 1–2; large · seed 3, epochs 1–3." in said


def test_a_running_run_with_one_epoch_is_not_judged(ws, opened, dataset, runs):
    running = add_run(ws, dataset, 9, epochs=1, model="/nowhere/other")
    page = opened(running.id, runs[2])
    assert verdict(page) == "undecided"
    assert "Variability needs two epochs, and other · seed 9 shows one." in words(page)


def test_imported_metrics_are_compared_and_their_order_is_not_known(ws, opened, dataset, runs, tmp_path):
    rows = "".join(f"{i},{n / 59:.4f},{(n * 7 % 60) / 120:.4f}\n" for n, i in enumerate(ws.data.ids(dataset)))
    (tmp_path / "theirs.csv").write_text(f"guid,confidence,variability\n{rows}")
    ws.import_run(tmp_path / "theirs.csv", name="theirs", dataset=dataset, format="table")
    said = words(opened("theirs", runs[2]))
    assert "share a data order is not known: one was imported" in said
    assert "run theirs was imported" in said.lower(), "it cannot be trained again"


def test_an_import_without_the_axes_is_no_choice(ws, opened, dataset, tmp_path):
    add_run(ws, dataset, verdict={})
    rows = "".join(f"{i},{n}\n" for n, i in enumerate(ws.data.ids(dataset)))
    (tmp_path / "aum_values.csv").write_text(f"sample_id,aum\n{rows}")
    ws.import_run(tmp_path / "aum_values.csv", name="theirs", dataset=dataset)
    assert "theirs was imported without confidence or variability" in words(opened())


# ---- what it says


def test_the_dearest_run_is_the_main_model_and_another_model_its_reference(opened, runs):
    page = opened()
    assert page.selectbox(key="transfer_target").value == runs[2]
    assert page.selectbox(key="transfer_reference").value in runs[:2]


def test_the_verdict_names_the_numbers_that_decide_it_and_the_rule(ws, opened, runs):
    (pair,) = ws.transfer(runs[0], runs[2])
    page = opened(runs[0], runs[2])
    o = pair["overlap"]
    assert verdict(page) == pair["verdict"]
    said = words(page)
    for number in (o["value"], o["low"], o["high"], o["chance_within_labels"], o["ceiling"]):
        assert f"{number:.2f}" in said
    assert "no thresholds are published" in said


def test_one_model_under_two_seeds_is_called_so(ws, opened, runs, monkeypatch):
    monkeypatch.setattr("ftft.agreement.verdict", lambda top, order, ceilings, itself: "itself" if itself else "other")
    assert "one model under two seeds" in words(opened(runs[0], runs[1]))


def test_maps_that_share_a_run_are_marked(opened, runs):
    page = opened(mean_id(runs[:2]), runs[0])
    assert verdict(page) == "same_order"
    assert "they share a run" in words(page)
    assert "* same data order" in words(page)


def test_the_matrix_has_both_halves_and_each_model_with_itself(ws, opened, runs):
    every = shown(runs, ws.runs.list())
    question = transfermodel.Question(every[0], every[2], every, 0.33, {})
    pairs, checks = ws.transfer(*question.ids), ws.evidence(*question.ids, target=runs[2])
    cells = transfermodel.matrix(question, pairs, checks, transfermodel.MEASURES["ρ confidence"])
    value = {(cell.row, cell.column): cell.value for cell in cells}
    assert len(value) == 9
    assert all(value[a, b] == value[b, a] for a, b in value)
    place = {run: k for k, run in enumerate(question.ids)}
    assert value[place[runs[0]], place[runs[0]]] == value[place[runs[0]], place[runs[1]]], "the ceiling is the other seed"
    assert value[place[runs[2]], place[runs[2]]] is None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("at_ceiling", "as well as the model agrees with itself"),
        ("at_ceiling", "is the luck of one run"),
        ("below_ceiling", "50\u202f% of the way from label shares to the ceiling"),
        ("too_few_examples", "The interval holds both"),
        ("no_better_than_labels", "Two random sets with the same label counts would agree as well"),
        ("no_ceiling", "Neither model was trained with a second seed and data order"),
        ("same_order", "Both saw the examples in the same order"),
        ("undecided", "Variability needs two epochs, and large · seed 3 shows one"),
    ],
)
def test_each_verdict_says_what_it_rests_on(ws, runs, word, said):
    every = shown(runs, ws.runs.list())
    question = transfermodel.Question(every[0], every[2], every, 0.33, {runs[0]: (1, 3), runs[2]: (1, 1)})
    overlap = {"value": 0.5, "low": 0.45, "high": 0.55, "chance": 0.33, "chance_within_labels": 0.4, "ceiling": 0.6, "tied": 0.0}
    verdict = transfermodel.verdict(question, {"verdict": word, "overlap": overlap, "ceiling_pairs": 2})
    assert said in f"{verdict.title} {verdict.why}"
    if word != "undecided":
        assert "0.50 (95\u202f% interval 0.45–0.55). Label shares alone give 0.40" in verdict.why


def test_a_mean_has_no_second_seed_to_train(ws, opened, runs):
    page = opened(mean_id(runs[:2]), runs[2])
    assert not [button for button in page.button if button.key == "train_ceiling"]
    assert "mean of 2 runs" in words(page)


@pytest.mark.parametrize("measure", list(transfermodel.MEASURES))
def test_every_measure_of_a_pair_can_be_shown(opened, runs, measure):
    words(opened(transfer_pairs=measure))


def test_names_from_data_are_text(ws, opened, tmp_path):
    add_dataset(ws, tmp_path)
    for seed in (1, 2):
        add_run(ws, "reviews", seed, verdict={}, model=f"/nowhere/<b>bold-{seed}")
    said = words(opened())
    assert "<b>bold" not in said
    assert "&lt;b&gt;bold-1" in said


# ---- what it does


def test_a_missing_ceiling_is_trained_with_one_click(ws, opened, runs, dataset, monkeypatch):
    asked = []
    monkeypatch.setattr(type(ws), "train", lambda self, dataset, **words: asked.append((dataset, words)))
    alone = add_run(ws, dataset, 9, verdict={}, model="/nowhere/alone").id
    page = opened(alone, runs[2], transfer_reference=alone, transfer_target=runs[2])
    assert "ftft train reviews --model /nowhere/alone --seed 1" in words(page)
    page.button(key="train_ceiling").click().run()
    assert [(name, spoken["seeds"], spoken["model"], spoken["detach"]) for name, spoken in asked] == [
        ("reviews", (1,), "/nowhere/alone", True)
    ]
    Queue(ws.path).submit(add_run(ws, dataset, 1, epochs=0, model="/nowhere/alone").id)
    said = words(page.run())
    assert "The ceiling is coming: seed 1" in said
    assert not [button for button in page.button if button.key == "train_ceiling"]


def test_who_may_only_read_trains_nothing(ws, opened, runs, dataset, monkeypatch):
    monkeypatch.setenv("FTFT_READ_ONLY", "1")
    alone = add_run(ws, dataset, 9, verdict={}, model="/nowhere/alone").id
    assert opened(alone, runs[2], transfer_reference=alone, transfer_target=runs[2]).button(key="train_ceiling").disabled


def test_one_click_selects_the_disagreements(ws, opened, runs):
    page = opened(runs[0], runs[2], transfer_limit=20)
    page.button(key="select_disagreements").click().run()
    (step,) = page.session_state["histories"]["reviews"].now.steps
    assert step["ids"] == ws.disagreements(runs[0], runs[2], limit=20)["id"].tolist()
    assert opened.moved_to == ["views/maps.py"]


# ---- in a browser


def test_the_disagreements_are_the_selection_on_the_maps(tmp_path, serve, page):
    drawn: Drawn = draw_workspace(tmp_path, rows=200, runs=2)
    page.goto(serve(drawn.ws.path).replace("/?", "/transfer?"))
    for key in ("transfer_reference", "transfer_target", "transfer_q", "transfer_pairs", "select_disagreements", "train_ceiling"):
        page.locator(f".st-key-{key}").wait_for()
    page.locator(".st-key-pairs .js-plotly-plot").wait_for()
    page.locator(".st-key-select_disagreements button").click()
    page.locator("[data-testid=selection][data-n='100'][data-of='200']").wait_for()
    expect(page.locator(".st-key-map_grid [data-run]")).to_have_count(2)
