"""Pictures of maps: every example in its cell, colours and opacities as promised."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app import shading
from app.shading import View

WIDTH, HEIGHT = 460, 390
VIEW = View((0.0, 0.5), (0.0, 1.0), WIDTH, HEIGHT)
CELLS = VIEW.cells
RED, BLUE = "#FF0000", "#0000FF"


def picture(png: bytes) -> np.ndarray:
    """(HEIGHT, WIDTH, 4) red, green, blue, opacity."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def shade_points(x_N, y_N, colour_N, colours=(RED, BLUE)):
    cell_N = shading.cells(np.array(x_N), np.array(y_N), VIEW)
    count_P = shading.per_cell(cell_N, CELLS)
    colour_P = shading.mean_colour(cell_N, np.array(colour_N, float), count_P)
    return picture(shading.shade(count_P, colour_P, shading.by_density(count_P), shading.palette(colours, 0.3), VIEW))


@given(st.lists(st.tuples(st.floats(-1, 1, width=32), st.floats(-1, 2, width=32)), min_size=1, max_size=60))
def test_every_example_in_view_is_counted_once_and_no_other(points):
    x_N, y_N = np.array(points, np.float32).T
    cell_N = shading.cells(x_N, y_N, VIEW)
    inside_N = (x_N >= 0) & (x_N <= 0.5) & (y_N >= 0) & (y_N <= 1)
    assert ((cell_N < CELLS) == inside_N).all()
    assert shading.per_cell(cell_N, CELLS).sum() == inside_N.sum()


@pytest.mark.parametrize(
    ("x", "y", "row", "column"),
    [
        (0.0, 1.0, 0, 0),
        (0.5, 1.0, 0, WIDTH - 1),
        (0.0, 0.0, HEIGHT - 1, 0),
        (0.5, 0.0, HEIGHT - 1, WIDTH - 1),
        (0.25, 0.5, HEIGHT // 2, WIDTH // 2),
    ],
)
def test_corners_and_centre_fall_where_the_axes_have_them(x, y, row, column):
    assert shading.cells(np.array([x]), np.array([y]), VIEW)[0] == row * WIDTH + column


def test_a_lone_point_grows_to_a_plus_and_stays_inside_the_picture():
    image = shade_points([0.25, 0.0], [0.5, 1.0], [0, 1])
    shown = image[..., 3] > 0
    assert shown.sum() == 5 + 3  # a plus in the middle, and what fits of one in the corner
    row, column = HEIGHT // 2, WIDTH // 2
    assert shown[row, column - 1 : column + 2].all()
    assert shown[row - 1 : row + 2, column].all()
    assert tuple(image[row, column, :3]) == (255, 0, 0)
    assert tuple(image[0, 0, :3]) == (0, 0, 255)


def test_a_point_never_paints_over_another():
    step = 0.5 / WIDTH
    image = shade_points([0.25, 0.25 + step], [0.5, 0.5], [0, 1])
    assert tuple(image[HEIGHT // 2, WIDTH // 2, :3]) == (255, 0, 0)
    assert tuple(image[HEIGHT // 2, WIDTH // 2 + 1, :3]) == (0, 0, 255)


def test_the_densest_cell_is_opaque_and_sparse_ones_are_fainter():
    x_N = np.r_[np.full(500, 0.1), np.full(20, 0.3), 0.45]
    image = shade_points(x_N, np.full(len(x_N), 0.5), np.zeros(len(x_N)))
    opacity = [image[HEIGHT // 2, int(x / 0.5 * WIDTH), 3] for x in (0.1, 0.3, 0.45)]
    assert opacity[0] == 255
    assert opacity[0] > opacity[1] > opacity[2] > 0


def test_opacity_of_a_selection_grows_with_its_share_of_the_cell():
    whole_P, count_P = np.full(CELLS, 100), np.zeros(CELLS, int)
    count_P[:4] = (1, 20, 60, 100)
    level = shading.by_share(count_P, whole_P)
    assert len(level) == 4
    assert (np.diff(level.astype(int)) > 0).all()
    assert level[-1] == shading.ALPHAS - 1


def test_the_commonest_label_of_a_cell_gives_its_colour():
    cell_N = np.array([7, 7, 7, 9, 9, 9, 9])
    colour_P = shading.commonest_colour(cell_N, np.array([0, 1, 1, 2, 2, 0, 2]), CELLS, 3)
    assert (colour_P[7], colour_P[9]) == (1, 2)


def test_many_colours_still_fit_a_png_palette():
    colours = tuple(f"#0000{k:02x}" for k in range(60))
    pal = shading.palette(colours, 0.3)
    assert pal.colours * shading.ALPHAS < 256
    assert len(pal.rgb) == 3 * 256


def test_nothing_in_view_gives_an_empty_picture():
    image = shade_points([0.9], [0.5], [0])
    assert not image.any()


def test_an_images_address_holds_the_png():
    assert base64.b64decode(shading.data_uri(b"\x89PNG").partition(",")[2]) == b"\x89PNG"
