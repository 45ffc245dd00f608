"""Messages name what is known, and stay short enough to be read."""

from ftft.errors import MOST_NAMED, unknown


def test_of_what_is_known_the_nearest_are_named_else_all_else_the_first_of_them():
    assert unknown("run", "b1", ["b12", "c3"]).remedy == "Perhaps you mean b12"
    assert unknown("run", "zzz", ["b12", "a3"]).remedy == "Known: a3, b12"
    assert unknown("run", "zzz", []).remedy == "Known: none yet"
    many = [f"{n:04}" for n in range(1000)]
    assert unknown("run", "zzz", many).remedy == f"Known: {', '.join(many[:MOST_NAMED])} and {1000 - MOST_NAMED} more"
