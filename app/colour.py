"""Colour arithmetic: hex and OKLCH ramps. Pure functions; which colours mean what is decided in theme.py."""

import math
from collections.abc import Sequence

import numpy as np


def rgb(hex_colour: str) -> np.ndarray:
    """ "#RRGGBB" as three numbers in 0..255."""
    return np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)], float)


def to_hex(channels: Sequence[float] | np.ndarray) -> str:
    """Three numbers in 0..255, rounded and clipped, as "#rrggbb"."""
    return "#" + "".join(f"{round(min(max(v, 0), 255)):02x}" for v in channels)


def blend(under: str, over: str, share: float) -> str:
    """`share` of the hex colour `over` on `under`; `share` is held to [0, 1]."""
    share = min(max(share, 0.0), 1.0)
    return to_hex((1 - share) * rgb(under) + share * rgb(over))


def faded(hex_colour: str, opacity: float) -> str:
    """ "rgba(…)" of a hex colour."""
    return f"rgba({','.join(f'{v:.0f}' for v in rgb(hex_colour))},{opacity:g})"


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """OKLCH (hue in degrees) as hex, clipped to sRGB. After Björn Ottosson, "A perceptual color space for image processing"."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return to_hex([255 * (12.92 * c if c <= 0.0031308 else 1.055 * max(c, 0) ** (1 / 2.4) - 0.055) for c in linear])


def ramp(stops: Sequence[tuple[float, float, float]], steps: int) -> tuple[str, ...]:
    """`steps` hex colours through evenly spaced OKLCH stops; hues may be negative, so that they run through 0 without a jump."""
    where, places = np.linspace(0, len(stops) - 1, steps), range(len(stops))
    channels = [np.interp(where, places, [stop[k] for stop in stops]) for k in range(3)]
    return tuple(from_oklch(*lch) for lch in zip(*channels, strict=True))
