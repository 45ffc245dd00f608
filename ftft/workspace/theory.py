"""The trends that theory foresees, measured on synthetic sets once and kept: `theory/trends.json` of the workspace."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ftft
from ftft.domain.record import take
from ftft.publish import publish_json, read_json
from ftft.workspace.data import now

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace


@dataclass(frozen=True)
class Theory:
    """`value`: as `Trends.to_json` of ftft/train/trends.py, with `measured`: when, in how many seconds, with which version."""

    value: dict[str, Any]

    @property
    def note(self) -> str:
        """How the numbers came about."""
        study, how = self.value["study"], self.value["measured"]
        return (
            f"{study['sets']} synthetic sets, {study['seeds']} seeds each, one factor varied at a time; linear heads under SGD at a "
            f"constant learning rate; the same seed and batches with one example's weight 0. Measured on {how['when'][:10]} in "
            f"{how['seconds']:.0f} s with ftft {how['ftft']}. A trend that goes against theory is shown all the same."
        )

    def name(self, factor: str) -> str:
        """As the figure says it."""
        from ftft import stability_figures

        return stability_figures.FACTORS[factor]

    def figure(self, width: str = "page") -> Any:
        """The matplotlib Figure of all trends."""
        from ftft import stability_figures

        return stability_figures.trends(self.value["factors"], self.value["study"]["methods"], width)

    def drawn(self) -> str:
        """The same as inline SVG."""
        from ftft import result_figures

        return result_figures.themed(self.figure(), "Leave-one-out distance on synthetic sets, by factor")


def read(workspace: "Workspace") -> Theory | None:
    """What was measured in this workspace; None where nothing was. InputError where the file is broken."""
    file = workspace.path / "theory" / "trends.json"
    if not file.exists():
        return None
    value = read_json(file)
    for name in ("study", "factors", "measured"):
        take(value, name, dict)
    return Theory(value)


def measure(
    workspace: "Workspace", sets: int, seeds: int, methods: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> Theory:
    """Measures the trends, in this process (about a minute for 300 sets and 20 seeds), and keeps them."""
    from ftft.train.trends import Study, run

    began = time.monotonic()
    found = run(Study(sets=sets, seeds=seeds, methods=tuple(methods)), progress).to_json()
    found["measured"] = {"when": now(), "seconds": time.monotonic() - began, "ftft": ftft.__version__}
    publish_json(workspace.path / "theory" / "trends.json", found)
    return Theory(found)
