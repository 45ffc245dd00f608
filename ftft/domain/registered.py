"""A line of a registry: one name, one function or class behind it, and what it can be told. In words: `name:option=value,option=value`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from ftft.domain.option import SEPARATOR, Option, Value
from ftft.errors import InputError, shown, unknown


@dataclass(frozen=True)
class Registered:
    """`where` is "module:attribute", imported on first use: menus, `--help` and documentation need no more than the line."""

    name: str
    description: str
    source: str
    where: str
    options: tuple[Option, ...] = ()

    kind: ClassVar[str]

    def load(self) -> Callable[..., Any]:
        """What `where` names."""
        module, attribute = self.where.split(":")
        return getattr(import_module(module), attribute)

    def option(self, name: object) -> Option:
        """The option of that name; InputError names those that there are."""
        for option in self.options:
            if option.name == name:
                return option
        if not self.options:
            raise InputError(f"{self.kind} {self.name!r} has no option {shown(name)}", "It takes none: leave it out")
        raise unknown(f"option of {self.kind} {self.name!r}:", name, (option.name for option in self.options))

    def options_of(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """All options: those `given`, the others as by default. InputError for unknown ones and for values out of range."""
        checked = {name: self.option(name).check(value) for name, value in given.items()}
        return {option.name: checked.get(option.name, option.default) for option in self.options}

    def read(self, text: str) -> dict[str, Value]:
        """The options that stand behind the colon: {"easy": 0.3} for "easy=.3". InputError names every mistake."""
        given: dict[str, Value] = {}
        for item in text.split(SEPARATOR):
            option, equals, value = (part.strip() for part in item.partition("="))
            if not equals:
                raise InputError(
                    f"{self.kind} {shown(f'{self.name}:{text}')} has an option without a value", f"Write it as {self.name}:OPTION=VALUE,…"
                )
            if option in given:
                raise InputError(f"{self.kind} {shown(f'{self.name}:{text}')} says {option} twice", "Say it once")
            given[option] = self.option(option).read(value)
        return given

    def words(self, options: Mapping[str, Any]) -> str:
        """One text for whatever means the same: options by name, those left out that are as by default."""
        told = {option: value for option, value in sorted(self.options_of(options).items()) if value != self.option(option).default}
        said = SEPARATOR.join(f"{option}={self.option(option).write(value)}" for option, value in told.items())
        return f"{self.name}:{said}" if said else self.name
