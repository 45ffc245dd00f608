import pytest

from ftft.train.timings import Timings

FLOPS = [2e9, 4e9, 1e9, 3e9]


def timed(rounds: list[list[float]], flops=FLOPS) -> tuple[float, float, float]:
    timings = Timings(flops)
    for seconds in (seconds for one in rounds for seconds in one):
        timings.add(seconds)
    return timings.fit()


def line(a: float, b: float, c: float = 0.0) -> list[float]:
    return [a + b * flops + c for flops in FLOPS]


def test_what_an_update_costs_besides_its_flops_is_told_apart_from_what_they_cost():
    assert timed([line(0.01, 1e-11, 9.0), line(0.01, 1e-11)]) == pytest.approx((0.01, 1e-11, 9.0))


def test_one_pause_of_the_machine_among_three_rounds_changes_nothing():
    paused = line(0.01, 1e-11)
    paused[2] += 5.0
    assert timed([line(0.01, 1e-11, 0.02), line(0.01, 1e-11), paused, line(0.01, 1e-11)]) == pytest.approx((0.01, 1e-11, 0.02))


def test_neither_part_is_ever_negative():
    assert timed([line(0.0, 1e-11), [0.001, 0.2, 0.0001, 0.05]])[0] == 0.0
    constant, rate, _ = timed([line(0.1, 0.0), [0.1, 0.09, 0.11, 0.1]])
    assert (constant, rate) == (pytest.approx(0.1), 0.0)


def test_texts_of_one_length_leave_only_a_rate():
    assert timed([[3.0], [2.0], [2.0]], flops=[1e9]) == pytest.approx((0.0, 2e-9, 0.0))


def test_where_patience_ended_with_the_second_update_that_one_counts():
    assert timed([[9.0, 4.0]]) == pytest.approx((0.0, 1e-9, 0.0))
