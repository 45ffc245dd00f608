"""`ftft rebuild`"""

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
