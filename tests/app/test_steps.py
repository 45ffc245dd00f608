"""The bar of the selection without a browser: steps that are written, subsets that are reopened, flags, the address."""

import os

import pytest
from streamlit.testing.v1 import AppTest

import ftft
from ftft.domain import Selection, Step, mean_id
from tests.app.conftest import draw_workspace

ROWS = 120


def bar(ws):
    """What the Maps page does around the maps."""
    import streamlit as st

    from app import brush
    from app.panels.choice import Choice
    from app.panels.cleaning import note_editor
    from app.panels.members import selected
    from app.panels.saved import follow_address, write_address
    from app.panels.selection_bar import count, selection_bar
    from app.shown import shown
    from ftft.domain import mean_id

    runs = ws.runs.list()
    ids = [run.id for run in runs]
    choice = Choice(ws.data.get("reviews"), shown([*ids, mean_id(ids)], runs))
    follow_address(ws, choice)
    now = brush.history("reviews").now
    chosen = selected(ws, choice, now)
    selection_bar(ws, choice, chosen, count(choice, chosen))
    write_address(ws, choice)
    note_editor(ws, choice, "train-7")
    st.session_state.steps_now = [step.to_json() for step in now.steps]


@pytest.fixture
def drawn(tmp_path):
    return draw_workspace(tmp_path, rows=ROWS)


@pytest.fixture
def page(drawn):
    return AppTest.from_function(bar, kwargs={"ws": drawn.ws}, default_timeout=20).run()


FIELDS = ("text_input", "text_area", "selectbox", "multiselect", "number_input", "toggle", "pills", "segmented_control")


def add(page, kind, mode=None, **fields):
    """Fills in the form and applies it; `fields`: key -> value."""
    page.selectbox(key="step_kind").select(kind).run()
    for key, value in [*([("step_mode", mode)] if mode else []), *fields.items()]:
        fill(page, key, value)
    return apply(page)


def fill(page, key, value):
    (field,) = [field for kind in FIELDS for field in getattr(page, kind) if field.key == key]
    field.set_value(value).run()


def apply(page):
    page.button(key="step_apply").click().run()
    assert not page.exception, page.exception
    return page


def words(page) -> str:
    assert not page.exception, page.exception
    return "\n".join(element.proto.body for element in page.get("html"))


def address(page) -> str:
    value = page.query_params["selection"]
    return value if isinstance(value, str) else value[0]


def steps(page) -> list[dict]:
    return page.session_state["steps_now"]


def chosen(ws, page) -> set[str]:
    selection = Selection.from_json({"dataset": "reviews", "steps": steps(page)})
    return set(ws.data.ids("reviews")[ws.resolve(selection)])


def test_every_kind_of_step_can_be_written_and_shows_in_words(page, drawn):
    ws, run = drawn.ws, drawn.runs[0].id
    ws.notes.flag("reviews", ["train-3", "train-4"], "keep out")
    ws.select(run=run, by="variability", top=0.5, name="half")
    add(page, "label", step_labels_reviews=["positive"])
    assert chosen(ws, page) == {f"train-{n}" for n in range(1, ROWS, 2)}
    add(page, "flag", mode="add", step_flag="keep out")
    add(page, "text", mode="subtract", step_query="review 1", step_regex=True)
    add(page, "ids", mode="add", step_ids="train-10\ntrain-12\n")
    add(page, "column", mode="add", step_column_reviews="id", step_values_reviews_id=["train-14"])
    add(page, "top", mode="add", step_map=run, step_q=10.0, step_end="bottom", step_per_label=True)
    add(page, "subset", mode="intersect", step_subset="half")
    add(page, "invert")
    assert [step["by"] for step in steps(page)] == ["label", "flag", "text", "ids", "column", "top", "subset", "invert"]
    assert steps(page)[5] == {
        "op": "add", "by": "top", "run": run, "metric": "variability", "q": 0.1, "end": "bottom", "epochs": [1, 4], "per_label": True,
    }  # fmt: skip
    half = set(ws.subsets.get("half").ids)
    assert chosen(ws, page) >= set(ws.data.ids("reviews")) - half
    said = words(page).replace("\u202f", " ")
    for text in (
        "selected label positive",
        "took away texts that match review 1",
        "added 2 examples by id",
        "kept only subset half",
        ">inverted<",
    ):
        assert text in said


