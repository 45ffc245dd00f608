"""Selections that an address can name: `selections/HASH.json`, a selection file each, named by the hash of what it says."""

from collections import OrderedDict
from typing import TYPE_CHECKING

from ftft.domain import Selection
from ftft.errors import InputError, shown
from ftft.publish import publish_json, read_json

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

SHORTEST = 6  # characters of a hash that name a selection
REMEMBERED = 256  # kept in memory, too, where the folder cannot be written
REMEDY = "Make the selection again on the map, or open the address on the workspace where it was made"


class Selections:
    """`ws.selections`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.root = workspace.path / "selections"
        self._remembered: OrderedDict[str, Selection] = OrderedDict()

    def keep(self, selection: Selection, write: bool = True) -> str:
        """The hash under which `get` finds it. In this process alone without `write`, or where the workspace cannot be written."""
        file = self.root / f"{selection.hash}.json"
        if file.exists() or (selection.hash in self._remembered and not write):
            return selection.hash
        if write:
            try:
                publish_json(file, selection.to_json())
            except OSError:
                write = False
        if not write:
            self._remembered[selection.hash] = selection
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return selection.hash

    def get(self, hash: str) -> Selection:
        """The selection with this hash, or the only one whose hash begins so. InputError where there is none, or its file is broken."""
        if hash in self._remembered:
            return self._remembered[hash]
        wanted = hash if len(hash) >= SHORTEST and set(hash) <= set("0123456789abcdef") else "-"
        found = sorted({f.stem for f in self.root.glob(f"{wanted}*.json")})
        if not found:
            raise InputError(f"selection {shown(hash)} is not stored here", REMEDY)
        if len(found) > 1:
            raise InputError(f"selection {shown(hash)} may be any of {len(found)}", "Give more characters of its hash")
        file = self.root / f"{found[0]}.json"
        try:
            selection = Selection.from_json(read_json(file))
        except InputError as problem:
            raise InputError(f"{file} is broken: {problem.message}", REMEDY) from problem
        if selection.hash != found[0]:
            raise InputError(f"{file} is broken: what it says does not give its hash", REMEDY)
        return selection
