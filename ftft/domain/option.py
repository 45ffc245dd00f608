"""What a strategy or a stabiliser can be told: a number in a range, one of several words, or a text."""

from dataclasses import dataclass
from typing import Any

from ftft.errors import InputError, shown, unknown

SEPARATOR = ","  # between options, where all of them are one text

Value = str | int | float


@dataclass(frozen=True)
class Option:
    """One option. The type of `default` says what it is: a whole number, a number, or a text.

    `range` is (lowest, highest) of a number, both allowed; `choices` are all that a text may be.
    """

    name: str
    default: Value
    help: str
    range: tuple[float, float] = (0, 1)
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.check(self.default) == self.default

    @property
    def takes(self) -> str:
        """In words: "a number from 0 to 1"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if isinstance(self.default, str):
            return "a text without commas"
        return f"a {'whole ' if isinstance(self.default, int) else ''}number from {self.range[0]} to {self.range[1]}"

    def check(self, value: Any) -> Value:
        """`value` as it is taken; InputError for what it cannot be."""
        if self.choices and value not in self.choices:
            raise unknown(self.name, value, self.choices)
        if not (self._is_text(value) if isinstance(self.default, str) else self._is_number(value)):
            raise self._wrong(value)
        if isinstance(value, str):
            return value
        return (int(value) if isinstance(self.default, int) else float(value)) + 0  # which makes 0 of -0.0

    def read(self, text: str) -> Value:
        """The value that was written as `text`; InputError as in `check`."""
        if isinstance(self.default, str):
            return self.check(text)
        try:
            value = type(self.default)(text)
        except ValueError as problem:
            raise self._wrong(text) from problem
        return self.check(value)

    def write(self, value: Value) -> str:
        """The inverse of `read`, as short as it can be: 0.2, 1 and not 1.0."""
        return value if isinstance(value, str) else repr(value).removesuffix(".0")

    def _wrong(self, value: Any) -> InputError:
        return InputError(f"{self.name} is {shown(value)}", f"Give {self.takes}")

    def _is_text(self, value: Any) -> bool:
        return isinstance(value, str) and SEPARATOR not in value and value == value.strip()

    def _is_number(self, value: Any) -> bool:
        low, high = self.range
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
        return is_number and (isinstance(self.default, float) or value == int(value))
