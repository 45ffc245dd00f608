"""What a reader wrote beside an example: flags, a note, the label that it should have."""

from dataclasses import dataclass
from typing import Any

from ftft.domain.step import is_text
from ftft.errors import InputError, shown

LABEL_WRONG, KEEP_OUT = "label wrong", "keep out"
FLAGS = (LABEL_WRONG, KEEP_OUT)  # offered before anybody made others
LONGEST_FLAG = 40  # characters


@dataclass(frozen=True)
class Note:
    """`flags` are sorted and distinct. `label`: the one that was suggested in place of the example's own, None where none was."""

    id: str
    flags: tuple[str, ...] = ()
    text: str = ""
    label: str | None = None

    def __post_init__(self) -> None:
        assert list(self.flags) == sorted(set(self.flags)), self.flags

    @property
    def empty(self) -> bool:
        """Does it say nothing?"""
        return not self.flags and not self.text and self.label is None

    def to_json(self) -> dict[str, Any]:
        """`{id, flags[], text, label}`."""
        return {"id": self.id, "flags": list(self.flags), "text": self.text, "label": self.label}


def flag_name(name: Any) -> str:
    """`name`, if it can be a flag's: one line of at most 40 characters that says something."""
    if not is_text(name) or not name.strip() or name != name.strip() or len(name) > LONGEST_FLAG or not name.isprintable():
        raise InputError(f"flag {shown(name)} cannot be used", f"Use one line of up to {LONGEST_FLAG} characters, such as {LABEL_WRONG!r}")
    return name
