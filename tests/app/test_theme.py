"""Colours that can be told apart, numbers that can be read, markup that cannot be broken by data."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app import colour, parts, theme
from ftft.workspace import report


def luminance(hex_colour: str) -> float:
    """Relative luminance in [0, 1] (WCAG 2)."""
    channel = colour.rgb(hex_colour) / 255
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    """Contrast ratio in [1, 21] (WCAG 2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_both_backgrounds(mode):
    t = theme.TOKENS[mode]
    assert contrast(t["ink"], t["bg"]) > 12
    for name in ("muted", "accent", "good", "warn", "bad"):
        assert contrast(t[name], t["bg"]) > 4.5, name


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_correctness_scale_stays_ordered_in_grey_print(mode):
    grey = [luminance(c) for c in theme.correctness_scale(mode)]
    assert all(a > b for a, b in pairwise(grey))


def test_numbers_are_written_for_readers():
    assert parts.num(66000) == "66\u202f000"
    assert parts.signed(-0.62) == "−0.6"
    assert parts.signed(0.0) == "0.0"
    assert parts.pct(0.329) == "33\u202f%"
    assert parts.plural(1, "run") == "1 run"


def test_what_comes_from_data_is_escaped():
    assert "<script>" not in parts.bars([("<script>", 0.5, 0.5, "#000000")], "<script>") + parts.pill("<script>") + parts.with_code(
        "<script>"
    )


def test_styles_of_the_report_are_named_apart_from_those_of_the_app():
    """The page of an experiment has both."""
    text = (Path(report.__file__).parent / "style.css").read_text(encoding="utf-8")
    selectors = [one.strip() for found in re.findall(r"([^{}]+){", text) for one in found.split(",")]
    assert len(selectors) > 40
    assert [one for one in selectors if not one.startswith(".r-")] == []
