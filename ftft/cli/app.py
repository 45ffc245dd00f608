"""`ftft app`: puts the app's folder first on the path and starts its server."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ftft.cli.output import common
from ftft.workspace import Workspace

BUNDLE = Path(__file__).parents[1] / "_bundle"


def serve(workspace: Workspace, host: str = "127.0.0.1", port: int = 8501, **hooks: Any) -> None:
    """Blocks while the app runs. The package's own `app` comes first on the path, before any other folder of that name."""
    root = BUNDLE if (BUNDLE / "app").is_dir() else Path(__file__).parents[2]
    sys.path.insert(0, str(root))
    import_module("app.server").serve(workspace.path, host, port, **hooks)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="The next free one if taken.")
@click.option("--read-only", is_flag=True, help="To look at: nothing in the workspace is changed, and nothing can be started.")
@common
def app(host: str, port: int, read_only: bool, workspace: str | None, as_json: bool) -> None:
    """Opens the app on a workspace; prints its URL once it answers.

    \b
    ftft app --workspace my-workspace
    """
    serve(Workspace(workspace, runner=not read_only, read_only=read_only), host, port, read_only=read_only)
