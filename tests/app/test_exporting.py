"""What is taken away is what was selected: files, figures, and the words that give the same subset without the app."""

import io
import json
import os
import shlex

import numpy as np
import pandas as pd
import pytest

from app import looks, reproduce
from app.panels import exporting
from app.panels.choice import Choice
from app.shown import shown
from ftft.domain import Selection, digest_of_ids, mean_id
from tests.app.conftest import draw_workspace
from tests.app.test_maps import Reader

ROWS = 120


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_workspace(tmp_path_factory.mktemp("exporting"), rows=ROWS)


def selection_of(drawn, *steps):
    """`RUN`, `OTHER` and `MEAN` stand for the runs and their mean."""
    a, b = (run.id for run in drawn.runs)
    text = json.dumps({"dataset": drawn.dataset, "steps": steps})
    return Selection.from_json(json.loads(text.replace("RUN", a).replace("OTHER", b).replace("MEAN", mean_id([a, b]))))


TOP = {"op": "new", "by": "top", "run": "RUN", "metric": "variability", "q": 0.33, "epochs": [2, 4]}
BY_LABEL = {"op": "new", "by": "top", "run": "MEAN", "metric": "loss", "q": 0.1, "end": "bottom", "per_label": True, "epochs": [1, 4]}
LASSO = {"type": "lasso", "points": [[0, 0.1], [0.4, 0.2], [0.17, 0.98]]}
REGION = {"op": "new", "by": "region", "run": "OTHER", "epochs": [1, 4], "shapes": [LASSO]}
TEXT = {"op": "subtract", "by": "text", "query": 'it\'s "good" 1\n', "regex": False}
LABEL = {"op": "intersect", "by": "label", "labels": ["positive"]}
IDS = {"op": "new", "by": "ids", "ids": [f"train-{n}" for n in range(0, ROWS, 2)]}
SELECTIONS = {
    "top": [TOP],
    "per label, on a mean": [BY_LABEL],
    "outlines": [REGION, TEXT, LABEL],
    "many ids": [IDS, {"op": "new", "by": "invert"}],
}


@pytest.fixture(params=SELECTIONS)
def selection(request, drawn, monkeypatch):
    if request.param == "many ids":
        monkeypatch.setattr(reproduce, "LONGEST", 500)
    return selection_of(drawn, *SELECTIONS[request.param])


# ---- without the app


def hash_of(ws, selection):
    return digest_of_ids(ws.data.ids(selection.dataset)[ws.resolve(selection)])


@pytest.fixture
def beside_the_file(tmp_path, monkeypatch, drawn, selection):
    """A folder into which the selection file was downloaded."""
    (tmp_path / reproduce.file_name(selection)).write_bytes(exporting.selection_file(selection)())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTFT_WORKSPACE", str(drawn.ws.path))


def test_the_command_makes_the_same_subset(drawn, selection, beside_the_file, capfd):
    from ftft.cli import main

    name = f"shell-{selection.hash[:8]}"
    words = shlex.split(reproduce.command(selection, name))
    assert words[:2] == ["ftft", "select"]
    with pytest.raises(SystemExit) as end:
        main([*words[1:], "--json"])
    out, _ = capfd.readouterr()
    assert (end.value.code, json.loads(out)["hash"]) == (0, hash_of(drawn.ws, selection))
    assert Selection.from_json(drawn.ws.subsets.get(name).selection) == selection, "and remembers how it was made"


def test_the_python_makes_the_same_subset(drawn, selection, beside_the_file):
    scope = {}
    exec(reproduce.python(selection, f"python-{selection.hash[:8]}"), scope)
    assert scope["subset"].hash == hash_of(drawn.ws, selection)


def test_one_step_by_a_metric_needs_no_file_and_everything_else_reads_it(drawn):
    run = drawn.runs[0].id
    top, region = selection_of(drawn, TOP), selection_of(drawn, REGION)
    assert reproduce.command(top, "s") == f"ftft select {run} --by variability --top 0.33 --epochs 2-4 --name s"
    assert reproduce.command(region, "s") == f"ftft select --selection selection-{region.hash[:8]}.json --name s"
    assert (reproduce.needs_file(top), reproduce.needs_file(region)) == (False, True)
    assert reproduce.needs_file(selection_of(drawn, {**TOP, "op": "intersect"})), "which holds nothing"


# ---- files


@pytest.fixture
def choice(drawn):
    ids = [run.id for run in drawn.runs]
    return Choice(drawn.ws.data.get(drawn.dataset), shown([*ids, mean_id(ids)], drawn.runs), epochs=(2, 4))


