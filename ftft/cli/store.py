"""`ftft rebuild`, `ftft doctor`"""

import click

from ftft.cli.output import common, emit
from ftft.workspace import Workspace


@click.command()
@common
def rebuild(workspace: str | None, as_json: bool) -> None:
    """Throws the database and the caches away and makes them again from the files. Nothing is lost.

    \b
    ftft rebuild --workspace my-workspace
    """
    found = Workspace(workspace).rebuild()
    epochs = sum(len(numbers) for numbers in found["runs"].values())
    lines = [f"{len(found['datasets'])} datasets, {len(found['runs'])} runs, {epochs} epochs"]
    emit(as_json, found, lambda: "\n".join([*lines, *(problem["message"] for problem in found["left_out"])]))


@click.command()
@common
def doctor(workspace: str | None, as_json: bool) -> int:
    """Looks for what is wrong with a workspace and the installation, and says how to mend it. Changes nothing.

    \b
    ftft doctor --workspace my-workspace
    """
    from ftft.workspace.doctor import examine
    from ftft.workspace.place import where

    checks = examine(where(workspace))
    lines = ["ok    " + c.name if c.ok else f"wrong {c.name}: {c.problem}. {c.remedy}." for c in checks]
    emit(as_json, {"checks": [c.to_json() for c in checks]}, lambda: "\n".join(lines))
    return 0 if all(c.ok for c in checks) else 1
