"""The whole report: one HTML file, offline, light and dark."""

from pathlib import Path
from typing import TYPE_CHECKING

from ftft.errors import InputError
from ftft.publish import publish
from ftft.workspace.methods import FTFT
from ftft.workspace.report import markup
from ftft.workspace.report.pictures import svg

if TYPE_CHECKING:
    from ftft.workspace.results import Results

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
    "light": ("#3A55C8", "#0E9384", "#B7791F", "#8C564B", "#4AA8E0", "#7A5195", "#5B6B8C", "#C1666B"),
    "dark": ("#8199FB", "#4CC9BE", "#E0B04A", "#C79A8E", "#7CC7F2", "#B79AD6", "#98A9C8", "#EE9A9E"),
}
PAGE = """
body { margin: 0 auto; padding: 36px 40px 60px; max-width: 1180px; background: var(--c-bg); color: var(--c-ink);
  font: 14px/1.5 "Source Sans 3", "Source Sans Pro", "Segoe UI", system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0; font-weight: 650; } h1 + p { margin: 2px 0 22px; color: var(--c-muted); }
h2 { font-size: 16px; font-weight: 600; margin: 38px 0 12px; border-bottom: 1px solid var(--c-line); padding-bottom: 5px; }
h2 small { font-weight: 400; color: var(--c-muted); font-size: 13px; margin-left: 8px; }
@media print { body { max-width: none; padding: 0; } }
"""


def write(results: "Results", file: Path) -> None:
    """Publishes the report of an experiment as `file`, which must end in .html."""
    if file.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"a report is an HTML file, not {file.name}", "Give --out FILE.html")
    publish(file, lambda aside: aside.write_text(page(results), encoding="utf-8"))


def page(results: "Results") -> str:
    """The file's content."""
    title, lead = markup.heading(results)
    body = "".join(
        f"<section><h2>{name}<small>{note}</small></h2>{content}</section>" for name, note, content in sections(results) if content
    )
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


def sections(results: "Results") -> list[tuple[str, str, str]]:
    """(title, note, HTML) of each part of a report; empty where there is nothing to show yet."""
    method = FTFT if results.row(FTFT) else results.rows[-1].method
    differences = figure(results, "differences", "Differences", wide=True)
    ways = pair(figure(results, "steps", "Score against steps"), figure(results, "cost", "Score against cost"))
    return [
        ("What can be said", "", markup.claims(ordered(results))),
        ("Methods", "", markup.table(results, method)),
        ("Differences", f"to {results.baseline}, with 95 % intervals over seeds and examples", differences),
        ("Steps and cost", "", ways),
        *(_of_sets(results) if any(row.done for row in results.rows) else []),
        ("Back on the map", "training examples that one model gets right and the other does not, by region", gained(results, method)),
        ("References", "what ending them once their selection settles saves", markup.references(results)),
        ("How", "", markup.settings(results)),
    ]


def _of_sets(results: "Results") -> list[tuple[str, str, str]]:
    """Per label and calibration on the set that tells, groups of every test set."""
    found, sure = results.breakdowns, f"coloured where the interval of the difference to {results.baseline} leaves 0 out"
    tests = list(dict.fromkeys(name for c in results.columns if c.role == "test" for name in c.evaluations))
    telling = results.telling.evaluations[0] if results.telling else results.columns[0].evaluations[0]
    labels = markup.parts(found.per_label(telling), results.baseline)
    reliable = figure(results, "calibration", "Reliability", evaluation=telling)
    groups = [
        (f"{name}: {column}", f"accuracy; {sure}", markup.parts(found.per_group(name, column), results.baseline))
        for name in tests
        for column in found.group_columns(name)
    ]
    return [
        ("Per label", f"recall on {telling}; {sure}", labels),
        *groups,
        ("Calibration", f"on {telling}", pair(reliable, markup.calibration(results, telling))),
    ]


def ordered(results: "Results") -> list:
    """Claims, FTFT's first."""
    return sorted(results.claims, key=lambda claim: claim.method != FTFT)


def gained(results: "Results", method: str) -> str:
    """Gains of a method over the baseline; empty where no training set was predicted."""
    others = [name for name in (results.baseline, "random_matched") if name != method and results.row(name)]
    return pair(*(figure(results, "gains", f"{method} against {name}", a=method, b=name) for name in others))


def figure(results: "Results", name: str, title: str, wide: bool = False, **of: str) -> str:
    """A figure with its title; empty where there is nothing to draw yet."""
    drawn = svg(results, name, title, **of)
    return f"<div class='r-figure{' wide' if wide else ''}'><h3>{title}</h3>{drawn}</div>" if drawn else ""


def pair(*pieces: str) -> str:
    """Side by side where there is room."""
    there = [piece for piece in pieces if piece]
    return f"<div class='r-figures'>{''.join(there)}</div>" if there else ""