def test_a_mistake_is_shown_in_place_and_nothing_is_lost(page):
    add(page, "text", step_query="(a", step_regex=True)
    assert "missing )" in words(page)
    assert "Mend it" in words(page)
    assert page.text_input(key="step_query").value == "(a"
    assert steps(page) == []
    add(page, "text", step_query="no review says so", step_regex=False)
    assert "No example fits" in words(page)
    add(page, "label", step_labels_reviews=["positive"])
    assert "No example fits" not in words(page)
    add(page, "label", mode="add", step_labels_reviews=["positive"])
    assert "stay as it is" in words(page)
    assert len(steps(page)) == 1


def test_each_step_has_a_button_that_removes_it(page):
    add(page, "label", step_labels_reviews=["positive"])
    add(page, "ids", mode="add", step_ids="train-2")
    button = page.button(key="step_remove_0")
    assert button.label == "Remove step 1: selected label positive"
    button.click().run()
    assert [step["by"] for step in steps(page)] == ["ids"]
    page.button(key="step_remove_0").click().run()
    assert steps(page) == []
    assert "Draw a lasso" in words(page)


def test_a_step_on_a_mean_map_has_its_name(page, drawn):
    add(page, "top", step_map=mean_id([run.id for run in drawn.runs]))
    assert "by variability of mean of 2 runs" in words(page)


# ---- the address


def test_the_address_carries_the_selection_to_another_session(page, drawn):
    add(page, "label", step_labels_reviews=["positive"])
    hash = address(page)
    assert (drawn.ws.path / "selections" / f"{hash}.json").exists()
    other = AppTest.from_function(bar, kwargs={"ws": drawn.ws}, default_timeout=20)
    other.query_params["selection"] = hash
    assert steps(other.run()) == steps(page)
    page.button(key="step_remove_0").click().run()
    assert "selection" not in page.query_params
    assert steps(other.run()), "another session keeps its own"


def test_an_older_address_that_a_fast_reader_sends_along_is_not_obeyed(page):
    add(page, "label", step_labels_reviews=["positive"])
    older = address(page)
    add(page, "label", step_labels_reviews=["negative"])
    page.query_params["selection"] = older
    page.run()
    assert steps(page)[0]["labels"] == ["negative"]
    assert address(page) != older


@pytest.mark.parametrize("asked", ["0" * 64, "abc", "../../x"])
def test_an_unknown_address_is_answered_with_a_remedy_until_something_is_selected(page, asked):
    page.query_params["selection"] = asked
    page.run()
    assert "is not stored here" in words(page)
    assert "selection" not in page.query_params
    assert "is not stored here" in words(page.run())
    add(page, "label", step_labels_reviews=["positive"])
    page.run()
    assert "is not stored here" not in words(page)


def test_a_selection_of_another_dataset_or_on_a_run_that_is_gone_is_named(page, drawn):
    for selection, said in (
        (Selection("films", (Step("new", "invert"),)), "is of dataset"),
        (Selection("reviews", (Step("new", "top", {"run": "0" * 16, "metric": "variability", "q": 0.5}),)), "is not known"),
    ):
        page.query_params["selection"] = drawn.ws.selections.keep(selection)
        page.run()
        assert said in words(page)
        assert steps(page) == []


# ---- subsets


def test_a_subset_is_reopened_as_the_steps_that_made_it(page, drawn):
    drawn.ws.select({"dataset": "reviews", "steps": [{"op": "new", "by": "label", "labels": ["positive"]}]}, name="good")
    page.run()
    page.button(key="reopen").click().run()
    assert steps(page) == [{"op": "new", "by": "label", "labels": ["positive"]}]


def test_a_subset_whose_steps_give_other_examples_now_is_reopened_by_its_ids(page, drawn):
    drawn.ws.notes.flag("reviews", ["train-1"], "keep out")
    drawn.ws.select({"dataset": "reviews", "steps": [{"op": "new", "by": "flag", "flag": "keep out"}]}, name="out")
    drawn.ws.notes.flag("reviews", ["train-2"], "keep out")
    page.run()
    page.button(key="reopen").click().run()
    assert chosen(drawn.ws, page) == {"train-1"}
    assert any("frozen ids" in toast.value for toast in page.toast)


