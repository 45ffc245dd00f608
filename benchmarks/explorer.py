"""How fast the Maps page answers, and what it costs.

    python -m benchmarks.explorer [--rows 1000000] [--references 4] [--epochs 10] [--times 20] [--folder FOLDER]

A real Chromium and a real mouse on a workspace of `benchmarks.big_workspace`. Times of the server are taken on the wire
(`benchmarks.wire`), those of the page by the page's own clock; all of them on this machine, which runs the browser, too.

    first paint        the browser asks for the page -> the component's data have been sent; the app and its caches are warm
    exact ids          mouse up -> the message with the hash of exactly the selected ids has been sent
    server done        mouse up -> the server says that the script has finished
    pixels             mouse up -> the page has painted the answer
    epoch step         the browser asks -> the server says that the script has finished; ranges of epochs that were never asked for
    maps sent          ... -> the component's data have been sent: the table and all else below the maps come after them
"""

import argparse
import itertools
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks.big_workspace import arguments, big_workspace
from benchmarks.browser import chromium, serving
from benchmarks.store import machine
from benchmarks.timing import interval
from benchmarks.wire import Frame, Wire, tapped

PORT = 8720
QUIET_S, PATIENCE_S = 0.4, 120.0
CALM = 0.05  # of a core: what an app without work may take
LARGE, LIMIT_100K, LIMIT_MB = 1_000_000, 120, 1500
LIMITS = {"first paint, server": 150, "exact ids": 100, "server done": 350, "epoch step": 300}  # of a LARGE workspace, ms
# The page notes when the mouse went up, and when an answer was painted: two frames after the maps said that they have it.
NOTES = """() => {
  const now = () => performance.timeOrigin + performance.now();
  window.noted = {up: 0, painted: 0};
  addEventListener('mouseup', e => { noted.up = performance.timeOrigin + e.timeStamp; }, {capture: true});
  const seen = new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(() => { noted.painted = now(); })));
  seen.observe(document.querySelector('.mg'), {attributes: true, attributeFilter: ['data-stamp']});
}"""
STAMP = re.compile(rb'"stamp":\s*"\d+"')  # in the component's data
SHOWN = "() => ({stamp: document.querySelector('.mg').dataset.stamp, hash: document.querySelector('[data-testid=selection]').dataset.hash})"


