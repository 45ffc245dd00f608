"""The whole report: one HTML file, offline, light and dark."""

import html
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ftft import result_figures
from ftft.domain import Run
from ftft.errors import InputError
from ftft.publish import publish
from ftft.workspace.report import markup, of_run
from ftft.workspace.report.of_stability import StabilityReport
from ftft.workspace.report.sections import Render, Report, Section

if TYPE_CHECKING:
    from ftft.workspace.results import Results
    from ftft.workspace.root import Workspace

# The tokens of the app's two themes (app/theme.py), and the inks of methods.
LIGHT = {
    "bg": "#FFFFFF", "line": "#E2E5EB", "grid": "rgba(110,120,140,.16)", "ink": "#1C2130", "muted": "#667085", "accent": "#3A55C8",
    "gain": "#0F7F78", "loss": "#A9661B", "base": "#8B93A3",
}  # fmt: skip
DARK = {
    "bg": "#0F1218", "line": "#2A303C", "grid": "rgba(150,160,180,.16)", "ink": "#E7EAF0", "muted": "#98A2B3", "accent": "#8199FB",
    "gain": "#4CC9BE", "loss": "#E0A35A", "base": "#7A8598",
}  # fmt: skip
SERIES = {
    "light": result_figures.SERIES,
    "dark": ("#8199FB", "#4CC9BE", "#E0B04A", "#C79A8E", "#7CC7F2", "#B79AD6", "#98A9C8", "#EE9A9E"),
}
PAGE = """
body { margin: 0 auto; padding: 36px 40px 60px; max-width: 1180px; background: var(--c-bg); color: var(--c-ink);
  font: 14px/1.5 "Source Sans 3", "Source Sans Pro", "Segoe UI", system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0; font-weight: 650; } h1 + p { margin: 2px 0 22px; color: var(--c-muted); }
h2 { font-size: 16px; font-weight: 600; margin: 38px 0 12px; border-bottom: 1px solid var(--c-line); padding-bottom: 5px; }
h2 small { font-weight: 400; color: var(--c-muted); font-size: 13px; margin-left: 8px; }
.paper { background: #FFFFFF; display: inline-block; padding: 10px; border-radius: 6px; }
.paper img { max-width: 420px; }
@media print { body { max-width: none; padding: 0; } }
"""


def write(content: str, file: Path) -> None:
    """Publishes a report as `file`, which must end in .html."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a report is an HTML file, not {file.name}", "Give --out FILE.html")
    publish(file, lambda aside: aside.write_text(content, encoding="utf-8"))


def page(results: "Results") -> str:
    """The report of an experiment."""
    return _page(*markup.heading(results), report_of(results).sections())


def report_of(results: "Results", render: Render | None = None) -> Report:
    """The sections of an experiment, by its kind. `render`: as in `Report`."""
    kind = StabilityReport if results.experiment.kind == "stability" else Report
    return kind(results, render) if render else kind(results)


def page_of_run(ws: "Workspace", run: Run) -> str:
    """The report of a run."""
    return _page(*of_run.heading(run), of_run.sections(ws, run))


def _page(title: str, lead: str, sections: Iterable[Section]) -> str:
    title, lead = html.escape(title), html.escape(lead)
    whole = [part for part in sections if part.content]
    body = "".join(f"<section><h2>{part.title}<small>{part.note}</small></h2>{part.content}</section>" for part in whole)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><style>{style()}</style></head><body><h1>{title}</h1><p>{lead}</p>{body}</body></html>\n"
    )


def style() -> str:
    """The style sheet, with the colours of both themes."""
    own = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    return (
        f":root{{color-scheme:light dark;{variables('light')}}}@media(prefers-color-scheme:dark){{:root{{{variables('dark')}}}}}{PAGE}{own}"
    )


def variables(mode: str) -> str:
    """`--c-NAME:VALUE` of one theme."""
    tokens = (LIGHT if mode == "light" else DARK) | {f"series-{n}": colour for n, colour in enumerate(SERIES[mode], 1)}
    return ";".join(f"--c-{name}:{value}" for name, value in tokens.items())
