"""What is kept: the latest, within its room, whatever grows afterwards."""

import numpy as np

from ftft.workspace.kept import Kept, arrays


class Growing:
    def __init__(self) -> None:
        self.values: dict[str, np.ndarray] = {}


def test_a_thing_is_made_once_while_there_is_room():
    kept, made = Kept(), []
    assert [kept.once("a", lambda: made.append(1) or 7) for _ in range(3)] == [7, 7, 7]
    assert made == [1]


def test_what_was_not_used_for_longest_goes_first():
    kept = Kept(room=2_500)
    for key in ("a", "b"):
        kept.once(key, lambda: np.zeros(1000, np.uint8))
    kept.once("a", lambda: None)
    kept.once("c", lambda: np.zeros(1000, np.uint8))
    assert kept.once("a", lambda: "anew") is not None
    assert isinstance(kept.once("a", lambda: "anew"), np.ndarray)
    assert kept.once("b", lambda: "anew") == "anew"


def test_the_newest_thing_stays_even_where_it_alone_is_too_large():
    kept = Kept(room=10)
    big = kept.once("big", lambda: np.zeros(1000, np.uint8))
    assert kept.once("big", lambda: "anew") is big


def test_arrays_that_come_later_count_and_shared_ones_count_once():
    kept, shared = Kept(room=2_500), np.zeros(1000, np.uint8)
    growing = kept.once("growing", Growing)
    for n in range(5):
        kept.once(n, lambda: (shared,))
    assert kept.once("growing", lambda: "anew") is growing
    growing.values["late"] = np.zeros(5000, np.uint8)
    for n in range(5, 8):
        kept.once(n, lambda: (shared,))
    assert kept.once("growing", lambda: "anew") == "anew"


def test_arrays_are_found_in_fields_of_fields():
    growing = Growing()
    growing.values["x"] = np.zeros(3)
    assert [a.nbytes for a in arrays({"g": (growing,)})] == [24]
