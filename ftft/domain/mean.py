"""The id of a map averaged over several runs: it can stand wherever the id of a run stands."""

from collections.abc import Sequence

from ftft.errors import InputError

MEAN = "mean"
MARK = "~"  # occurs in no run's id and in no name


def mean_id(runs: Sequence[str]) -> str:
    """ "mean~A~B" for the runs A and B, in this order. InputError unless there are two or more, each of them once."""
    if len(runs) < 2 or len(set(runs)) < len(runs):
        raise InputError(f"a mean map of {', '.join(runs) or 'nothing'}", "Name two or more runs, each of them once")
    return MARK.join((MEAN, *runs))


def runs_in(id: str) -> tuple[str, ...]:
    """The runs that a map is made of: those of a mean map, else the one run itself. InputError for a broken mean id."""
    first, *runs = id.split(MARK)
    if first != MEAN or not runs:
        return (id,)
    assert mean_id(runs) == id
    return tuple(runs)