READ = {
    "csv": pd.read_csv,
    "jsonl": lambda file: pd.read_json(file, lines=True, precise_float=True),
    "parquet": pd.read_parquet,
}


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("place", [0, 2])
def test_rows_hold_what_is_selected_with_the_metrics_of_the_map_in_use(drawn, choice, kind, place):
    ws, run = drawn.ws, choice.runs[place]
    mask_N = ws.resolve(selection_of(drawn, TOP))
    found = READ[kind](io.BytesIO(exporting.rows(ws, choice, mask_N, run, kind)()))
    assert found["id"].tolist() == ws.data.ids(drawn.dataset)[mask_N].tolist()
    assert found["text"].tolist() == ws.data.rows(drawn.dataset)["text"][mask_N].tolist()
    expected = ws.map(run.id, (2, 4)).frame().set_index("id").loc[found["id"]]
    for metric in ("confidence", "variability", "loss", "correctness"):
        np.testing.assert_allclose(found[metric], expected[metric], rtol=1e-12)


def test_ids_are_listed_one_a_line(drawn, choice):
    mask_N = drawn.ws.resolve(selection_of(drawn, TOP))
    text = exporting.rows(drawn.ws, choice, mask_N, choice.runs[0], "txt")().decode()
    assert text.splitlines() == drawn.ws.data.ids(drawn.dataset)[mask_N].tolist()


def test_a_column_that_is_called_like_a_metric_keeps_its_name(ws, tmp_path):
    from tests.synthetic import add_run

    lines = [f"t{n},a {n},{'xy'[n % 2]},{n}" for n in range(40)]
    (tmp_path / "train.csv").write_text("\n".join(["id,text,label,loss", *lines]))
    ws.data.add("own", train=tmp_path / "train.csv", text=["text"], label="label")
    run = add_run(ws, "own", verdict={})
    found = pd.read_csv(io.BytesIO(ws.rows_bytes("own", np.ones(40, dtype=bool), kind="csv", run=run.id)))
    assert found["loss"].tolist() == list(range(40))
    np.testing.assert_allclose(found[f"{run.id} loss"], ws.map(run.id).frame().set_index("id").loc[found["id"], "loss"])


@pytest.mark.parametrize("colour", ["correctness", "label", "spread of confidence", looks.TOP_SHARE])
def test_a_figure_has_the_maps_epochs_and_colours_of_the_page_and_the_selection(drawn, choice, colour):
    choice = Choice(choice.dataset, choice.runs, "aum", "confidence", colour, choice.epochs)
    svg = exporting.figure(drawn.ws, choice, choice.runs, selection_of(drawn, TOP), "svg", width="page")().decode()
    assert svg.count("epochs 2–4") == svg.count("40 of 120 selected") == 3
    assert {"correctness": "always right", "label": "positive"}.get(colour, colour) in svg
    assert "aum" in svg


# ---- in the page


def bar(ws, selection):
    """The menu, open."""
    import streamlit as st

    from app import brush
    from app.panels.choice import Choice
    from app.panels.exporting import export_menu
    from app.panels.members import selected
    from app.shown import shown

    st.session_state.setdefault("export", True)
    runs = ws.runs.list()
    choice = Choice(ws.data.get(selection.dataset), shown([run.id for run in runs], runs))
    if selection.steps and not brush.history(selection.dataset).now.steps:
        brush.replay(selection)
    export_menu(ws, choice, selected(ws, choice, selection))


@pytest.mark.parametrize("steps", [[], [TOP]])
def test_nothing_is_worked_out_before_it_is_asked_for(drawn, monkeypatch, steps):
    from streamlit.testing.v1 import AppTest

    def never(*_, **__):
        raise AssertionError("nobody asked")

    for name in ("figure_bytes", "rows_bytes"):
        monkeypatch.setattr(drawn.ws, name, never)
    page = AppTest.from_function(bar, kwargs={"ws": drawn.ws, "selection": selection_of(drawn, *steps)}, default_timeout=20).run()
    assert not page.exception
    offered = [button.proto.label for button in page.get("download_button")]
    assert offered == [*(["Steps", "Ids", "CSV", "JSON Lines", "Parquet"] if steps else []), "PDF", "SVG", "PNG"]
    assert len(page.code) == (2 if steps else 0)


def test_a_reader_downloads_what_is_selected_and_the_figure_of_it(page, app_url, drawn_workspace):
    reader = Reader(page).open(app_url)
    reader.press("ambiguous")
    told = reader.selected()
    page.locator(".st-key-export button").first.click()
    reader.settle()

    def download(kind):
        with page.expect_download() as got:
            page.locator(f".st-key-export_{kind} button").first.click()
        with open(got.value.path(), "rb") as file:
            content = file.read()
        page.wait_for_timeout(300)
        return content

    ids = download("txt").decode().splitlines()
    assert (str(len(ids)), digest_of_ids(ids)) == (told["n"], told["hash"])
    selection = Selection.from_json(json.loads(download("json")))
    assert hash_of(drawn_workspace.ws, selection) == told["hash"]
    assert download("png").startswith(b"\x89PNG")
    words = shlex.split(page.locator(".st-key-export_words code").first.inner_text().replace(os.linesep, " "))
    assert words == shlex.split(reproduce.command(selection, words[-1]))
