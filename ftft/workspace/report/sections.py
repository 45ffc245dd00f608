"""The sections of a report, in their order; the Results page shows the same ones, one at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftft.errors import unknown
from ftft.workspace.methods import FTFT
from ftft.workspace.report import markup
from ftft.workspace.report.pictures import FIGURES, figure, svg

if TYPE_CHECKING:
    from ftft.workspace.results import Results

Render = Callable[[str, str], str]  # (inline SVG, what it shows) -> HTML


@dataclass(frozen=True)
class Section:
    """`content` is HTML, empty where there is nothing to show yet."""

    title: str
    note: str
    content: str


@dataclass(frozen=True)
class Report:
    """Of one table. `render` puts a figure into the page: as it is, where nothing else is said."""

    results: "Results"
    render: Render = lambda drawn, alt: drawn

    @property
    def details(self) -> dict[str, str]:
        """What lies behind the table: method of this class -> what it is called."""
        return DETAILS

    def table(self) -> str:
        """Methods by evaluation sets."""
        return markup.table(self.results, self.focus)

    def sections(self) -> Iterator[Section]:
        """All of them."""
        yield Section("What can be said", "", markup.claims(self.claims()))
        yield Section("Methods", "", self.table())
        for kind in self.details:
            yield from getattr(self, kind)()

    @property
    def focus(self) -> str:
        """The method that it is about: ftft, where that is one."""
        return FTFT if self.results.row(FTFT) else self.results.rows[-1].method

    def claims(self) -> list:
        """The claim of the method in focus first."""
        return sorted(self.results.claims, key=lambda claim: claim.method != self.focus)

    def differences(self) -> Iterator[Section]:
        """All differences at a glance."""
        note = f"to {self.results.baseline}, with 95 % intervals over seeds and examples"
        yield Section("Differences", note, self.figure("differences", "Differences", wide=True))

    def steps_and_cost(self) -> Iterator[Section]:
        """Score against steps, score against cost, what ending references early saves."""
        drawn = pair(self.figure("steps", "Score against steps"), self.figure("cost", "Score against cost"))
        yield Section("Steps and cost", "", drawn)
        yield Section("References", "what ending them once their selection settles saves", markup.references(self.results))

    def groups(self) -> Iterator[Section]:
        """Per label on the set that tells, and per group of every test set."""
        results, found = self.results, self.results.breakdowns
        if self.nothing_done:
            return
        sure = f"coloured where the interval of the difference to {results.baseline} leaves 0 out"
        yield Section("Per label", f"recall on {self.telling}; {sure}", markup.parts(found.per_label(self.telling)))
        for name in dict.fromkeys(name for c in results.columns if c.role == "test" for name in c.evaluations):
            for column in found.group_columns(name):
                yield Section(f"{name}: {column}", f"accuracy; {sure}", markup.parts(found.per_group(name, column)))

    def calibration(self) -> Iterator[Section]:
        """How far confidence is from accuracy."""
        if not self.nothing_done:
            drawn = self.figure("calibration", "Reliability", evaluation=self.telling)
            yield Section("Calibration", f"on {self.telling}", pair(drawn, markup.calibration(self.results, self.telling)))

    def on_the_map(self) -> Iterator[Section]:
        """Training examples gained and lost, region by region."""
        others = [name for name in (self.results.baseline, "random_matched") if name != self.focus and self.results.row(name)]
        drawn = pair(*(self.figure("gains", f"{self.focus} against {name}", a=self.focus, b=name) for name in others))
        note = "training examples that one model gets right and the other does not, by region of the reference's map"
        yield Section("Back on the map", note, drawn)

    def how(self) -> Iterator[Section]:
        """Models, settings, machine."""
        yield Section("How", "", markup.settings(self.results))

    # ---- pieces

    @property
    def nothing_done(self) -> bool:
        return not any(row.done for row in self.results.rows)

    @property
    def telling(self) -> str:
        """The evaluation set that details are shown of."""
        column = self.results.telling or self.results.columns[0]
        return column.evaluations[0]

    def drawn(self, name: str) -> Any:
        """The matplotlib Figure of that name, as wide as a page or a column of a paper; InputError names those that there are."""
        if name not in FIGURES:
            raise unknown("figure", name, FIGURES)
        other = next((m for m in (self.results.baseline, "random_matched") if m != self.focus), self.results.baseline)
        of = {"calibration": {"evaluation": self.telling}, "gains": {"a": self.focus, "b": other}}
        return figure(self.results, name, width="page" if name == "differences" else "column", **of.get(name, {}))

    def figure(self, name: str, title: str, wide: bool = False, **of: str) -> str:
        """A figure with its title; empty where there is nothing to draw yet."""
        drawn = svg(self.results, name, title, **of)
        return f"<div class='r-figure{' wide' if wide else ''}'><h3>{title}</h3>{self.render(drawn, title)}</div>" if drawn else ""


DETAILS = {
    "differences": "Differences", "steps_and_cost": "Steps and cost", "groups": "Labels and groups", "calibration": "Calibration",
    "on_the_map": "Back on the map", "how": "How",
}  # method of Report -> what it is called  # fmt: skip


def pair(*pieces: str) -> str:
    """Side by side where there is room."""
    there = [piece for piece in pieces if piece]
    return f"<div class='r-figures'>{''.join(there)}</div>" if there else ""
