"""Every strategy keeps the contract of the registry, whatever it is told, and the registry says what each one is.

A strategy, an option or a choice is tested here the moment its line exists.
"""

import hashlib
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.errors import InputError
from ftft.metrics import METRICS
from ftft.selection import top
from ftft.strategies import STRATEGIES, Candidates, choose, parse, strategy, words

N = 40
SHARES = (0.02, 0.33, 0.5, 0.85)
NOTHING_LEFT = ("ccs", {"beta": 1})  # the one way to leave nothing to choose from


def values_of(option):
    """What it can be told: each choice, or both ends of its range."""
    if isinstance(option.default, str):
        return option.choices or ("", "RUN")
    return option.range


def ways(name):
    """The options to call it with: none, then each with each of its values."""
    told = [{option.name: value} for option in STRATEGIES[name].options for value in values_of(option)]
    return [{}, *(options for options in told if (name, options) != NOTHING_LEFT)]


every_strategy = pytest.mark.parametrize("name", STRATEGIES)
every_option = pytest.mark.parametrize(
    ("name", "option"), [(s.name, o) for s in STRATEGIES.values() for o in s.options], ids=lambda of: of if isinstance(of, str) else of.name
)


@cache
def all_alike() -> Candidates:
    """40 examples that only their ids tell apart."""
    ids_N, same_N = np.array([f"row-{n}" for n in range(N)], dtype=object), np.full(N, 0.25)
    found = Candidates(ids_N, np.zeros(N, int), lambda name: same_N, lambda: np.ones((3, N)), (), lambda run: np.zeros(N, dtype=bool))
    return replace(found, references=(found, found))


def candidates(rows=slice(None), draws: int = 0, references: int = 3) -> Candidates:
    """Some rows of 40 examples: few values, so that they tie; some never learnt, some suspected."""
    draw = np.random.default_rng(draws)
    gold_N, losses_EN, suspect_N = draw.integers(0, 3, N), draw.integers(0, 4, (3, N)), draw.random(N) < 0.1
    maps = [{name: draw.integers(0, 5, N) / 4 for name in METRICS} for _ in range(1 + references)]
    for values in maps:
        values["forgetting"][values["forgetting"] == 1] = np.nan
    ids_N = np.array([f"row-{n}" for n in range(N)], dtype=object)[rows]

    def of(values, references=()):
        return Candidates(
            ids_N, gold_N[rows], lambda name: values[name][rows], lambda: losses_EN[:, rows].astype(float), references,
            lambda run: suspect_N[rows],
        )  # fmt: skip

    whole, *single = maps
    return of(whole, tuple(of(values) for values in single))


def ids(found: Candidates, mask_N) -> set[str]:
    assert mask_N.dtype == bool
    assert mask_N.shape == (found.n,)
    return set(found.ids_N[mask_N])


# ---- which examples


@every_strategy
def test_exactly_the_share_is_taken_whatever_ties(name):
    for options, found in product(ways(name), (candidates(), candidates(draws=1), all_alike())):
        for q in SHARES:
            assert choose(name, found, q, options).sum() == round(q * N), (options, q)


@every_strategy
def test_the_order_of_rows_does_not_matter(name):
    found, others = candidates(), [candidates(np.random.default_rng(seed).permutation(N)) for seed in range(3)]
    for options, per_label in product(ways(name), (False, True)):
        expected = ids(found, choose(name, found, 0.33, options, per_label, seed=3))
        for other in others:
            assert ids(other, choose(name, other, 0.33, options, per_label, seed=3)) == expected, options


@every_strategy
def test_the_same_again_is_the_same(name):
    found, again = candidates(), candidates()
    for options in ways(name):
        first, second, third = (choose(name, of, 0.33, options, seed=7).tolist() for of in (found, found, again))
        assert first == second == third, options


@every_strategy
def test_of_examples_all_alike_those_with_the_smallest_digests_are_taken(name):
    """Of their ids; where it draws, of the seed and their ids."""
    found, before = all_alike(), "5/" if STRATEGIES[name].seeded else ""
    expected = sorted(found.ids_N, key=lambda i: hashlib.sha256(f"{before}{i}".encode()).digest())[:13]
    for options in ways(name):
        if name == "ccs":
            options = {**options, "beta": 0}  # what is dropped goes by the ids alone
        assert ids(found, choose(name, found, 13 / N, options, seed=5)) == set(expected), options


