"""What a file holds, taken out of its JSON by name and kind: one that a crash, a disk or an editor has broken is named, never believed."""

from typing import Any

from ftft.errors import InputError, shown

REMEDY = "Copy the file again from where it was made, or remove its folder"

# How a kind is called in a message.
_CALLED = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false", dict: "an object", list: "a list", type(None): "null",
}  # fmt: skip


def take(value: Any, name: str, *kinds: type) -> Any:
    """`value[name]`, which is of one of `kinds`. As in JSON, a whole number is a number, too, and a truth value is neither.

    InputError when `value` is no object, lacks the name, or holds something else there.
    """
    if not isinstance(value, dict):
        raise _broken(f"{shown(value)} stands where an object should")
    if name not in value:
        raise _broken(f"{name!r} is missing")
    return checked(value[name], name, *kinds)


def take_all(value: Any, name: str, container: type, *kinds: type) -> Any:
    """The same for a list or an object (`container`) whose members are all of one of `kinds`."""
    whole = take(value, name, container)
    for member in whole.values() if isinstance(whole, dict) else whole:
        checked(member, name, *kinds)
    return whole


def checked(value: Any, name: str, *kinds: type) -> Any:
    """`value` itself, if it is of one of `kinds`."""
    if not any(type(value) is kind or (kind is float and type(value) is int) for kind in kinds):
        raise _broken(f"{name!r} is {shown(value)} instead of {' or '.join(_CALLED[kind] for kind in kinds)}")
    return value


def _broken(what: str) -> InputError:
    return InputError(what, REMEDY)
