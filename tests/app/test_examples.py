"""The table of examples and one example in full, driven as a reader would."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import ftft
from ftft.domain import Selection, Step, mean_id
from ftft.dynamics import Epoch
from ftft.runfolder import RunFolder
from tests.synthetic import add_run

ROWS = 130  # more than a page


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Pairs of texts, one of them very long; runs on all, one on the first half over one epoch, an import of metrics, and a mean."""
    folder = tmp_path_factory.mktemp("shelf")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    dice = np.random.default_rng(2)
    texts = [f"premise {n} {'<b>bold</b>' if n % 3 else 'plain'}" for n in range(ROWS)]
    texts[7] = "premise 7 " + "word " * 2000
    frame = pd.DataFrame(
        {
            "id": [f"e{n:03d}" for n in range(ROWS)],
            "premise": texts,
            "hypothesis": [None if n == 9 else f"[so](it) *is* {n % 10}" for n in range(ROWS)],
            "label": [("yes", "no", "<i>")[n % 3] for n in range(ROWS)],
            "loss": [f"lot {n % 4}" for n in range(ROWS)],
        }
    )
    frame.to_parquet(folder / "t.parquet")
    ws.data.add("shelf", train=folder / "t.parquet", text=["premise", "hypothesis"], label="label", id="id")
    ids_N, gold_N, runs = ws.data.ids("shelf"), ws.data.gold("shelf"), []
    for seed, (n, epochs) in enumerate([(ROWS, 4), (ROWS, 4), (ROWS // 2, 1), (ROWS, 3)], 1):
        run = add_run(ws, "shelf", seed, epochs=0, model=f"/nowhere/tiny-{seed}").id
        for number in range(1, epochs + 1):
            logits_NC = dice.normal(0, 2, (n, 3)).astype(np.float32)
            epoch = Epoch(number, ids_N[:n], gold_N[:n], logits_NC, np.ones(n, int), "online", f"{run}-{number}")
            RunFolder(ws.path / "runs" / run).publish_epoch(epoch)
        RunFolder(ws.path / "runs" / run).publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": 1})
        runs.append(run)
    rows = [{"guid": i, "confidence": 0.001 * n, "variability": 0.1} for n, i in enumerate(ids_N)]
    pd.DataFrame(rows).to_json(folder / "td_metrics.jsonl", orient="records", lines=True)
    ws.import_run(folder / "td_metrics.jsonl", name="alone", dataset="shelf")
    ws.notes.flag("shelf", ["e004"], "keep out")
    ws.notes.write("shelf", "e004", "a note")
    ws.notes.suggest("shelf", ["e004"], "yes")
    return SimpleNamespace(ws=ws, a=runs[0], b=runs[1], half=runs[2], c=runs[3], mean=mean_id(runs[:2]))


def panels(ws, ids, selection=None):
    """What the Maps page does with the two panels."""
    from app import brush
    from app.panels.choice import Choice
    from app.panels.detail import detail
    from app.panels.examples import examples
    from app.shown import shown

    dataset = ws.data.get("shelf")
    choice = Choice(dataset, shown(ids, ws.runs.list()))
    if selection and not brush.history("shelf").past:
        brush.replay(selection)
    now = brush.history("shelf").now
    examples(ws, choice, ws.resolve(now) if now.steps else None)
    detail(ws, choice)


@pytest.fixture
def opened(shelf):
    def open_panels(*runs: str, selection=None, **state) -> AppTest:
        page = AppTest.from_function(
            panels, kwargs={"ws": shelf.ws, "ids": list(runs) or [shelf.a], "selection": selection}, default_timeout=20
        )
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    return open_panels


def table(page: AppTest) -> pd.DataFrame:
    assert not page.exception, page.exception
    return page.dataframe[0].value


def words(page: AppTest) -> str:
    assert not page.exception, page.exception
    return "\n".join(e.proto.body for e in page.get("html"))


def ordered(shelf, run, metric, n=100):
    frame = shelf.ws.map(run).frame()
    return frame.sort_values(metric, ascending=False, kind="stable")["id"].head(n).tolist()


# ---- the table


def test_the_table_is_sorted_by_any_metric_of_the_active_map(shelf, opened):
    page = opened(shelf.b, shelf.a)
    assert table(page)["id"].tolist() == ordered(shelf, shelf.b, "variability")
    assert table(page.selectbox(key="sort").select("loss").run())["id"].tolist() == ordered(shelf, shelf.b, "loss")
    page.button(key="falling").click().run()
    assert table(page)["id"].tolist() == shelf.ws.map(shelf.b).frame().sort_values("loss", kind="stable")["id"].head(100).tolist()
    page.selectbox(key="sort").select("column:loss").run()
    assert table(page)["id"].tolist()[:3] == ["e000", "e004", "e008"], "by the column of the data that is called like a metric"
    assert table(opened(shelf.mean))["id"].tolist() == ordered(shelf, shelf.mean, "variability")
    assert "curve" not in table(opened("alone"))


def test_pages_follow_and_a_narrower_search_goes_back_to_the_first(shelf, opened):
    page = opened()
    first = table(page)["id"].tolist()
    page.session_state["table_page"] = 2
    second = table(page.run())["id"].tolist()
    assert first + second == ordered(shelf, shelf.a, "variability", ROWS)
    assert "101–130 of 130" in words(page)
    page.text_input(key="search").input("plain").run()
    assert len(table(page)) == 44
    assert "1–44 of 44" in words(page)


def test_a_search_by_an_expression_says_what_is_wrong_where_it_is_asked(opened):
    page = opened()
    page.text_input(key="search").input("premise [12] ").run()
    assert "No example matches" in words(page)
    page.toggle(key="search_regex").set_value(True).run()
    assert sorted(table(page)["id"]) == ["e001", "e002"]
    page.text_input(key="search").input("premise [1").run()
    assert "missing ]" in words(page)
    assert "Mend it" in words(page)
    assert len(page.dataframe) == 0
    page.session_state["focus"] = "e003"
    assert "premise 3" in words(page.run()), "an example stays open meanwhile"
    assert sorted(table(page.text_input(key="search").input("^premise 3 ").run())["id"]) == ["e003"]


def test_what_the_table_was_narrowed_down_to_becomes_the_selection(shelf, opened):
    page = opened()
    assert not [b for b in page.button if b.key == "select_these"]
    page.text_input(key="search").input("BOLD").run()
    page.get("button_group")
    page.session_state["labels_shelf"] = ["no"]
    page.run()
    shown = set(table(page)["id"])
    assert "Select these 42" in page.button(key="select_these").label
    page.button(key="select_these").click().run()
    now = page.session_state["histories"]["shelf"].now
    assert set(shelf.ws.data.ids("shelf")[shelf.ws.resolve(now)]) == shown
    assert [step.by for step in now.steps] == ["text", "label"]
    assert not [b for b in page.button if b.key == "select_these"], "all that is selected is shown"

    page = opened(selection=Selection("shelf", (Step("new", "label", {"labels": ["yes"]}),)))
    page.text_input(key="search").input("premise 3").run()
    shown = set(table(page)["id"])
    page.button(key="select_these").click().run()
    now = page.session_state["histories"]["shelf"].now
    assert set(shelf.ws.data.ids("shelf")[shelf.ws.resolve(now)]) == shown == {"e003", "e030", "e033", "e036", "e039"}


def test_columns_are_chosen_and_stay_chosen_where_a_run_lacks_one(shelf, opened):
    page = opened(shelf.a, search="premise 4 ")
    assert table(page).columns.tolist() == ["id", "label", "text", "confidence", "variability", "correctness", "curve"]
    wanted = ["aum", "column:loss", "flags", "note"]
    page.multiselect(key="columns_chosen").set_value(wanted).run()
    row = table(page).iloc[0]
    assert (row["column:loss"], row["flags"], row["note"]) == ("lot 0", "keep out", "→ yes · a note")
    frame = shelf.ws.map(shelf.a).frame().set_index("id")
    assert row["aum"] == pytest.approx(frame.loc["e004", "aum"])
    lacking = opened("alone", columns_wanted=[*wanted, "confidence"])
    assert table(lacking).columns.tolist() == ["id", "label", "text", "column:loss", "flags", "note", "confidence"]
    lacking.multiselect(key="columns_chosen").set_value(["note"]).run()
    assert lacking.session_state["columns_wanted"] == ["note", "aum"], "for the next run that has it"


def test_a_page_can_be_longer_and_long_texts_are_cut_in_the_table(opened):
    page = opened(sort="id", sort_falling=False)
    assert len(table(page)["text"][7]) < 310
    page.session_state["page_rows"] = 50
    assert len(table(page.run())) == 50


# ---- one example


def test_an_example_is_shown_in_full_and_escaped(opened):
    page = opened(focus="e007")
    assert words(page).count("word ") >= 2000
    said = words(opened(focus="e004"))
    assert "premise 4 &lt;b&gt;bold&lt;/b&gt;" in said
    assert "[so](it) *is* 4" in said
    assert "<small>premise</small>" in said
    assert "<small>hypothesis</small>" in said
    assert "gold: no" in said
    assert "&lt;i&gt;" in words(opened(focus="e005")), "a label is escaped, too"
    assert "premise 9" in words(opened(focus="e009")), "with a text that is missing"


def test_predictions_are_coloured_by_label_and_say_which_epoch(shelf, opened):
    said = words(opened(shelf.a, shelf.mean, "alone", focus="e004"))
    one = shelf.ws.trajectories([shelf.a], "e004")[shelf.a]
    labels = shelf.ws.data.get("shelf").labels
    cells = re.findall(r"<i class='(right|wrong)' title='Epoch (\d): (.*?), p = ([\d.]+)", said)
    assert len(cells) == 8, "of the run and of the mean; an import of metrics has none"
    for (kind, epoch, label, p), e, place, p_C in zip(cells, one["epochs"], one["predicted_E"], one["p_EC"], strict=False):
        assert (kind == "right", int(epoch), label.replace("&lt;i&gt;", "<i>")) == (labels[place] == "no", e, labels[place])
        assert float(p) == pytest.approx(p_C[place], abs=0.006)


def test_every_kind_of_run_stands_beside_the_others(shelf, opened):
    every = (shelf.a, shelf.b, shelf.half, shelf.c, "alone", shelf.mean)
    said = words(opened(*every, focus="e100"))
    assert said.count("not among its examples") == 1
    assert said.count("<tr><td><i class='dot'") == 4 + 6, "predictions of four runs, a row of metrics for each of six"
    assert "of 4 <small>" in said
    assert "not among its examples" in words(opened(shelf.half, focus="e100"))
    assert "predicted" not in words(opened("alone", focus="e100"))
    assert words(opened(shelf.half, focus="e001")).count("title='Epoch 1") == 1


def test_metrics_come_with_their_percentiles(shelf, opened):
    said = words(opened(focus="e004", example_tabs="All metrics"))
    for name, (_, percent) in shelf.ws.percentiles(shelf.a, "e004", (1, 4)).items():
        (shown,) = re.findall(rf"<tr><td>{name.replace('_', ' ')}</td>.*?<td>(\d+)\u202f%</td>", said)
        assert int(shown) == round(percent)


def test_next_and_previous_follow_the_table(shelf, opened):
    order = ordered(shelf, shelf.a, "variability", ROWS)
    page = opened(focus=order[0])
    assert page.button(key="previous_example").disabled
    assert "row 1 of the table" in words(page)
    page.button(key="next_example").click().run()
    assert page.session_state["focus"] == order[1]
    page.text_input(key="search").input("plain").run()
    plain = [i for i in order if int(i[1:]) % 3 == 0 and i != "e007"]
    page.session_state["focus"] = plain[-1]
    page.run()
    assert page.button(key="next_example").disabled
    page.button(key="previous_example").click().run()
    assert page.session_state["focus"] == plain[-2]


def test_neighbours_and_similar_texts_are_listed(shelf, opened):
    page = opened(focus="e010")
    near = [i for i, _ in shelf.ws.neighbours(shelf.a, "e010", (1, 4))]
    texts = dict(zip(shelf.ws.data.ids("shelf"), shelf.ws.data.texts("shelf"), strict=True))
    assert page.dataframe[1].value["text"].tolist() == [texts[i] for i in near]
    page = opened(focus="e010", example_tabs="Similar texts")
    found = shelf.ws.similar("shelf", "e010")
    assert page.dataframe[1].value["text"].tolist() == [texts[i] for i, _ in found]
    assert page.dataframe[1].value["alike"].tolist() == [s for _, s in found]
    assert "lot 2" in words(opened(focus="e010", example_tabs="Other columns"))


@pytest.mark.parametrize("focus", [None, "nobody", "e2", ""])
def test_without_an_example_the_page_says_how_to_choose_one(opened, focus):
    assert "Click a row of the table" in words(opened(focus=focus))
