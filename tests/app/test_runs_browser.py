"""The Runs page in a real browser while runs are trained: it lives, and nothing that a reader holds is lost."""

import itertools
import json
import time
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

import ftft
from ftft.domain import RunSpec
from ftft.jobs import Queue
from ftft.jobs.lock import take
from tests.app import drawn
from tests.app.conftest import serving

UPDATES = 20
STEPS = 500
PAST = 450  # lines of a log: more than the page shows of it at first


@dataclass
class Place:
    """A served workspace. `coming`: specs that have no run yet; `ended`: those whose runs have succeeded."""

    ws: ftft.Workspace
    url: str
    coming: list[RunSpec]
    ended: list[RunSpec]
    clock: itertools.count = field(default_factory=lambda: itertools.count(10))

    def asked_now(self) -> str:
        """Later than every time before it."""
        return f"2026-01-03T00:{next(self.clock)}:00+00:00"


class Training:
    """A run that the test trains: it holds the lock, stands in the queue, and writes what training would write."""

    def __init__(self, place: Place) -> None:
        self.ws, self.spec = place.ws, place.coming.pop()
        self.run, self.folder, self.step = self.spec.run, place.ws.runs.folder(self.spec.run), 0
        self.folder.create(self.spec, place.asked_now())
        lock = take(self.folder)
        assert lock is not None
        self.lock, self.ended = lock, False
        Queue(self.ws.path).submit(self.run)
        with self.folder.log_file.open("w") as log:
            log.writelines(f"line {k} of the past\n" for k in range(PAST))

    def go_on(self, steps: int = 1) -> int:
        """Some more steps, each with its lines; gives the last one."""
        for _ in range(steps):
            self.step += 1
            line = {"time": time.time(), "step": self.step, "steps": STEPS, "epoch": 1, "loss": 1 / self.step, "lr": 1e-4}
            with self.folder.metrics_file.open("a") as metrics, self.folder.log_file.open("a") as log:
                metrics.write(json.dumps(line) + "\n")
                log.write(f"step {self.step} is done\n")
        return self.step

    def end(self, **verdict) -> None:
        """With a verdict, as the runner sees to it; a second time it does nothing."""
        if not self.ended:
            whole = {"state": "succeeded", "cause": None, "error": {}, "scores": {}, "cost": {}, "warnings": [], **verdict}
            self.folder.publish_verdict(whole)
            Queue(self.ws.path).remove(self.run)
            with self.lock:
                self.ended = True


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One server for all tests; the runner of its app leaves alone what they queue."""
    folder = tmp_path_factory.mktemp("runs")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    Queue(ws.path).set("paused", 1)
    drawn.dataset(ws, folder)
    drawn.subset(ws, "third", [f"train-{i}" for i in range(16)])
    specs = ws.plan("reviews", model=drawn.model(folder / "main"), seeds=range(1, 61), subset="third", **drawn.SETTINGS)
    for spec in specs[20:]:
        drawn.finish(ws, spec, 0.8, 0.6)
    with serving(ws.path, folder / "started-here") as url:
        yield Place(ws, url, specs[:20], specs[20:])


@pytest.fixture
def training(place):
    training = Training(place)
    training.go_on(3)
    yield training
    training.end()


def goto(page, place: Place, view: str = "runs") -> None:
    page.goto(place.url.replace("/?", f"/{view}?"))
    page.wait_for_selector("h1")


def now(page) -> None:
    """Looks at once, as when the reader comes back to the tab: the pulse alone would take its second and a half."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def updated(page, training: Training) -> None:
    """One more step is on every part of the page: the bar, the table, the curve, the log."""
    step = training.go_on()
    now(page)
    page.locator(f".live[data-step='{step}']").wait_for(state="attached")
    expect(page.locator(f"tr[data-run='{training.run}'] td.rt-loss")).to_have_text(f"{1 / step:.3f}")
    expect(page.locator(".rl pre")).to_contain_text(f"step {step} is done")
    page.locator(f".rc svg[data-last='{step}']").wait_for(state="attached")


HOLDS = """() => {
  const at = q => document.querySelector(q), search = at('.rt-search'), row = at('tr[aria-selected=true]');
  return {
    page: at('[data-testid=stMain]').scrollTop, table: at('.rt-frame').scrollTop, log: at('.rl pre').scrollTop,
    focus: document.activeElement === search, typed: search.value, caret: search.selectionStart,
    chosen: row.dataset.run, same: !!(at('.rc svg').marked && row.marked && at('.st-key-cancel_run button').marked),
  };
}"""


def test_twenty_updates_move_neither_scrolls_nor_focus_nor_caret(place, training, page):
    page.set_viewport_size({"width": 1280, "height": 600})
    goto(page, place)
    updated(page, training)
    page.locator(".rt-search").fill("third")
    updated(page, training)
    page.evaluate(
        """() => {
          const at = q => document.querySelector(q);
          for (const q of ['.rc svg', 'tr[aria-selected=true]', '.st-key-cancel_run button']) at(q).marked = true;
          at('[data-testid=stMain]').scrollTop = 150; at('.rt-frame').scrollTop = 200; at('.rl pre').scrollTop = 90;
          at('.rt-search').setSelectionRange(2, 2);
        }"""
    )  # fmt: skip
    before = page.evaluate(HOLDS)
    assert before == {
        "page": 150, "table": 200, "log": 90, "focus": True, "typed": "third", "caret": 2, "chosen": training.run, "same": True,
    }  # fmt: skip
    arrived = int(page.locator(".rt").get_attribute("data-ticks"))
    for _ in range(UPDATES):
        updated(page, training)
        assert page.evaluate(HOLDS) == before
    assert int(page.locator(".rt").get_attribute("data-ticks")) >= arrived + UPDATES


