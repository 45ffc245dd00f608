"""Who may use the app: whoever has its token, from a page of the app itself, under a host name that is the app's.

127.0.0.1 is not private. Every account of the machine reaches it; so does any web page, under a name of its own that it lets point
there (DNS rebinding), or from another port of the same host, to which cookies and SameSite are blind. Streamlit looks at names and origins
for the websocket alone, and trusts all origins on localhost: here everything that the server answers is looked at, before it is answered.
"""

import ipaddress
import re
import secrets
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse

from ftft.errors import InputError, shown

HEALTH = "/_stcore/health"  # answers anybody: it says that a server runs, and nothing else
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NOBODY = 4403  # code of a websocket that was refused
NO_TOKEN = "Open the address that `ftft app` printed, with its ?token=; the same command prints it again while the app runs."
_NAME = re.compile(r"[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII | re.IGNORECASE)
_NETLOC = re.compile(r"(?:([\w.-]+)|\[([0-9a-f:.]+)\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
# No page of another origin may show this one in a frame and steer the reader's mouse, or be told its address.
_HEADERS = ((b"content-security-policy", b"frame-ancestors 'self'"), (b"referrer-policy", b"same-origin"))


@dataclass(frozen=True)
class Hosts:
    """The names that the app goes by. `added`: those of --allow-host, in front of which a proxy may stand.

    `any_address`: any IP address is one, too, since a page cannot pretend to have one; true where all of the machine's are listened on.
    """

    names: frozenset[str]
    added: frozenset[str] = frozenset()
    any_address: bool = False

    @classmethod
    def of(cls, host: str, added: Collection[str] = ()) -> "Hosts":
        """For an app that listens on `host`. InputError where one of `added` is no host name."""
        more = frozenset(_checked(name) for name in added)
        every = everywhere(host)
        own = socket.gethostname().lower() if every else host.lower()
        return cls(LOOPBACK | {own} | more, more, every)

    def allow(self, netloc: str) -> bool:
        """Whether a Host header names the app."""
        name = name_of(netloc)
        return name is not None and (name in self.names or (self.any_address and _is_address(name)))

    def same(self, origin: str, netloc: str) -> bool:
        """Whether a page from `origin` is the app's own: served under the very Host (port included), or by a proxy that was allowed."""
        scheme, _, place = origin.partition("://")
        return scheme in ("http", "https") and (place.lower() == netloc.lower() or name_of(place) in self.added)


class Gate:
    """ASGI middleware, pure: one that is made of request and response would let websockets pass.

    `base`: what all paths begin with, such as "/ftft", or nothing. `cookie`: the name of the cookie that stands for the token once the
    address with it was opened. Cookies ignore the port, so each app of a host needs a name of its own.
    """

    def __init__(self, app: Any, *, token: str, cookie: str, hosts: Hosts, base: str = "") -> None:
        assert token, "an empty one would open to everybody"
        self.app, self.token, self.cookie, self.hosts, self.base = app, token, cookie, hosts, base

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hands on what may pass; 403 for a request that may not, and a websocket is closed before it is accepted."""
        if scope["type"] not in ("http", "websocket") or scope["path"] == self.base + HEALTH:
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        kept = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        why = self._refusal(headers, [kept, *QueryParams(scope["query_string"]).getlist("token")])
        if why and scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": NOBODY})
        if why:
            return await PlainTextResponse(f"{why}\n", 403, {"cache-control": "no-store"})(scope, receive, send)
        if scope["type"] == "websocket":
            return await self.app(_without_origin(scope), receive, send)
        more = list(_HEADERS) if self._right(kept) else [*_HEADERS, (b"set-cookie", self._fresh_cookie(scope, headers).encode())]

        async def remember(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message["headers"], *more]}
            await send(message)

        return await self.app(scope, receive, remember)

    def _refusal(self, headers: Headers, tokens: list[str]) -> str:
        """Why a request may not pass, in a sentence; empty if it may."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.hosts.allow(host):
            return f"This app does not go by the name {shown(host)}; if it should, start it with --allow-host and that name."
        if not any(map(self._right, tokens)):
            return NO_TOKEN
        if origin is not None and not self.hosts.same(origin, host):
            return f"A page of {shown(origin)} may not use this app; if a proxy shows it there, start it with --allow-host and that name."
        return ""

    def _right(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self.token.encode())

    def _fresh_cookie(self, scope: Any, headers: Headers) -> str:
        """Secure where the reader's browser speaks https: a proxy's word is taken for that, and for nothing else."""
        https = headers.get("x-forwarded-proto", scope["scheme"]).partition(",")[0].strip().lower() == "https"
        return f"{self.cookie}={self.token}; HttpOnly; SameSite=Strict; Path={self.base or '/'}{'; Secure' if https else ''}"


def everywhere(host: str) -> bool:
    """Whether a server that listens on `host` does so on all addresses of the machine."""
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def name_of(netloc: str) -> str | None:
    """The host in `host:port` or `[address]:port`, in lower case; None where it is something else."""
    found = _NETLOC.fullmatch(netloc)
    return (found[1] or found[2]).lower().rstrip(".") if found else None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"--allow-host {shown(name)} is not a host name", "Give the name alone, such as ftft.example.org: no https://, no port"
        )
    return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _without_origin(scope: Any) -> Any:
    """Streamlit would judge an origin that it does not know by asking a server on the internet for this machine's address."""
    return scope | {"headers": [(name, value) for name, value in scope["headers"] if name != b"origin"]}