@dataclass
class Memory:
    """Resident memory of the app's processes, looked at every 50 ms, bytes; `private` is what no file backs and nobody shares."""

    process: psutil.Process
    peak: int = 0
    peak_private: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def now(self) -> tuple[int, int]:
        """(resident, private)."""
        found = [p.memory_info() for p in (self.process, *self.process.children(recursive=True))]
        return sum(m.rss for m in found), sum(m.rss - m.shared for m in found)

    def watch(self) -> None:
        while not self._ended.wait(0.05):
            resident, private = self.now()
            self.peak, self.peak_private = max(self.peak, resident), max(self.peak_private, private)

    @contextmanager
    def watched(self) -> Iterator["Memory"]:
        thread = threading.Thread(target=self.watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()


def processor(process: psutil.Process) -> float:
    """Seconds of a processor that the app has used so far; other work on the machine does not lengthen them much."""
    used = process.cpu_times()
    return used.user + used.system


def calm(process: psutil.Process) -> float:
    """Waits until the app has nothing left to do (its first ingest takes a while); seconds."""
    began, quiet = time.monotonic(), 0
    while quiet < 3 and time.monotonic() - began < 20 * PATIENCE_S:
        used = processor(process)
        time.sleep(1)
        quiet = quiet + 1 if processor(process) - used < CALM else 0
    return time.monotonic() - began


# ---- the page


@dataclass(frozen=True)
class Reader:
    """The hand before the page, and what it reads off the wire."""

    page: Page
    wire: Wire
    app: psutil.Process

    def open(self, url: str) -> "Reader":
        self.page.goto(url)
        self.page.wait_for_selector(".mg[data-stamp]", timeout=1000 * PATIENCE_S)
        self.settle()
        return self

    def settle(self) -> None:
        """Waits until nothing was said for a while."""
        self.page.wait_for_function("() => !document.querySelector('[data-test-script-state=running]')", timeout=1000 * PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.wire.frames and time.time() - self.wire.frames[-1].at < QUIET_S:
            self.page.wait_for_timeout(50)

    def answered(self, stamp: str) -> dict[str, str]:
        """Waits for another answer than the one with this stamp; what the page shows then."""
        self.page.wait_for_function(
            "before => document.querySelector('.mg').dataset.stamp !== before", arg=stamp, timeout=1000 * PATIENCE_S
        )
        self.settle()
        return self.page.evaluate(SHOWN)

    def lasso(self, k: int, outline: Sequence[tuple[float, float]]) -> dict[str, float]:
        """Draws one on the k-th map, in shares of its width and height; milliseconds and bytes."""
        self.settle()
        before, area = self.page.evaluate(SHOWN), self.page.locator("[data-run] .nsewdrag").nth(k).bounding_box()
        assert area is not None
        at = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in outline]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        for point in at[1:]:
            self.page.mouse.move(*point, steps=2)
        self.page.wait_for_timeout(100)  # the hand rests, and Plotly has drawn the line
        self.wire.forget()
        used = processor(self.app)
        self.page.mouse.up()
        after = self.answered(before["stamp"])
        assert after["hash"] != before["hash"], "the lasso selected what was selected before"
        noted = self.page.evaluate("noted")
        up, frames = noted["up"] / 1000, self.wire.frames
        ids, done = _first(frames, after["hash"]), finished(frames, after)
        n = int(self.page.locator("[data-testid=selection]").get_attribute("data-n") or 0)
        return {
            "exact ids": 1000 * (ids - up),
            "server done": 1000 * (done - up),
            "server's processor time": 1000 * (processor(self.app) - used),
            "pixels": noted["painted"] - noted["up"],
            "asked after": 1000 * (asked(frames) - up),
            "bytes up": sum(len(f.payload) for f in frames if f.up),
            "bytes down": sum(len(f.payload) for f in frames if not f.up),
            "selected": n,
        }

    def steps(self, thumb: int, key: str) -> dict[str, float]:
        """Moves one end of the range of epochs by one; milliseconds."""
        self.settle()
        before = self.page.evaluate(SHOWN)
        self.page.locator(".mg-time [role=slider]").nth(thumb).focus()
        self.wire.forget()
        self.page.keyboard.press(key)
        after = self.answered(before["stamp"])
        began, frames = asked(self.wire.frames), self.wire.frames
        return {
            "epoch step, maps sent": 1000 * (_first(frames, after["stamp"]) - began),
            "epoch step": 1000 * (finished(frames, after) - began),
        }


def _first(frames: Sequence[Frame], text: str) -> float:
    """When the server first said it."""
    said = text.encode()
    found = next((frame.at for frame in frames if not frame.up and said in frame.payload), None)
    assert found is not None, f"{text} was never sent"
    return found


def finished(frames: Sequence[Frame], shown: dict[str, str]) -> float:
    """When the run of the script ended that had said all that is shown now."""
    said = max(_first(frames, value) for value in shown.values() if value)
    return next(frame.at for frame in frames if frame.at >= said and frame.finished)


def asked(frames: Sequence[Frame]) -> float:
    """When the page asked."""
    return next(frame.at for frame in frames if frame.up)


def outlines(n: int, seed: int = 0) -> list[list[tuple[float, float]]]:
    """Star-shaped outlines of all sizes, all over the map, as shares of its width and height."""
    dice, found = np.random.default_rng(seed), []
    for _ in range(n):
        radius = dice.uniform(0.08, 0.38)
        x, y = dice.uniform(radius, 1 - radius, 2)
        angles, reach = np.sort(dice.uniform(0, 2 * np.pi, 14)), radius * dice.uniform(0.6, 1, 14)
        found.append([(float(x + r * np.cos(a)), float(y + r * np.sin(a))) for a, r in zip(angles, reach, strict=True)])
    return found


def ranges(last: int, times: int) -> list[tuple[int, str]]:
    """Which end of the range (0 or 1) is moved which way, from (1, last) on: by one, and no range comes twice."""
    moves: list[tuple[int, str]] = []
    for first in range(1, last):
        down = first % 2 == 1
        moves += [(1, "ArrowLeft")] * (last - first - 1) if down else [(1, "ArrowRight")] * (last - first)
        moves.append((0, "ArrowRight"))
    return moves[:times]


# ---- all of it


def first_paint(context: BrowserContext, url: str, wire: Wire, app: psutil.Process) -> dict[str, float]:
    """A new session of an app that is warm; milliseconds."""
    page = context.new_page()
    wire.forget()
    began = time.time()
    Reader(page, wire, app).open(url)
    shown, frames = page.evaluate(SHOWN), wire.frames
    data = next(frame.at for frame in frames if not frame.up and STAMP.search(frame.payload))
    page.close()
    found = {"first paint, server": data - asked(frames), "first paint, script finished": finished(frames, shown) - asked(frames)}
    return {name: 1000 * value for name, value in found.items()} | {
        "first paint, page": 1000 * (data - began),
        "first paint, bytes down": sum(len(f.payload) for f in frames if not f.up),
    }


def measure(workspace: Path, epochs: int, times: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryFile("w") as log, serving(workspace, PORT, log=log) as url, tapped(url) as (url, wire), sync_playwright() as p,
    ):  # fmt: skip
        app = next(c for c in psutil.Process().children(recursive=True) if "ftft" in c.cmdline() and "app" in c.cmdline())
        with Memory(app).watched() as memory:
            context = chromium(p).new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(1000 * PATIENCE_S)
            began = time.monotonic()
            Reader(context.new_page(), wire, app).open(url).page.close()
            found: dict[str, Any] = {"first visit_s": time.monotonic() - began, "calm after_s": calm(app)}
            found["values"] = _interactions(context, url, wire, app, epochs, times)
            time.sleep(3)
            found["memory"] = dict(zip(("steady", "steady private"), memory.now(), strict=True))
            found["memory"] |= {"peak": memory.peak, "peak private": memory.peak_private}
    return found


def _interactions(context: BrowserContext, url: str, wire: Wire, app: psutil.Process, epochs: int, times: int) -> dict[str, list[float]]:
    first_paint(context, url, wire, app)
    taken = [first_paint(context, url, wire, app) for _ in range(times)]
    reader = Reader(context.new_page(), wire, app).open(url)
    reader.page.evaluate(NOTES)
    maps = reader.page.locator("[data-run] .nsewdrag").count()
    hand = zip(itertools.cycle(range(maps)), outlines(times + 2), strict=False)
    lassos = [reader.lasso(k, outline) for k, outline in hand][2:]
    for name, radius in (("small", 0.02), ("large", 0.47)):
        outline = [(0.5 + radius * np.cos(a), 0.5 + radius * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 24)]
        one = reader.lasso(0, outline)
        lassos.append({f"{name} lasso, {what}": one[what] for what in ("selected", "bytes up", "bytes down", "server done")})
    steps = [reader.steps(*move) for move in ranges(epochs, times)]
    reader.page.close()
    values: dict[str, list[float]] = {}
    for one in (*taken, *lassos, *steps):
        for name, value in one.items():
            values.setdefault(name, []).append(value)
    return values


def table(found: dict[str, Any]) -> str:
    """Markdown. The fastest of all says what a machine gives on which nothing else runs."""
    lines = [f"{found['rows']:,} examples x {found['references']} references x {found['epochs']} epochs; load {found['load']}"]
    lines += [f"{found['machine']}", "", "| | median | interval | fastest | should be under |", "|---|---|---|---|---|"]
    for name, values in found["values"].items():
        low, high = interval(values)
        limit = "" if found["rows"] < LARGE else LIMITS.get(name, "")
        limit = LIMIT_100K if name == "server done" and found["rows"] < LARGE else limit
        lines.append(f"| {name} | {statistics.median(values):,.0f} | {low:,.0f} – {high:,.0f} | {min(values):,.0f} | {limit} |")
    memory = {f"memory, {name}, MB": value / 1e6 for name, value in found["memory"].items()}
    lines += [f"| {name} | {value:,.0f} | | | {'' if 'private' in name else LIMIT_MB} |" for name, value in memory.items()]
    lines += [f"| {name} | {found[name]:.1f} | | | |" for name in ("first visit_s", "calm after_s")]
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments(words)
    words.add_argument("--times", type=int, default=20)
    words.add_argument("--folder", type=Path, help="where the workspace is kept for the next time")
    words.add_argument("--out", type=Path)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        ws = big_workspace(asked.folder or Path(aside), asked.rows, asked.references, asked.epochs)
        found = {"rows": asked.rows, "references": asked.references, "epochs": asked.epochs, "machine": machine()}
        found |= measure(ws.path, asked.epochs, asked.times) | {"load": [round(x, 2) for x in psutil.getloadavg()]}
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
