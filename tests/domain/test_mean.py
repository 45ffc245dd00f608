import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftft.domain import mean_id, runs_in
from ftft.errors import InputError

runs = st.lists(st.text("abc0-9._+", min_size=1, max_size=20), min_size=2, max_size=6, unique=True)


@given(runs)
def test_a_mean_map_names_its_runs_in_their_order(names):
    assert runs_in(mean_id(names)) == tuple(names)


@pytest.mark.parametrize("id", ["0f3a", "mean", "mean of two", "meaning"])
def test_the_id_of_a_run_is_the_one_run(id):
    assert runs_in(id) == (id,)


@pytest.mark.parametrize("id", ["mean~a", "mean~a~a", "mean~a~b~a", "mean~"])
def test_a_mean_of_fewer_than_two_different_runs_is_refused(id):
    with pytest.raises(InputError, match="two or more runs, each of them once"):
        runs_in(id)
