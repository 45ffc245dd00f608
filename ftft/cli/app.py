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
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="The next free one if taken.")
@click.option("--read-only", is_flag=True, help="To look at: nothing in the workspace is changed, and nothing can be started.")
@click.option("--allow-host", "allow_hosts", multiple=True, metavar="NAME", help="Another host name that leads here; repeat for more.")
@click.option("--base-url", default="", metavar="PATH", help="The path under which a reverse proxy shows the app, such as /ftft.")
@click.option("--allow-remote-code", "remote_code", is_flag=True, help="Let the Launch page run models that bring their own Python code.")
@common
def app(
    host: str, port: int, read_only: bool, allow_hosts: tuple[str, ...], base_url: str, remote_code: bool, workspace: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Opens the app on a workspace; prints its URL once it answers.

    Whoever has the URL, with its token, can use the app. From another machine, reach it through an SSH tunnel (docs/remote.md).

    \b
    ftft app --workspace my-workspace
    """
    ws = Workspace(workspace, runner=not read_only, read_only=read_only)
    serve(ws, host, port, read_only=read_only, allow_hosts=allow_hosts, base_url=base_url, remote_code=remote_code)
