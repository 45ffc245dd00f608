"""Since when this machine has been up: after a reboot no process of an earlier attempt can be alive, whatever its lock's text says."""

from pathlib import Path

_LINUX = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """A text that is another one after each start of the machine."""
    if _LINUX.exists():
        return _LINUX.read_text().strip()
    import psutil

    return str(int(psutil.boot_time()))
