import logging

import pytest

from ftft import figures
from ftft.errors import InputError
from tests.synthetic import add_dataset, add_run

HEAD = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def run(ws, tmp_path):
    return add_run(ws, add_dataset(ws, tmp_path), verdict={})


@pytest.mark.parametrize("kind", figures.KINDS)
def test_a_map_becomes_a_figure_of_each_kind_without_a_word_of_complaint(ws, run, tmp_path, kind, caplog):
    with caplog.at_level(logging.WARNING, "matplotlib"):
        figures.save(ws.map(run.id).plot(), tmp_path / f"map{kind}")
    assert (tmp_path / f"map{kind}").read_bytes().startswith(HEAD[kind])
    assert caplog.records == []


@pytest.mark.parametrize(("epochs", "said"), [(None, "epochs 1–3"), ((2, 3), "epochs 2–3"), ((2, 2), "epoch 2 ")])
def test_a_figure_says_how_its_numbers_came_about(ws, run, tmp_path, epochs, said):
    figures.save(ws.map(run.id, epochs).plot(), tmp_path / "map.svg")
    svg = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert said in svg
    assert "captured online" in svg
    assert "n = 60" in svg


def test_every_point_lies_where_its_metrics_say_in_the_colour_of_its_correctness(ws, run):
    found = ws.map(run.id)
    points = found.plot().axes[0].collections[0]
    drawn = {(x, y, c) for (x, y), c in zip(points.get_offsets().tolist(), points.get_array().tolist(), strict=True)}
    frame = found.frame()
    assert drawn == set(zip(frame["variability"], frame["confidence"], frame["correctness"] / 3, strict=True))


def test_another_kind_of_figure_is_refused(ws, run, tmp_path):
    with pytest.raises(InputError, match=r"\.pdf, \.png, \.svg"):
        figures.save(ws.map(run.id).plot(), tmp_path / "map.gif")
