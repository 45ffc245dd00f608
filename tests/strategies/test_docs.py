"""The documentation of experiments knows every strategy and every method."""

import re
import shlex
from pathlib import Path

import pytest

from ftft.cli.experiments import experiment
from ftft.strategies.registry import as_markdown
from ftft.workspace.methods import CONTROLS

TEXT = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


def test_it_holds_the_registry_as_it_is():
    assert as_markdown() in TEXT


@pytest.mark.parametrize("name", [*CONTROLS, "ftft", "subset"])
def test_it_knows_every_method(name):
    assert re.search(rf"^\| `{name}[`:\[]", TEXT, re.MULTILINE)


def test_the_commands_of_its_recipes_are_understood():
    blocks = re.findall(r"(?:^    .*\n)+", TEXT, re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    asked = [shlex.split(line, comments=True) for line in lines if line.strip().startswith("ftft experiment ftft")]
    assert len(asked) >= 3
    for words in asked:
        experiment.commands["ftft"].make_context("ftft", words[3:])