def test_the_page_looks_by_itself_and_a_button_keeps_the_focus(place, training, page):
    goto(page, place)
    button = page.locator(".st-key-cancel_run button")
    button.focus()
    for _ in range(2):
        page.locator(f".live[data-step='{training.go_on()}']").wait_for(state="attached")
    expect(button).to_be_focused()


def test_a_log_follows_its_end_until_the_reader_scrolls_up(place, training, page):
    goto(page, place)
    log, follow = page.locator(".rl pre"), page.get_by_role("button", name="Follow")
    at_end = "e => e.scrollHeight - e.scrollTop - e.clientHeight < 3"
    updated(page, training)
    assert log.evaluate(at_end)
    log.evaluate("e => { e.scrollTop = 40; }")
    follow.wait_for()
    updated(page, training)
    assert log.evaluate("e => e.scrollTop") == 40
    follow.click()
    updated(page, training)
    assert log.evaluate(at_end)
    expect(follow).to_be_hidden()
    assert (log.text_content() or "").count(f"line {PAST - 1} of the past") == 1, "no line twice"
    with page.expect_download() as download:
        page.locator(".st-key-download_log button").click()
    assert download.value.path().read_bytes() == training.folder.log_file.read_bytes()


def test_what_is_open_stays_open_and_what_is_marked_stays_marked(place, training, page):
    goto(page, place)
    updated(page, training)
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.facts b'))")
    updated(page, training)
    assert page.evaluate("getSelection().toString()") == "reviews"
    page.evaluate("getSelection().removeAllRanges()")
    page.locator(".st-key-compare_run button").first.click()
    page.get_by_role("combobox").last.click()
    option = page.get_by_role("option").nth(1)
    option.wait_for()
    updated(page, training)
    option.click()
    page.locator("table.beside").wait_for()
    updated(page, training)
    expect(page.locator("table.beside")).to_contain_text("seed")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_new_runs_come_in_and_the_chosen_one_stays(place, training, page):
    goto(page, place)
    run, newer = place.ended[-1].run, place.coming.pop()
    row = page.locator(f"tr[data-run='{run}']")
    row.click()
    title = page.locator(".st-key-run_title .section span")
    expect(title).to_contain_text(run[:6])
    drawn.verdict(place.ws, newer, state="failed", cause="killed", error={})
    page.locator(f"tr[data-run='{newer.run}']").wait_for()
    expect(page.locator(".rt-chip.failed")).to_have_text("1 failed")
    expect(row).to_have_attribute("aria-selected", "true")
    expect(title).to_contain_text(run[:6])
    row.press("ArrowUp")
    expect(row).to_have_attribute("aria-selected", "false")
    expect(title).not_to_contain_text(run[:6])
    place.ws.runs.remove(newer.run)
    expect(page.locator(f"tr[data-run='{newer.run}']")).to_have_count(0)


def test_runs_are_found_by_state_and_words(place, training, page):
    goto(page, place)
    rows = page.locator(".rt-table tbody tr")
    expect(rows).to_have_count(len(place.ws.runs.ids()))
    page.locator(".rt-chip.running").click()
    expect(rows).to_have_count(1)
    page.locator(".rt-chip").first.click()
    page.locator(".rt-search").press_sequentially(f"third seed {place.ended[3].seed}")
    expect(rows).to_have_count(1)
    page.locator(".rt-search").fill("nothing is called so")
    page.get_by_text("No run is like that").wait_for()


def test_two_clicks_remove_a_run_and_say_what_that_frees(place, page):
    goto(page, place)
    run = place.ended.pop().run
    row = page.locator(f"tr[data-run='{run}']")
    row.click()
    expect(page.locator(".st-key-run_title .section span")).to_contain_text(run[:6])
    page.locator(".st-key-remove_run button").click()
    confirm = page.locator(".st-key-confirm_remove_run button")
    expect(confirm).to_contain_text("Remove, frees")
    assert run in place.ws.runs.ids()
    confirm.click()
    expect(row).to_have_count(0)
    assert run not in place.ws.runs.ids()
    expect(page.get_by_text("is gone")).to_have_count(0)


def test_every_open_page_says_once_when_a_run_ends(place, training, page, browser):
    other, seed = browser.new_page(), training.spec.seed
    goto(page, place, "data")
    goto(other, place, "results")
    expect(page).to_have_title("(1) ftft")
    training.end(scores=drawn.scores(0.81, 0.6))
    toast = f"main · third, seed {seed} succeeded: test .81"
    for tab in (page, other):
        tab.get_by_text(toast).wait_for()
        expect(tab.get_by_text(toast)).to_have_count(1)
        expect(tab).to_have_title("ftft")
    other.reload()
    other.wait_for_selector("h1")
    expect(other.get_by_text(toast)).to_have_count(0)
    other.close()
