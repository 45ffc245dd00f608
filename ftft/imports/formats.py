"""The formats that can be imported: a line of FORMATS drives `--format`, its help, `auto` and the contract tests."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ftft.errors import InputError, unknown
from ftft.imports.records import Measured, Recorded

AUTO = "auto"


@dataclass(frozen=True)
class Format:
    """A line of FORMATS. `where` is "module:attribute" of its reader, (path, epochs) -> Recorded | Measured; `sniff` likewise."""

    name: str
    description: str
    where: str
    sniff: str

    def read(self, path: Path, epochs: int | None = None) -> Recorded | Measured:
        """What the file says. InputError: names the file, the line where there is one, and what to do."""
        return _load(self.where)(path, epochs)

    def fits(self, path: Path) -> bool:
        """Does `path` look like this format? Cheap, and never an error."""
        return _load(self.sniff)(path)


# fmt: off
FORMATS = {
    f.name: f
    for f in (  # auto takes the first that fits
        Format("run", "A run folder, as training writes it", "ftft.imports.runs:read", "ftft.imports.runs:sniff"),
        Format("ftft", "FTFT's uid_to_logits.pt", "ftft.imports.uid_to_logits:read", "ftft.imports.uid_to_logits:sniff"),
        Format("cartography", "dynamics_epoch_N.jsonl, or td_metrics and coordinates as .jsonl", "ftft.imports.cartography:read",
               "ftft.imports.cartography:sniff"),
        Format("aum", "aum_values.csv", "ftft.imports.aum:read", "ftft.imports.aum:sniff"),
        Format("table", "CSV, TSV, JSON Lines or Parquet: id with epoch and logits or p(gold), or id with metrics",
               "ftft.imports.tables:read", "ftft.imports.tables:sniff"),
    )
}
# fmt: on


def read(path: Path, format: str = AUTO, epochs: int | None = None) -> tuple[str, Recorded | Measured]:
    """(the format's name, what the file says). `epochs`: how many the metrics were taken over, where the file does not say it."""
    path = Path(path).expanduser()
    if format != AUTO and format not in FORMATS:
        raise unknown("import format", format, (AUTO, *FORMATS))
    if not path.exists():
        raise InputError(f"{path} does not exist", "Check the path")
    if epochs is not None and epochs < 1:
        raise InputError(f"--epochs is {epochs}", "Give the number of epochs that the metrics were taken over")
    chosen = next((f for f in FORMATS.values() if f.fits(path)), None) if format == AUTO else FORMATS[format]
    if chosen is None:
        known = "; ".join(f"{f.name}: {f.description}" for f in FORMATS.values())
        raise InputError(f"{path} is none of the formats that can be imported", f"Say which one it is with --format. {known}")
    return chosen.name, chosen.read(path, epochs)


def _load(where: str) -> Callable[..., Any]:
    module, attribute = where.split(":")
    return getattr(import_module(module), attribute)
