"""Where ftft runs: on what has fork, flock and signals. Windows has them in WSL2."""

import sys

from ftft.errors import InputError

REMEDY = "Install WSL2 (`wsl --install` in a terminal of Windows), and then ftft inside it; its page opens in a browser of Windows"


def unsupported() -> InputError | None:
    """Why ftft cannot run on this system; None where it can."""
    if sys.platform in ("win32", "cygwin"):
        return InputError("ftft runs on Linux and macOS, and on Windows through WSL2", REMEDY)
    return None