@every_strategy
def test_each_label_gives_its_share_as_if_it_were_alone(name):
    found, function = candidates(), STRATEGIES[name].load()
    members = [np.flatnonzero(found.gold_N == label) for label in range(3)]
    alone = [candidates(rows) for rows in members]
    for options, q in product(ways(name), (0.33, 0.7)):
        mask_N = choose(name, found, q, options, per_label=True, seed=2)
        assert mask_N.sum() == round(q * N)
        like_top = top(found.ids_N, found.metric("loss"), q, labels_N=found.gold_N)
        for rows, of_label in zip(members, alone, strict=True):
            k = np.count_nonzero(like_top[rows])
            taken = function(of_label, k, 2, **STRATEGIES[name].options_of(options))
            assert sorted(taken) == np.flatnonzero(mask_N[rows]).tolist(), options


@every_strategy
def test_another_seed_draws_others_where_a_strategy_draws_and_nowhere_else(name):
    found = candidates()
    drawn = {choose(name, found, 0.33, seed=seed).tobytes() for seed in range(4)}
    assert (len(drawn) > 1) == STRATEGIES[name].seeded


@every_strategy
def test_a_share_that_is_none_is_refused(name):
    for q in (0, 1, -0.1, 1.5, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            choose(name, all_alike(), q)


@every_strategy
def test_none_and_all_of_the_examples_are_no_choice(name):
    for q, remedy in ((0.4 / N, "larger"), (1 - 0.4 / N, "smaller")):
        for per_label in (False, True):
            with pytest.raises(InputError, match=f"Give a {remedy} one"):
                choose(name, all_alike(), q, per_label=per_label)


# ---- what a strategy looks at


@every_strategy
def test_several_references_are_asked_for_where_a_strategy_compares_them_and_nowhere_else(name):
    with_three = choose(name, candidates(), 0.33).tolist()
    for references in (0, 1):
        found = replace(candidates(), references=candidates().references[:references])
        if STRATEGIES[name].several:
            with pytest.raises(InputError, match="mean~A~B"):
                choose(name, found, 0.33)
        else:
            assert choose(name, found, 0.33).tolist() == with_three


@every_strategy
def test_losses_of_every_epoch_are_asked_for_where_the_registry_says_so_and_nowhere_else(name):
    def none():
        raise InputError("there are no losses", "Import the logits")

    found = replace(candidates(), losses=none)
    if STRATEGIES[name].of_epochs:
        with pytest.raises(InputError, match="no losses"):
            choose(name, found, 0.33)
    else:
        assert choose(name, found, 0.33).any()


def test_a_part_of_the_candidates_tells_the_same_of_its_examples():
    rows = np.array([7, 3, 30])
    part, expected = candidates().take(rows), candidates(rows)
    for one, other in zip((part, *part.references), (expected, *expected.references), strict=True):
        assert one.ids_N.tolist() == other.ids_N.tolist()
        assert one.gold_N.tolist() == other.gold_N.tolist()
        assert one.losses().tolist() == other.losses().tolist()
        for metric in METRICS:
            np.testing.assert_array_equal(one.metric(metric), other.metric(metric))
    assert part.suspect
    assert expected.suspect
    assert part.suspect("RUN").tolist() == expected.suspect("RUN").tolist()
    assert candidates(references=0).take(rows).references == ()
    assert replace(candidates(), suspect=None).take(rows).suspect is None


def test_what_is_asked_for_several_labels_is_worked_out_once():
    asked, found = [], candidates()
    counted = replace(found, metric=lambda name: asked.append(name) or found.metric(name))
    choose("mix", counted, 0.33, per_label=True)
    assert sorted(asked) == ["confidence", "variability"]


# ---- what it is called, and can be told


@every_strategy
def test_a_strategy_says_what_it_is_and_where_it_comes_from(name):
    registered = strategy(name)
    assert registered.name == name
    assert registered.description
    assert registered.source
    assert registered.load().__doc__
    assert len({option.name for option in registered.options}) == len(registered.options)


@every_option
def test_an_option_says_what_it_is_and_what_it_takes(name, option):
    assert option.help
    assert option.takes
    assert strategy(name).option(option.name) is option
    assert all(option.check(value) == value for value in (option.default, *values_of(option)))


def told(option):
    """Anything that an option can be told."""
    if option.choices:
        return st.sampled_from(option.choices)
    if isinstance(option.default, str):
        return st.text(max_size=8).filter(lambda text: "," not in text and text == text.strip())
    return st.integers(*map(int, option.range)) if isinstance(option.default, int) else st.floats(*option.range) | st.sampled_from([0, 1])


@every_strategy
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_what_is_written_in_a_line_is_read_again(name, data):
    chosen = strategy(name)
    options = data.draw(st.fixed_dictionaries({}, optional={o.name: told(o) for o in chosen.options}))
    text = words(name, options)
    read_name, read = parse(text)
    assert read_name == name
    assert chosen.options_of(read) == chosen.options_of(options)
    assert {k: type(v) for k, v in chosen.options_of(read).items()} == {o.name: type(o.default) for o in chosen.options}
    assert words(name, read) == words(name, chosen.options_of(options)) == text


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("mix", "mix", {}),
        ("mix:easy=.3", "mix", {"easy": 0.3}),
        (" ccs : beta = 0.0 , strata=7, metric=el2n ", "ccs", {"beta": 0.0, "strata": 7, "metric": "el2n"}),
        ("aum:threshold=mean~a~b", "aum", {"threshold": "mean~a~b"}),
        ("aum:threshold=a:b=c", "aum", {"threshold": "a:b=c"}),
    ],
)
def test_a_line_is_read_as_people_write_it(text, name, options):
    assert parse(text) == (name, options)


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("mix", {"easy": 0.2}, "mix"),
        ("mix", {"easy": 1}, "mix:easy=1"),
        ("mix", {"easy": -0.0}, "mix:easy=0"),
        ("s2l", {"clusters": 8.0}, "s2l:clusters=8"),
        ("ccs", {"strata": 7, "metric": "el2n", "beta": 0.1}, "ccs:metric=el2n,strata=7"),
    ],
)
def test_there_is_one_text_for_what_means_the_same(name, options, text):
    assert words(name, options) == text


