"""The whole loop as a person walks it, with real training: two references, a lasso, a subset, a main model, its scores."""

import pytest

import ftft
from ftft.demo import Demo, write
from tests.app.test_maps import SHAPES, Reader

TINY = Demo(rows=400, held_out=100, reference_epochs=2, main_epochs=2)
UPPER_HALF = ((0.003, 0.01), (0.98, 0.01), (0.98, 0.5), (0.5, 0.48), (0.003, 0.5))  # so little training leaves most at confidence .5
LIT = """run => {
  const points = document.querySelector(`[data-run='${run}'] .js-plotly-plot`).data[0];
  const brightest = Math.max(...points.marker.opacity);
  return points.customdata.filter((id, n) => points.marker.opacity[n] === brightest);
}"""


@pytest.fixture
def trained(tmp_path):
    """A workspace with two references, fine-tuned here and now."""
    ws = ftft.Workspace(tmp_path / "workspace")
    ws.data.add(TINY.dataset, **write(tmp_path / "files", TINY))
    models = {m.name: m.path for m in ws.models()}
    settings = {"epochs": TINY.reference_epochs, "lr": TINY.lr, "max_length": TINY.max_length, "batch_size": TINY.batch_size}
    queued = [ws.train(TINY.dataset, model=models[name], detach=True, **settings)[0] for name in TINY.references]
    done = ws.runs.wait([r.id for r in queued])
    assert [r.state for r in done] == ["succeeded", "succeeded"]
    return ws, done


def test_from_two_maps_to_the_scores_of_a_main_model(trained, page, serve):
    ws, (left, right) = trained
    reader = Reader(page).open(f"{serve(ws.path)}&dataset={TINY.dataset}&runs={left.id},{right.id}")

    chosen = reader.drag(left.id, UPPER_HALF)
    assert 0 < int(chosen["n"]) < TINY.rows
    assert len(page.evaluate(SHAPES, left.id)) == 1
    assert sorted(page.evaluate(LIT, left.id)) == sorted(page.evaluate(LIT, right.id))
    assert len(page.evaluate(LIT, right.id)) == int(chosen["n"])

    page.locator(".st-key-save_subset button").click()
    page.locator(".st-key-subset_name input").fill("by-hand")
    page.locator(".st-key-confirm_subset button").click()
    page.wait_for_function("() => !document.querySelector('.st-key-confirm_subset')")
    assert ws.subsets.get("by-hand").hash == chosen["hash"]

    page.locator(".st-key-fine_tune button").click()
    page.wait_for_selector(".st-key-start_runs button:not([disabled])")
    page.locator(".st-key-seeds input").fill("1")
    page.locator(".st-key-seeds input").press("Enter")
    page.get_by_text("Start 4 runs").wait_for()
    reader.settle()
    assert "--subset by-hand" in page.locator("[data-testid=stCode]").first.inner_text().replace("\n", " ")
    page.locator(".st-key-start_runs button").click()
    page.wait_for_selector(".st-key-runs_table")
    mains = [r for r in ws.runs.list() if r.id not in (left.id, right.id)]
    controls = {None, "by-hand.random-1", "by-hand.matched-1"}
    assert {r.spec.subset for r in mains} == {"by-hand", *controls}, "its controls are queued with it"
    done = ws.runs.wait([r.id for r in mains])
    assert [r.state for r in done] == ["succeeded"] * 4
    by_hand, matched = ws.subsets.get("by-hand"), ws.subsets.get("by-hand.matched-1")
    assert matched.labels == by_hand.labels
    assert len({r.steps_total for r in done}) == 1, "the budget of steps is the same, whenever a run was stopped"

    page.goto(page.url.split("/runs")[0] + f"/results?dataset={TINY.dataset}")
    page.locator(".st-key-results_table").get_by_text("by-hand").first.wait_for()  # the container is there before what it holds
    reader.settle()
    table = page.locator(".st-key-results_table").inner_text()
    assert "random, same size and label shares" in table
    on_subset = next(r for r in done if r.spec.subset == "by-hand")
    assert f"{100 * on_subset.scores['ood']['accuracy']:.1f}" in table
    assert f"{100 * on_subset.scores['test']['accuracy']:.1f}" in table
