"""The clock of the machine may be set back while a run trains."""

from itertools import count
from types import SimpleNamespace

from ftft.train import run_folder


def test_a_clock_that_is_set_back_changes_neither_numbers_nor_costs(make_run, monkeypatch):
    folder, usual = make_run(), make_run(again=1)
    an_hour = count(2e9, -3600.0)
    with monkeypatch.context() as patch:
        patch.setattr("ftft.train.progress.time", SimpleNamespace(time=lambda: next(an_hour)))
        verdict = run_folder(folder)
    times = [line["time"] for line in folder.progress()]
    assert times == sorted(times, reverse=True)
    assert verdict["scores"] == run_folder(usual)["scores"]
    assert 0 < verdict["cost"]["seconds"] < 600
    assert verdict["cost"]["examples_per_second"] > 0
