"""Reports: one file, nothing from elsewhere, nothing of the data taken for markup."""

import html
import re

import pytest

from ftft.errors import InputError
from ftft.workspace import report
from ftft.workspace.report.pictures import figure
from tests.experimenting import HOW, add_task, finish
from tests.synthetic import add_run


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    import ftft

    folder = tmp_path_factory.mktemp("report")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    add_task(ws, folder)
    plan = ws.experiment.plan_ftft("task", **HOW)
    by_run = {member.run: member.method for member in plan.experiment.members}
    finish(ws, plan, lambda spec, evaluation: 0.9 if by_run.get(spec.run) == "ftft" else 0.6)
    return ws.results(plan.experiment.id)


def test_it_needs_nothing_else_and_knows_light_and_dark(results):
    content = report.page(results)
    assert not re.findall(r"(?:src|href)=['\"](?!data:|#)", content)
    assert "http" not in re.sub(r"xmlns(:\w+)?=\"http[^\"]*\"", "", content)
    assert "prefers-color-scheme:dark" in content
    inks = set(re.findall(r"var\((--c-[\w-]+)\)", content))
    assert inks <= {f"{name}" for name in re.findall(r"(--c-[\w-]+):", content)}, "an ink without a colour"


def test_it_holds_every_part(results):
    titles = re.findall(r"<h2>([^<]+)", report.page(results))
    assert titles == [
        "What can be said", "Methods", "Differences", "Steps and cost", "References", "Per label", "near: kind", "far: kind", "Calibration",
        "Back on the map", "How",
    ]  # fmt: skip
    content = html.unescape(report.page(results))
    for claim in results.claims:
        assert claim.text in content
    assert all(row.method in content for row in results.rows)


@pytest.mark.parametrize("name", [name for name in report.FIGURES if name != "steps"])
def test_each_figure_is_drawn_for_papers_too(results, name, tmp_path):
    for kind, begins in (("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")):
        results.save_figure(name, tmp_path / f"f.{kind}")
        assert (tmp_path / f"f.{kind}").read_bytes().startswith(begins)
    with pytest.raises(InputError, match="Perhaps you mean cost"):
        results.save_figure("costs", tmp_path / "f.pdf")


def test_without_a_look_at_a_run_there_are_no_curves(results):
    with pytest.raises(InputError, match="--stop"):
        figure(results, "steps")


def test_a_report_of_an_experiment_that_has_just_begun_is_a_report(ws, tmp_path):
    add_task(ws, tmp_path)
    plan = ws.experiment.plan_ftft("task", **HOW)
    ws.experiment.queue(plan)
    assert "still to end" in report.page(ws.results(plan.experiment.id))


def test_names_of_groups_are_no_markup(ws, tmp_path):
    add_task(ws, tmp_path)
    rows = (tmp_path / "far.csv").read_text().replace(",a\n", ",<img src=x>\n")
    (tmp_path / "far.csv").write_text(rows)
    ws.data.remove("task")
    evaluations = [f"odev={tmp_path / 'odev.csv'}:ood:dev", f"far={tmp_path / 'far.csv'}:ood"]
    ws.data.add("task", train=tmp_path / "train.csv", text=["text"], label="label", evaluations=evaluations)
    plan = ws.experiment.plan_ftft("task", **(HOW | {"seeds": 1}))
    finish(ws, plan)
    content = report.page(ws.results(plan.experiment.id))
    assert "&lt;img src=x&gt;" in content
    assert "<img src=x>" not in content


def test_a_run_has_a_report_of_its_own(ws, tmp_path, ftft):
    add_task(ws, tmp_path)
    run = add_run(ws, "task", verdict={"scores": {"far": {"accuracy": 0.75, "auroc": None}}, "warnings": [{"message": "<b>odd</b>"}]})
    status, out, _ = ftft("report", run.id[:8], "--out", tmp_path / "run.html")
    assert status == 0
    content = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "0.750" in content
    assert "data:image/png;base64," in content
    assert "&lt;b&gt;odd" in content
    assert str(tmp_path / "run.html") in out
