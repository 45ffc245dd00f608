"""What browser and app say to each other over Streamlit's web socket, and when: a proxy between the two that writes the frames down.

The page's own clock would not do: it reads a frame when it has finished painting the one before, and so would count its own work to the
server's. Streamlit does not compress its frames, so that they can be read as they pass.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

CHUNK = 1 << 18
UPGRADE = b"upgrade: websocket"
SMALL = 4096  # bytes: "script finished" is a small message


@dataclass(frozen=True)
class Frame:
    """One message: the moment at which its last byte passed (seconds, as `time.time`), its direction, what it says."""

    at: float
    up: bool
    payload: bytes

    @property
    def finished(self) -> bool:
        """Does the server say with it that a run of the script is over?"""
        if self.up or len(self.payload) > SMALL:
            return False
        with suppress(Exception):
            return ForwardMsg.FromString(self.payload).WhichOneof("type") == "script_finished"
        return False


class Wire:
    """`frames`: all that was said so far, in order."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def since(self, moment: float) -> list[Frame]:
        """What was said after `moment`."""
        return [frame for frame in self.frames if frame.at >= moment]

    def forget(self) -> None:
        """Frees the memory of what was said."""
        self.frames.clear()


@dataclass
class _Reader:
    """Cuts one direction of a web socket into messages."""

    wire: Wire
    up: bool
    left: bytearray = field(default_factory=bytearray)
    message: bytearray = field(default_factory=bytearray)
    begun: bool = False  # the HTTP head is over

    def take(self, piece: bytes) -> None:
        at = time.time()
        self.left += piece
        if not self.begun:
            _, found, rest = bytes(self.left).partition(b"\r\n\r\n")
            if not found:
                return
            self.left, self.begun = bytearray(rest), True
        while (size := self._one(at)) is not None:
            del self.left[:size]

    def _one(self, at: float) -> int | None:
        """Reads the frame at the start: its size, or None where it is not whole yet."""
        if len(self.left) < 2:
            return None
        first, masked, length, start = self.left[0], self.left[1] & 0x80, self.left[1] & 0x7F, 2
        if length > 125:
            wide = 2 if length == 126 else 8
            if len(self.left) < 2 + wide:
                return None
            length, start = int.from_bytes(self.left[2 : 2 + wide], "big"), 2 + wide
        body = start + (4 if masked else 0)
        if len(self.left) < body + length:
            return None
        if first & 0x0F in (0, 1, 2):  # the others are pings and the like
            payload = bytes(self.left[body : body + length])
            self.message += _unmasked(payload, bytes(self.left[start:body])) if masked else payload
            if first & 0x80:
                self.wire.frames.append(Frame(at, self.up, bytes(self.message)))
                self.message.clear()
        return body + length


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


@contextmanager
def tapped(url: str) -> Iterator[tuple[str, Wire]]:
    """The same address through a proxy on a port of its own, and what is said there."""
    parts, wire, loop = urlsplit(url), Wire(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="wire", daemon=True)
    thread.start()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            theirs, ours = await asyncio.open_connection(parts.hostname, parts.port)
            first = await reader.read(CHUNK)
            readers = (_Reader(wire, True), _Reader(wire, False)) if UPGRADE in first.lower() else (None, None)
            ours.write(first)
            if readers[0]:
                readers[0].take(first)
            await asyncio.gather(_pump(reader, ours, readers[0]), _pump(theirs, writer, readers[1]))

    async def start() -> int:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield urlunsplit(parts._replace(netloc=f"127.0.0.1:{port}")), wire
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, reader: _Reader | None) -> None:
    with suppress(OSError):
        while piece := await source.read(CHUNK):
            sink.write(piece)
            if reader:
                reader.take(piece)
            await sink.drain()
    with suppress(OSError):
        sink.close()
