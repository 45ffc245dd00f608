"""Being asked to stop (SIGTERM from a queue, Ctrl-C): training ends its step and saves first, everything else stops at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """`requested` turns true at the first signal while `polite`; a second one, or one while not polite, raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.requested = self._polite = False

    @contextmanager
    def politely(self) -> Iterator[None]:
        """Inside, somebody looks at `requested` after every step."""
        self._polite = True
        try:
            yield
        finally:
            self._polite = False

    def handle(self, *_: object) -> None:
        """The signal handler."""
        if self.requested or not self._polite:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Catches SIGTERM and SIGINT; the former handlers come back. Outside the main thread, where none arrive, it catches nothing."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = {number: signal.signal(number, stop.handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
