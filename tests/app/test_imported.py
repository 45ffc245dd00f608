"""Imported runs on every page: what they have is shown, what they lack is neither shown nor made up."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import app
from tests.synthetic import add_dataset, add_run

VIEWS = Path(app.__file__).parent / "views"


def lines(folder, name, rows):
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def imported(ws, tmp_path):
    """A run of this workspace beside one with metrics alone."""
    add_run(ws, add_dataset(ws, tmp_path), verdict={})
    ids = ws.data.ids("reviews").tolist()
    rows = [{"guid": i, "confidence": n / 59, "variability": 0.1, "correctness": n % 6} for n, i in enumerate(ids)]
    return ws.import_run(lines(tmp_path, "td.jsonl", rows), name="theirs", dataset="reviews").run


@pytest.fixture
def opened(ws, monkeypatch):
    monkeypatch.setattr("app.backend.workspace", lambda: ws)

    def open_view(view: str, **state) -> AppTest:
        page = AppTest.from_file(VIEWS / f"{view}.py", default_timeout=20)
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    return open_view


def words(page: AppTest) -> str:
    assert not page.exception, page.exception
    return "\n".join([*(e.proto.body for e in page.get("html")), *(e.value for e in page.markdown)])


@pytest.mark.parametrize("view", ["maps", "data", "launch", "runs", "results"])
def test_every_page_shows_a_workspace_with_an_import(view, opened, imported):
    words(opened(view))


def test_a_map_of_metrics_alone_stands_beside_one_of_dynamics(opened, imported):
    page = opened("maps", focus="train-7", epochs_reviews=(2, 3))
    said = words(page)
    assert "3 of 5" not in said
    assert "1 of 5" in said, "correctness of train-7, of the five epochs that the values tell of"
    colours = page.selectbox(key="colour").options
    assert not [c for c in colours if "aum" in c], "only what all maps have"


def test_a_run_that_cannot_be_drawn_says_what_it_can_be_used_for(ws, opened, tmp_path):
    (tmp_path / "aum_values.csv").write_text("sample_id,aum\na,1.5\nb,-0.5\n")
    ws.import_run(tmp_path / "aum_values.csv", name="margins", new_dataset="new")
    assert "--by aum" in words(opened("maps"))
    assert "metrics alone: aum" in words(opened("runs"))


def test_nothing_is_launched_on_a_dataset_without_texts(ws, opened, tmp_path):
    rows = [{"guid": n, "confidence": 0.5, "variability": 0.1} for n in range(4)]
    ws.import_run(lines(tmp_path, "td.jsonl", rows), name="theirs", new_dataset="new")
    page = opened("launch")
    assert "Nothing can be trained" in words(page)
    assert not [b for b in page.button if b.key == "start_runs"]
