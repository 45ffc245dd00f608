"""The app in a real browser: a server of its own over a workspace of drawn runs, and the mouse and the eyes of a reader."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import ftft
from benchmarks import browser as browser_tools
from ftft.domain import Run
from tests.app import drawn, launched
from tests.experimenting import add_task
from tests.synthetic import add_dataset, add_run

REPOSITORY = Path(__file__).parents[2]
FIRST_PORT = 8600 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])  # two workers that look for a free port would find the same
WINDOW = {"width": 1440, "height": 900}
ANSWER_S = 60  # a busy machine starts a server in several seconds, and paints in several more


@dataclass(frozen=True)
class Drawn:
    """A workspace whose runs were drawn, not trained."""

    ws: ftft.Workspace
    dataset: str
    runs: tuple[Run, ...]


def draw_workspace(folder: Path, *, rows: int, runs: int = 2, epochs: int = 4) -> Drawn:
    """`runs` references, of different seeds and models, on one dataset."""
    ws = ftft.Workspace(folder / "workspace", runner=False)
    dataset = add_dataset(ws, folder, rows=rows)
    made = [add_run(ws, dataset, seed=k + 1, epochs=epochs, verdict={}, model=f"/nowhere/tiny-{k + 1}") for k in range(runs)]
    return Drawn(ws, dataset, tuple(made))


@contextmanager
def serving(workspace: Path, elsewhere: Path) -> Iterator[str]:
    """`ftft app` on a workspace, started from a folder that holds another `app`; gives the printed address."""
    (elsewhere / "app").mkdir(parents=True, exist_ok=True)
    (elsewhere / "app" / "__init__.py").write_text("raise ImportError('the wrong app')\n")
    with (elsewhere / "log.txt").open("w") as log, browser_tools.serving(workspace, FIRST_PORT, elsewhere, log) as url:
        yield url


@pytest.fixture(autouse=True)
def same_main():
    """Streamlit's AppTest leaves the app's script as `__main__`, which child processes of later tests would then run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def browser():
    """A Chromium; without one, tests that need it are skipped, but not in CI."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        try:
            chromium = browser_tools.chromium(p)
        except playwright.Error as problem:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no Chromium: install one, or run `make browser` ({str(problem).splitlines()[0]})")
        context = chromium.new_context(viewport=WINDOW)  # one for all tests: it keeps the scripts once fetched
        context.set_default_timeout(1000 * ANSWER_S)
        playwright.expect.set_options(timeout=1000 * ANSWER_S)
        yield context
        chromium.close()


@pytest.fixture(scope="session")
def tab(browser):
    """One for all tests: it keeps the scripts compiled, which is most of the work of opening a page anew."""
    return browser.new_page()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Beside a failure stands what the page showed then."""
    report = yield
    if report.when == "call" and report.failed and "tab" in item.fixturenames:
        tab = item.funcargs["tab"]
        with suppress(Exception):  # the page may have crashed: no reason to lose the report
            state = tab.evaluate("[!!window.Plotly, document.querySelector('[data-test-script-state]')?.dataset.testScriptState]")
            report.sections.append(("Page", f"{tab.url}\nPlotly, script: {state}\n{tab.locator('body').inner_text()[:3000]}"))
    return report


@pytest.fixture
def page(tab):
    """An empty page; a mistake in its JavaScript fails the test."""
    mistakes = []

    def note(mistake):
        mistakes.append(str(mistake))

    tab.on("pageerror", note)
    yield tab
    tab.remove_listener("pageerror", note)
    tab.unroute_all(behavior="ignoreErrors")
    tab.goto("about:blank")
    tab.set_viewport_size(WINDOW)
    tab.emulate_media(color_scheme="light")
    tab.mouse.move(0, 0)
    assert mistakes == []


@pytest.fixture(scope="session")
def drawn_workspace(tmp_path_factory) -> Drawn:
    """Two references on a dataset that is large enough to be shaded."""
    return draw_workspace(tmp_path_factory.mktemp("drawn"), rows=5000)


@pytest.fixture(scope="session")
def app_url(drawn_workspace, tmp_path_factory) -> Iterator[str]:
    """Where the drawn workspace is served."""
    with serving(drawn_workspace.ws.path, tmp_path_factory.mktemp("started-here")) as url:
        yield url


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[[Path], str]]:
    """Serves another workspace for one test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda workspace: stack.enter_context(serving(workspace, tmp_path / "started-here"))


@pytest.fixture
def main_model(tmp_path, monkeypatch) -> str:
    """The one model that the workspace offers."""
    folder = drawn.model(tmp_path / "main")
    monkeypatch.setattr("ftft.workspace.training.bundled_models", lambda: [Path(folder)])
    return folder


@pytest.fixture
def at_view(ws, tmp_path, monkeypatch):
    """Opens a view on a workspace with the dataset "task", by AppTest; moving to another page is only noted, in `moved`."""
    from streamlit.testing.v1 import AppTest

    def estimate(ws, specs, wait=False):
        return launched.estimate(ws, [spec for spec in specs if not spec.steps_of], wait)  # what follows another run's steps is left out

    add_task(ws, tmp_path)
    monkeypatch.setattr("app.backend.workspace", lambda: ws)
    monkeypatch.setattr("ftft.Workspace.estimate", estimate)
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)
    moved: list[tuple] = []
    monkeypatch.setattr("streamlit.switch_page", lambda page, **to: moved.append((page, to)))

    def open_view(view: str, **query: str) -> AppTest:
        page = AppTest.from_file(REPOSITORY / "app" / "views" / f"{view}.py", default_timeout=30)
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    open_view.moved = moved
    return open_view
