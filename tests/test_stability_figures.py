"""Figures of stability colour what can be told from the baseline, and nothing else."""

from matplotlib.colors import to_hex

from ftft.result_figures import GAIN, LOSS, SERIES
from ftft.stability_figures import intervals


def inks(values) -> dict[str, str]:
    """Method -> the colour of its point."""
    (ax,) = intervals({"SD": values}, "standard").axes
    points = [line for line in ax.lines if line.get_marker() == "o"]
    return {name: to_hex(line.get_color()).upper() for name, line in zip(values, points, strict=True)}


def test_a_method_has_a_colour_of_its_own_where_its_interval_does_not_meet_the_baselines():
    values = {"standard": (2.0, 1.5, 3.0), "steadier": (0.5, 0.3, 0.9), "same": (1.6, 1.2, 2.4), "less": (5.0, 4.0, 7.0)}
    found = inks(values)
    assert (found["steadier"], found["same"], found["less"]) == (GAIN.upper(), SERIES[0].upper(), LOSS.upper())


def test_values_without_an_interval_say_nothing():
    assert inks({"standard": (2.0, 2.0, 2.0), "mmr": (1.9, 1.9, 1.9)})["mmr"] == SERIES[0].upper()
