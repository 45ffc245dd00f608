"""The app's web server: one process for a workspace, which prints the address to open once it answers.

A second `ftft app` on the same workspace finds the first one by `locks/app.lock` (held as long as the process lives) and
`locks/app.json` (its address), prints that address and leaves. With --read-only it takes no part in that: it writes nothing.
Plotly's JavaScript comes from the installed package: nothing is fetched from elsewhere.
"""

import errno
import json
import os
import secrets
import socket
import sys
import threading
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ftft.errors import InputError, WorkError

ROOT = Path(__file__).resolve().parent.parent  # holds app/ and streamlit_config.toml
PORTS_TRIED = 100
INSTANCE = "/_ftft/instance"  # where a server says which one it is
PATIENCE_S = 60  # the longest that a server may take to answer


def serve(
    workspace: Path,
    host: str = "127.0.0.1",
    port: int = 8501,
    opened: Callable[[str], object] = lambda url: None,
    read_only: bool = False,
) -> None:
    """Serves `workspace` until it is stopped; or, where that is done already, prints the address and returns.

    `opened` is called with the address once it answers. With `read_only` any number serve it, and none of them changes it.
    """
    os.environ["FTFT_READ_ONLY"] = str(int(read_only))  # app/backend.py reads it
    if read_only:
        _run(workspace, host, free_port(host, port), lambda url: _say(url, opened))
        return
    locks = workspace / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    address = locks / "app.json"
    try:
        with FileLock(locks / "app.lock", timeout=0):
            address.unlink(missing_ok=True)
            try:
                _run(workspace, host, free_port(host, port), lambda url: (_publish(address, url), _say(url, opened)))
            finally:
                address.unlink(missing_ok=True)
    except Timeout:
        _say(_wait_for_address(address), opened)


def flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`{"theme": {"light": {"font": …}}}` gives `("theme.light.font", …)`: the form in which Streamlit takes its options."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def free_port(host: str, first: int) -> int:
    """The first port from `first` on that nobody listens on."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as problem:
                if problem.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise InputError(
                        f"cannot listen on {host}: {problem.strerror}", "Give an address of this machine to --host"
                    ) from problem
                continue
            return port
    raise InputError(f"no port from {first} on is free", "Give another one to --port")


def _run(workspace: Path, host: str, port: int, answering: Callable[[str], object]) -> None:
    import plotly
    import streamlit as st
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    from app import failure, memory
    from app.vendor import EarlyPlotly, Vendor

    os.environ["FTFT_WORKSPACE"] = str(workspace.resolve())  # the pages' Workspace() reads it
    memory.set_up()
    vendor, instance = Path(plotly.__file__).parent / "package_data", secrets.token_urlsafe(16)
    app = st.App(
        ROOT / "app" / "main.py",
        routes=[Mount("/vendor", Vendor(directory=vendor)), Route(INSTANCE, lambda request: PlainTextResponse(instance))],
        middleware=[Middleware(EarlyPlotly)],
        on_script_error=failure.show,
    )
    config = dict(flat(tomllib.loads((ROOT / "streamlit_config.toml").read_text(encoding="utf-8"))))
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    threading.Thread(target=announce, args=(url, instance, answering), daemon=True).start()
    try:
        app.run(config=config | {"server.address": host, "server.port": port})
    except SystemExit as ended:
        if ended.code:  # Streamlit's way to say that the port is taken by now
            raise WorkError(f"port {port} was taken while the app started", "Start it again; it takes the next free port") from ended


def announce(url: str, instance: str, answering: Callable[[str], object], patience_s: float = PATIENCE_S) -> None:
    """Waits until *this* server answers: another may have taken the port since it was found free."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url + INSTANCE, timeout=2) as answer:
                if answer.read().decode() == instance:
                    answering(f"{url}/?token={secrets.token_urlsafe(16)}")
                    return
        except OSError:
            pass
        time.sleep(0.05)
    print(f"The app does not answer at {url}", file=sys.stderr)


def _say(url: str, opened: Callable[[str], object]) -> None:
    print(url, flush=True)
    opened(url)


def _publish(address: Path, url: str) -> None:
    aside = address.with_suffix(".tmp")
    aside.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    os.replace(aside, address)


def _wait_for_address(address: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if address.exists():
            return json.loads(address.read_text(encoding="utf-8"))["url"]
        time.sleep(0.1)
    raise WorkError("another app of this workspace is starting but does not answer", f"Stop it; its lock is {address.with_suffix('.lock')}")