@pytest.mark.parametrize(("part", "expected"), [("here", range(4)), ("both", range(4, 8)), ("there", range(8, 12))])
def test_each_part_of_a_comparison_can_be_made_the_selection(page, drawn, part, expected):
    ids = [f"train-{n}" for n in range(4, 12)]
    drawn.ws.select({"dataset": "reviews", "steps": [{"op": "new", "by": "ids", "ids": ids}]}, name="mine")
    add(page, "ids", step_ids="\n".join(f"train-{n}" for n in range(8)))
    page.session_state["saved"] = True
    page.run()
    assert [page.button(key=f"compare_{key}").label for key in ("here", "both", "there")] == [
        "**4** only here", "**4** in both", "**4** only in mine",
    ]  # fmt: skip
    page.button(key=f"compare_{part}").click().run()
    assert chosen(drawn.ws, page) == {f"train-{n}" for n in expected}


# ---- flags


def open_flags(page: AppTest) -> None:
    """What is in the box is made when it opens."""
    page.session_state["flag_selected"] = True
    page.run()


def test_what_is_selected_is_flagged_and_left_out_in_four_clicks(page, drawn):
    add(page, "label", step_labels_reviews=["positive"])
    open_flags(page)
    page.button(key="flag_label wrong").click().run()
    assert drawn.ws.notes.flags("reviews")["label wrong"] == ROWS // 2
    assert page.button(key="flag_label wrong").disabled
    page.button(key="unflag_label wrong").click().run()
    assert drawn.ws.notes.flags("reviews")["label wrong"] == 0
    add(page, "ids", mode="intersect", step_ids="train-1\ntrain-3")
    page.button(key="flag_label wrong").click().run()
    page.button(key="derive").click().run()
    assert "--drop" in page.code[0].value
    page.button(key="confirm_derive").click().run()
    assert drawn.ws.data.get("reviews-clean").train.rows == ROWS - 2
    assert "reviews-clean is made, with 118 training examples" in words(page).replace("\u202f", " ")


def test_relabelling_without_suggestions_says_so_and_works_with_them(page, drawn):
    add(page, "ids", step_ids="train-1\ntrain-3")
    open_flags(page)
    page.button(key="flag_label wrong").click().run()
    page.button(key="derive").click().run()
    page.segmented_control(key="derive_how").set_value("relabel").run()
    assert "have no suggested label" in words(page)
    drawn.ws.notes.suggest("reviews", ["train-1", "train-3"], "negative")
    page.run()
    page.button(key="confirm_derive").click().run()
    labels = drawn.ws.data.rows("reviews-clean").set_index("id")["label"]
    assert (labels["train-1"], labels["train-3"]) == ("negative", "negative")


def test_flags_note_and_label_of_one_example_are_written_as_they_are_changed(page, drawn):
    another = ftft.Workspace(drawn.ws.path, runner=False)
    page.pills(key="note_flags_reviews_train-7").set_value(["keep out"]).run()
    page.text_input(key="note_text_reviews_train-7").set_value("ironic").run()
    page.selectbox(key="note_label_reviews_train-7").select("negative").run()
    assert another.notes.get("reviews", "train-7").to_json() == {
        "id": "train-7",
        "flags": ["keep out"],
        "text": "ironic",
        "label": "negative",
    }
    another.notes.write("reviews", "train-7", "by somebody else")
    page.run()
    assert page.text_input(key="note_text_reviews_train-7").value == "by somebody else"
    page.pills(key="note_flags_reviews_train-7").set_value([]).run()
    assert another.notes.get("reviews", "train-7").flags == ()


def test_in_a_read_only_app_nothing_can_be_written(drawn, monkeypatch):
    monkeypatch.setenv("FTFT_READ_ONLY", "1")
    page = AppTest.from_function(bar, kwargs={"ws": drawn.ws}, default_timeout=20).run()
    before = sorted(os.walk(drawn.ws.path))
    add(page, "label", step_labels_reviews=["positive"])
    open_flags(page)
    for key in ("save_subset", "fine_tune", "flag_label wrong", "derive"):
        assert page.button(key=key).disabled, key
    assert page.pills(key="note_flags_reviews_train-7").disabled
    assert page.text_input(key="note_text_reviews_train-7").disabled
    hash = address(page)
    assert drawn.ws.selections.get(hash).to_json()["steps"] == steps(page)
    assert sorted(os.walk(drawn.ws.path)) == before
