"""The words of stabilisers, and that the documentation knows them."""

import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftft.domain import stabilisers
from ftft.domain.stabilisers import NAMES, STABILISERS, as_markdown, in_words, options, parts
from ftft.errors import InputError

TEXT = (Path(__file__).parents[2] / "docs" / "stability.md").read_text(encoding="utf-8")


def test_the_documentation_holds_the_registry_as_it_is():
    assert as_markdown() in TEXT


@pytest.mark.parametrize("words", ["ftft experiment stability", "ftft data add"])
def test_the_commands_of_the_documentation_are_understood(words):
    from ftft.cli.data import data
    from ftft.cli.experiments import experiment

    command = {"experiment": experiment, "data": data}[words.split()[1]].commands[words.split()[2]]
    lines = [line.strip() for line in TEXT.splitlines() if line.startswith(f"    {words}")]
    assert len(lines) > 1
    for line in lines:
        command.make_context(command.name, shlex.split(line, comments=True)[3:])


def test_every_class_behind_a_name_takes_its_options():
    for one in STABILISERS.values():
        if one.where:
            one.load()(**one.options_of({}))


@given(st.lists(st.sampled_from(sorted(STABILISERS)), unique=True))
def test_words_and_parts_are_inverse_whatever_the_order(names):
    found = parts(names)
    assert set(stabilisers.names(found)) == set(names)
    assert parts(in_words(found)) == found == parts(reversed(list(found)))


def test_what_is_as_by_default_is_not_said():
    assert parts("mmr:alpha=0.01+mhloss:heads=5+surt:epochs=3,lr=5e-5") == ("mmr", "mhloss", "surt")
    assert parts("standard") == parts(["standard"]) == ()
    assert in_words(()) == "standard"
    assert options("mixout:p=0.3")[1] == {"p": 0.3}


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("mixup", "mixout"), ("mmr:alpha=-1", "from 0"), ("mhloss:heads=0", "from 1"), ("mhloss:heads=2.5", "whole"),
        ("mmr:beta=1", "alpha"),        ("mmr+mmr", "once"), ("mmr:alpha", "OPTION=VALUE"), ("mixout:p=1", "0.99"), ("", "mmr|standard"),
    ],
)  # fmt: skip
def test_wrong_words_are_named_with_their_remedy(words, remedy):
    with pytest.raises(InputError) as problem:
        parts(words)
    assert re.search(remedy, str(problem.value))


def test_all_names_are_promised():
    assert set(NAMES) == {"standard", "mmr", "mhloss", "surt", "llrd", "reinit", "mixout", "pretrained_wd", "long"}
