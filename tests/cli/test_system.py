"""On a system that has no flock, every command says in a sentence where ftft runs."""

import json
import subprocess
import sys

import pytest

# What Windows looks like from inside: its name, and none of the modules that only Unix has.
WINDOWS = """
import sys
import click  # before: on Windows it wants what only Windows has
sys.platform = "win32"
for name in ("fcntl", "resource", "termios", "pwd"):
    sys.modules[name] = None
from ftft.cli import main
main(sys.argv[1:])
"""


def windows(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", WINDOWS, *words], capture_output=True, text=True, timeout=60)


def test_the_doctor_names_wsl2() -> None:
    told = windows("doctor", "--json")
    (check,) = json.loads(told.stdout)["checks"]
    assert (told.returncode, check["name"], check["ok"]) == (1, "system", False)
    assert "WSL2" in check["remedy"]
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("words", [["runs", "list"], ["app"], ["train", "cad", "--model", "m"], ["jobs"]])
def test_commands_refuse_with_the_same_words(words: list[str]) -> None:
    told = windows(*words)
    assert told.returncode == 2
    assert "WSL2" in told.stderr
    assert "Traceback" not in told.stderr
