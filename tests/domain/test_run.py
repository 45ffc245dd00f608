import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.domain import RunSpec, Seeds
from ftft.errors import InputError

SPEC = RunSpec("cad", "f" * 64, "/models/tiny", "a" * 64, Seeds(1, 2, 1), seed=1)


def test_the_same_spec_has_the_same_id():
    assert replace(SPEC).run == SPEC.run
    assert RunSpec.from_json(SPEC.to_json()) == SPEC


NUMBERS = [
    {"dataset_fingerprint": "e" * 64},
    {"model_fingerprint": "b" * 64},
    {"seeds": Seeds(1, 3, 1)},
    {"layers": 2},
    {"subset_hash": "c" * 64},
    {"epochs": 4},
    {"epochs": None, "steps": 10},
    {"lr": 1e-5},
    {"batch_size": 16},
    {"grad_accum": 2},
    {"max_length": 128},
    {"warmup": 0.0},
    {"weight_decay": 0.1},
    {"precision": "fp32"},
    {"capture": "none"},
    {"again": 1},
    {"stop": "id_dev"},
    {"stop": "id_dev", "patience": 3},
    {"stop": "id_dev", "evals": 6},
    {"keep_head": True},
    {"imported": "run"},
    {"subset": "to-be-made", "selection": "d" * 64},
    {"remote_code": True},
    {"epochs": None, "steps_of": "0f3a5c7e9b1d2f40"},
    {"stop": "selection"},
    {"stop": "selection", "settle": 0.5},
    {"methods": ("mmr",)},
    {"methods": ("mmr:alpha=0.5",)},
    {"methods": ("long",)},
    {"tune": "head"},
    {"left_out": "17"},
]
NAMES = [
    {"dataset": "other"}, {"model": "/elsewhere/tiny"}, {"subset": "renamed"}, {"eval_batch_size": 8}, {"seed": None}, {"devices": 2},
    {"keep_head": False}, {"remote_code": False}, {"report_to": "wandb,tensorboard"}, {"predict_train": True}, {"keep_model": False},
    {"distance_to": "0f3a5c7e9b1d2f40"}, {"methods": ("standard",)}, {"tune": "full"},
]  # fmt: skip


@pytest.mark.parametrize("change", NUMBERS)
def test_whatever_changes_the_numbers_changes_the_id(change):
    assert replace(SPEC, **change).run != SPEC.run


@pytest.mark.parametrize("change", NAMES)
def test_names_and_places_do_not_change_the_id(change):
    assert replace(SPEC, **change).run == SPEC.run


def test_every_field_is_covered_by_one_of_the_two_tests_above():
    assert {f.name for f in fields(RunSpec)} == {name for change in (*NUMBERS, *NAMES) for name in change}


def test_early_stopping_has_the_defaults_of_its_source_and_nothing_to_say_without_a_rule():
    spec = replace(SPEC, stop="ood_dev")
    assert (spec.patience, spec.evals) == (2, 12)
    assert spec.run == replace(SPEC, stop="ood_dev", patience=2, evals=12).run
    with pytest.raises(InputError, match=r"--patience says nothing without --stop"):
        replace(SPEC, patience=3)


def test_methods_are_written_in_one_way_whatever_way_they_were_asked_for():
    assert replace(SPEC, methods=["llrd+mmr:alpha=.05"]).methods == ("mmr:alpha=0.05", "llrd")
    assert replace(SPEC, methods="mmr:alpha=0.01").run == replace(SPEC, methods=("mmr",)).run
    assert replace(SPEC, methods="mmr+llrd").method == "mmr+llrd"
    assert SPEC.method == "standard"


def test_longer_training_says_the_epochs_and_the_warm_up():
    spec = replace(SPEC, methods=("long:epochs=12,warmup=0.2",), warmup=0.5)
    assert (spec.epochs, spec.warmup) == (12, 0.2)
    assert RunSpec.from_json(spec.to_json()) == spec
    with pytest.raises(InputError, match="long:epochs=N"):
        replace(SPEC, methods=("long",), epochs=None, steps=7)


def test_two_models_never_share_a_data_order():
    assert Seeds.of(1, "a", None).order != Seeds.of(1, "b", None).order
    assert Seeds.of(1, "a", None).order != Seeds.of(1, "a", 2).order
    assert Seeds.of(1, "a", None) == Seeds.of(1, "a", None)


