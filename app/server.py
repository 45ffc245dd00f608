"""The app's web server: one process for a workspace, which prints the address to open once it answers.

A second `ftft app` on the same workspace finds the first one by `locks/app.lock` (held as long as the process lives) and
`locks/app.json` (its address), prints that address and leaves. The token in it stays in `locks/app.token`, so that an open tab and a
bookmark go on working when the app is started again. With --read-only it takes no part in that: it writes nothing.
Plotly's JavaScript comes from the installed package: nothing is fetched from elsewhere.
"""

import errno
import hashlib
import json
import os
import re
import secrets
import socket
import sys
import threading
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from app.gate import LOOPBACK, Gate, Hosts, everywhere
from ftft.errors import InputError, WorkError, shown

ROOT = Path(__file__).resolve().parent.parent  # holds app/ and streamlit_config.toml
PORTS_TRIED = 100
PATIENCE_S = 60  # the longest that another app may take to answer
PRIVATE = 0o600
_TOKEN = re.compile(r"[\w-]{32}", re.ASCII)
_BASE = re.compile(r"[\w.~-]+(/[\w.~-]+)*", re.ASCII)
_NO_PATH = {".", "..", "_stcore", "component", "media", "static"}  # the last four are Streamlit's own
OPEN_TO_OTHERS = """\
Warning: the app listens on {host}, for other machines, too. Whoever has its token can start training here, and plain http carries the
token readable through the network. Better: leave --host out, and reach the app through an SSH tunnel from your own machine,
    ssh -L {port}:127.0.0.1:{port} USER@THIS_MACHINE
or through a proxy with https (docs/remote.md)."""


@dataclass(frozen=True)
class Place:
    """Where the app is served: `base` is what all its paths begin with, such as "/ftft", or nothing."""

    host: str
    hosts: Hosts
    base: str = ""

    @classmethod
    def of(cls, host: str, allow_hosts: Collection[str], base_url: str) -> "Place":
        """InputError where one of `allow_hosts` is no host name, or `base_url` no path."""
        path = base_url.strip("/")
        if path and (not _BASE.fullmatch(path) or _NO_PATH & set(path.split("/"))):
            raise InputError(f"--base-url {shown(base_url)} is not a path", "Give what follows the host's name, such as /ftft")
        return cls(host, Hosts.of(host, allow_hosts), f"/{path}" if path else "")

    def url(self, port: int, token: str) -> str:
        """What a browser on this machine opens."""
        host = "127.0.0.1" if everywhere(self.host) else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{port}{self.base}/?token={token}"


def serve(
    workspace: Path,
    host: str = "127.0.0.1",
    port: int = 8501,
    opened: Callable[[str], object] = lambda url: None,
    read_only: bool = False,
    allow_hosts: Collection[str] = (),
    base_url: str = "",
    remote_code: bool = False,
) -> None:
    """Serves `workspace` until it is stopped; or, where that is done already, prints the address and returns.

    `opened` is called with the address once it answers. With `read_only` any number serve it, and none of them changes it.
    `allow_hosts`: further names that the app goes by. `base_url`: the path that a proxy shows it under. With `remote_code` the Launch
    page may let a model's own code run.
    """
    os.environ["FTFT_READ_ONLY"] = str(int(read_only))  # app/backend.py reads these two
    os.environ["FTFT_REMOTE_CODE"] = str(int(remote_code))
    place = Place.of(host, allow_hosts, base_url)
    if read_only:
        _run(workspace, place, port, secrets.token_urlsafe(24), lambda url: _say(url, opened), read_only)
        return
    locks = workspace / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    address = locks / "app.json"
    try:
        with FileLock(locks / "app.lock", timeout=0):
            address.unlink(missing_ok=True)
            try:
                _run(workspace, place, port, token_in(locks), lambda url: (_publish(address, url), _say(url, opened)))
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


