"""What the README tells a newcomer works: its commands are words that the command line knows, its Python runs."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from ftft.cli import ftft as command_line
from ftft.demo import QUICK
from ftft.workspace import Workspace

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
LABELS = ("abusive", "neutral")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    return "".join(blocks("bash")).replace("\\\n", " ").strip().splitlines()


@pytest.mark.parametrize("line", commands(), ids=lambda line: " ".join(line.split()[:3]))
def test_every_command_is_understood(line):
    name, *words = shlex.split(line, comments=True)
    assert name == "ftft"
    command: click.Command = command_line
    context = command.make_context(name, words)
    while isinstance(command, click.Group):
        asked = [*context._protected_args, *context.args]
        _, found, rest = command.resolve_command(context, asked)
        assert found is not None, asked
        command, context = found, found.make_context(found.name, rest, parent=context)


def test_the_small_torch_is_the_one_that_the_constraints_name():
    (told,) = re.findall(r"pip install (torch\S+) --index-url", README)
    assert told in (REPOSITORY / "constraints.txt").read_text().splitlines()


def test_the_python_runs(tmp_path, monkeypatch):
    """On few rows and with the smallest bundled model instead of those of the hub; for the rest, to the letter."""
    code = "\n".join(blocks("python"))
    monkeypatch.chdir(tmp_path)
    Path("cad").mkdir()
    for name, rows in (("train", 60), ("dev", 20)):
        lines = [json.dumps({"id": f"{name}-{n}", "text": f"{name} text {n}", "label": LABELS[n % 2]}) for n in range(rows)]
        Path("cad", f"{name}.jsonl").write_text("\n".join(lines))
    smallest = {m.name: m.path for m in Workspace(tmp_path / "elsewhere").models()}[QUICK.references[0]]
    code, replaced = re.subn(r'model="[^"]+"', f"model={smallest!r}", code)
    assert replaced == 3
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["main"].state == names["everything"].state == "succeeded"
    assert names["main"].scores.keys() == {"dev"}
    assert names["main"].spec.subset == "ambiguous"
    assert names["main"].steps_done == names["everything"].steps_done
    assert len(names["recorder"].folder.read_epoch(1).ids_N) == 3
