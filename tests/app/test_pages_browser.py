"""The pages beside Maps in a real browser: the handles that interface.md promises, and a list that lives while it is read."""

import json
import shutil

import pytest
from playwright.sync_api import expect

from tests.app import drawn


def goto(page, url: str, view: str) -> None:
    page.goto(url.replace("/?", f"/{view}?"))
    page.wait_for_selector("h1")


@pytest.mark.parametrize(("view", "keys"), [("data", ["add_dataset"]), ("launch", ["main_model", "subset"]), ("runs", ["runs_table"])])
def test_the_promised_handles_are_in_the_page(view, keys, app_url, page):
    goto(page, app_url, view)
    for key in keys:
        page.locator(f".st-key-{key}").wait_for()


def test_the_list_of_runs_lives_and_keeps_the_chosen_one(ws, tmp_path, serve, page):
    drawn.dataset(ws, tmp_path)
    drawn.subset(ws, "third", [f"train-{i}" for i in range(16)])
    failed, done, newer = ws.plan("reviews", model=drawn.model(tmp_path / "main"), seeds=(1, 2, 3), subset="third", **drawn.SETTINGS)
    drawn.fail(ws, failed)
    drawn.finish(ws, done, 0.8, 0.6)
    url = serve(ws.path)
    goto(page, url, "results")
    page.locator(".st-key-results_table").wait_for()

    goto(page, url, "runs")
    names = page.locator(".st-key-run_title .section span")
    page.locator(f".st-key-runs_table tr[data-run='{failed.run}']").click()
    page.locator(".st-key-resume_run").wait_for()

    line = {"time": 103.0, "step": 3, "steps": 9, "epoch": 1, "loss": 0.2, "lr": 1e-4}
    with ws.runs.folder(failed.run).log_file.open("a") as log:
        log.write("one more line\n")
    with ws.runs.folder(failed.run).metrics_file.open("a") as metrics:
        metrics.write(json.dumps(line) + "\n")
    page.get_by_text("one more line").wait_for()

    drawn.verdict(ws, newer, state="failed", cause="killed", error={})
    page.get_by_text("2 failed").wait_for()
    expect(names.first).to_contain_text(f"run {failed.run[:6]}")

    shutil.rmtree(ws.runs.folder(failed.run).path)
    page.get_by_text(f"Run {failed.run[:6]} is gone").first.wait_for()
    page.get_by_text("1 failed").wait_for()
    expect(names.first).not_to_contain_text(f"run {failed.run[:6]}")