def token_in(locks: Path) -> str:
    """The token of the workspace's app, made when it is first asked for. One that others can read, or that is torn, is made anew."""
    file = locks / "app.token"
    try:
        if file.stat().st_mode & 0o077 == 0 and _TOKEN.fullmatch(known := file.read_text(encoding="ascii", errors="replace")):
            return known
    except FileNotFoundError:
        pass
    except OSError as problem:
        remedy = "Remove it, if that is yours to decide: a new one is made; or look at the workspace with --read-only"
        raise InputError(f"the app's token in {file} cannot be read: {problem.strerror}", remedy) from problem
    token = secrets.token_urlsafe(24)
    _write_privately(file, token)
    return token


def _run(workspace: Path, place: Place, first: int, token: str, answering: Callable[[str], object], read_only: bool = False) -> None:
    """On the first port from `first` on that is free: another process may take one between the look at it and its use."""
    from app import memory

    os.environ["FTFT_WORKSPACE"] = str(workspace.resolve())  # the pages' Workspace() reads it
    memory.set_up()
    port = free_port(place.host, first)
    if place.host not in LOOPBACK:
        print(OPEN_TO_OTHERS.format(host=place.host, port=port), file=sys.stderr, flush=True)
    while not _served(workspace, place, port, token, answering, read_only):
        port = free_port(place.host, port)


def _served(workspace: Path, place: Place, port: int, token: str, answering: Callable[[str], object], read_only: bool) -> bool:
    """Serves until it is stopped. False, and nothing was announced, where the port is taken by now."""
    started = threading.Event()

    @asynccontextmanager
    async def announced(app: Any) -> AsyncIterator[None]:
        """Streamlit begins with this when the port is its own and listens: whoever connects from now on reaches no other server."""
        started.set()
        threading.Thread(target=answering, args=(place.url(port, token),), daemon=True).start()
        yield

    gate = {"token": token, "cookie": cookie_name(workspace, port if read_only else None), "hosts": place.hosts, "base": place.base}
    try:
        _app(place, gate, announced).run(config=_config(place, port))
    except SystemExit as ended:
        if ended.code:
            if started.is_set() or free_port(place.host, port) == port:
                raise WorkError("the app's server did not start", "See what it says above") from ended
            return False
    return True


def _config(place: Place, port: int) -> dict[str, Any]:
    """Streamlit's options."""
    hosts = ["*"] if place.hosts.any_address else sorted(place.hosts.names)
    ours = {"server.address": place.host, "server.port": port, "server.baseUrlPath": place.base, "server.allowedHosts": hosts}
    return dict(flat(tomllib.loads((ROOT / "streamlit_config.toml").read_text(encoding="utf-8")))) | ours


def _app(place: Place, gate: dict[str, Any], lifespan: Callable[..., Any]) -> Any:
    import plotly
    import streamlit as st
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    from app import failure
    from app.vendor import EarlyPlotly, Vendor

    return st.App(
        ROOT / "app" / "main.py",
        routes=[Mount(f"{place.base}/vendor", Vendor(directory=Path(plotly.__file__).parent / "package_data"))],
        middleware=[Middleware(Gate, **gate), Middleware(EarlyPlotly, page=f"{place.base}/")],
        lifespan=lifespan,
        on_script_error=failure.show,
    )


def cookie_name(workspace: Path, port: int | None) -> str:
    """One a workspace, and one more for each app that only shows it (`port`), of which there can be several."""
    name = f"ftft-{hashlib.sha256(str(workspace.resolve()).encode()).hexdigest()[:12]}"
    return name if port is None else f"{name}-{port}"


def _say(url: str, opened: Callable[[str], object]) -> None:
    print(url, flush=True)
    opened(url)


def _publish(address: Path, url: str) -> None:
    _write_privately(address, json.dumps({"url": url, "pid": os.getpid()}))


def _write_privately(file: Path, text: str) -> None:
    """Whole or not at all, and from its first moment for nobody else to read."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.tmp")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, file)


def _wait_for_address(address: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            return json.loads(address.read_text(encoding="utf-8"))["url"]
        except FileNotFoundError:
            time.sleep(0.1)
        except PermissionError as problem:
            raise InputError(
                "another account serves this workspace, and its address is not for you to read", "Use --read-only"
            ) from problem
    raise WorkError("another app of this workspace is starting but does not answer", f"Stop it; its lock is {address.with_suffix('.lock')}")