# ---- what it refuses


@pytest.mark.parametrize("name", ["ambigous", "", "x" * 5000, None, 3, ["top"]])
def test_a_strategy_that_there_is_not_is_refused(name):
    with pytest.raises(InputError) as refused:
        choose(name, candidates(), 0.33)
    assert refused.value.remedy == ("Perhaps you mean ambiguous" if name == "ambigous" else f"Known: {', '.join(sorted(STRATEGIES))}")


@every_strategy
def test_an_option_that_there_is_not_is_refused(name):
    for refuse in (lambda: choose(name, candidates(), 0.33, {"nonsense": 1}), lambda: parse(f"{name}:nonsense=1")):
        with pytest.raises(InputError, match="'nonsense'") as refused:
            refuse()
        known = sorted(option.name for option in STRATEGIES[name].options)
        assert refused.value.remedy == (f"Known: {', '.join(known)}" if known else "It takes none: leave it out")


def test_a_misspelt_option_is_answered_with_the_right_name():
    with pytest.raises(InputError, match="Perhaps you mean clusters"):
        parse("s2l:cluster=4")


def wrong_values(option):
    yield from (None, [], {}, 10**400)
    if isinstance(option.default, str):
        yield from ("", "hihg", 3, True) if option.choices else ("a,b", " a", "a\n", 3)
        return
    low, high = option.range
    yield from (low - 1, high + 1, float("nan"), float("inf"), True, "0.5", "much")
    if isinstance(option.default, int):
        yield low + 0.5


@every_option
def test_a_value_that_an_option_cannot_have_is_refused(name, option):
    for value in wrong_values(option):
        with pytest.raises(InputError, match=option.name) as refused:
            choose(name, candidates(), 0.33, {option.name: value})
        assert refused.value.remedy in (f"Give {option.takes}", f"Known: {', '.join(sorted(option.choices))}", "Perhaps you mean bottom")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "strategy ''"),
        (":easy=.3", "strategy ''"),
        ("mix:", "without a value"),
        ("mix:easy", "without a value"),
        ("mix:easy=.3,", "without a value"),
        ("mix:easy=", "easy is ''"),
        ("mix:easy=much", "easy is 'much'"),
        ("mix:easy=1.01", "a number from 0 to 1"),
        ("mix:easy=nan", "a number from 0 to 1"),
        ("mix:easy=.3,easy=.3", "says easy twice"),
        ("s2l:clusters=1.5", "a whole number from 1 to 1000"),
        ("s2l:clusters=" + "9" * 5000, "a whole number from 1 to 1000"),
        ("ccs:metric=confdence", "Perhaps you mean confidence"),
        ("aum:end=", "Known: bottom, top"),
        ("random:seed=1", "It takes none"),
    ],
    ids=lambda text: text[:24],
)
def test_a_line_that_cannot_be_read_says_why(text, problem):
    with pytest.raises(InputError, match=problem):
        parse(text)