def test_a_subset_is_trained_for_as_many_steps_as_everything():
    assert SPEC.total_steps(100) == 3 * 4
    assert replace(SPEC, subset_hash="c" * 64).total_steps(100) == 3 * 4
    assert replace(SPEC, epochs=None, steps=7).total_steps(100) == 7


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"lr": 0.0}, "positive"),
        ({"lr": float("nan")}, "positive"),
        ({"batch_size": 0}, "at least 1"),
        ({"layers": 0}, "at least 1"),
        ({"epochs": None}, "--steps"),
        ({"steps": 5}, "--steps"),
        ({"warmup": 1.0}, "0.1"),
        ({"weight_decay": -1.0}, "0"),
        ({"capture": "onlin"}, "online"),
        ({"precision": "fp8"}, "bf16|fp16"),
        ({"epochs": 2.0}, "whole number"),
        ({"epochs": True}, "whole number"),
        ({"batch_size": "32"}, "whole number"),
        ({"batch_size": None}, "whole number"),
        ({"steps": 10**30, "epochs": None}, "at most"),
        ({"max_length": -(10**5000)}, "at least 1"),
        ({"lr": "2e-5"}, "number"),
        ({"lr": 10**400}, "positive"),
        ({"lr": None}, "number"),
        ({"warmup": float("nan")}, "0.1"),
        ({"methods": ("mmrr",)}, "mmr"),
        ({"methods": ("mmr:alpha=-1",)}, "from 0"),
        ({"methods": ("mhloss:heads=0",)}, "from 1"),
        ({"methods": ("mmr:alpha=0.1", "mmr")}, "once"),
        ({"methods": (1,)}, "mmr:alpha"),
        ({"methods": ("reinit:layers=5",), "layers": 4}, "at most 4"),
        ({"methods": ("llrd",), "tune": "head"}, "mmr, mhloss, surt, long"),
        ({"methods": ("pretrained_wd",), "weight_decay": 0.1}, "Leave one"),
        ({"tune": "tail"}, "head"),
        ({"tune": "head", "stop": "id_dev"}, "--tune full"),
        ({"tune": "head", "devices": 2}, "--devices"),
        ({"capture": ["online"]}, "text"),
        ({"dataset": "../up"}, "letters"),
        ({"subset": "a/b"}, "letters"),
    ],
)
def test_a_wrong_setting_is_answered_with_its_remedy(change, remedy):
    with pytest.raises(InputError, match=remedy):
        replace(SPEC, **change)


@pytest.mark.parametrize("seed", [-1, 2**32, pytest.param(10**5000, id="digits"), 1.5, "1", True, None])
def test_a_seed_that_no_generator_takes_is_refused(seed):
    with pytest.raises(InputError, match="whole number"):
        Seeds.of(seed, "a", None)
    with pytest.raises(InputError, match="whole number"):
        Seeds(1, seed, 1)


def test_numbers_of_numpy_and_whole_numbers_for_fractions_give_the_same_run():
    same = replace(SPEC, seed=np.int64(1), batch_size=np.int32(32), lr=np.float64(2e-5), weight_decay=0, seeds=Seeds(np.int64(1), 2, 1))
    assert same.to_json() == SPEC.to_json()
    assert same.run == SPEC.run
    assert Seeds.of(np.int64(1), "a", None) == Seeds.of(1, "a", None)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(max_size=6),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*SPEC.to_json(), "seeds.init", "strange"]), ANYTHING | st.just(...))
def test_a_spec_with_anything_in_one_place_is_refused_with_a_remedy_or_is_a_spec(name, value):
    whole = SPEC.to_json()
    inner, name = (whole["seeds"], "init") if name == "seeds.init" else (whole, name)
    inner[name] = value
    if value is ...:
        del inner[name]
    try:
        spec = RunSpec.from_json(whole)
    except InputError as problem:
        message = str(problem)
        assert len(message) < 400
    else:
        assert RunSpec.from_json(json.loads(json.dumps(spec.to_json(), allow_nan=False))) == spec
        assert len(spec.run) == 16


@settings(max_examples=50, deadline=None)
@given(ANYTHING)
def test_no_json_value_is_taken_for_a_spec(value):
    with pytest.raises(InputError, match=r"\w"):
        RunSpec.from_json(value)


def test_a_new_field_that_is_none_leaves_the_ids_of_old_runs_as_they_were():
    assert SPEC.run == "b922a55c6f45bd97"


def test_an_import_whose_file_does_not_say_how_it_was_trained_claims_nothing():
    spec = RunSpec.of_import("theirs", "cad", "f" * 64, "a" * 64, "cartography")
    assert not spec.has_settings
    assert (spec.seeds, spec.seed, spec.lr, spec.epochs, spec.batch_size, spec.capture) == (None, None, None, None, None, "unknown")
    assert RunSpec.from_json(spec.to_json()) == spec
    assert spec.model_name == "imported · theirs"
    with pytest.raises(InputError, match="capture"):
        replace(SPEC, capture="unknown")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("google/electra-small-discriminator", "electra-small-discriminator"), ("/models/bert", "bert"), ("bert", "bert"),
        ("/work/runs/0123456789abcdef/model", "0123456789abcdef"), ("model", "model"), ("/model", "model"),
        ("/hub/models--microsoft--deberta-v3-base/snapshots/" + "a" * 40, "deberta-v3-base"),
    ],
)  # fmt: skip
def test_a_model_is_called_by_the_part_of_its_path_that_names_it(path, name):
    assert replace(SPEC, model=path).model_name == name
