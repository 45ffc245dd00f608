from dataclasses import fields, replace

import pytest

from ftft.domain import RunSpec, Seeds
from ftft.errors import InputError

SPEC = RunSpec("cad", "f" * 64, "/models/tiny", "a" * 64, Seeds(1, 2, 1), seed=1)


def test_the_same_spec_has_the_same_id():
    assert replace(SPEC).run == SPEC.run
    assert RunSpec.from_json(SPEC.to_json()) == SPEC


@pytest.mark.parametrize(
    "change",
    [
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
        {"imported": "run"},
    ],
)
def test_whatever_changes_the_numbers_changes_the_id(change):
    assert replace(SPEC, **change).run != SPEC.run


@pytest.mark.parametrize(
    "change", [{"dataset": "other"}, {"model": "/elsewhere/tiny"}, {"subset": "renamed"}, {"eval_batch_size": 8}, {"seed": None}]
)
def test_names_and_places_do_not_change_the_id(change):
    assert replace(SPEC, **change).run == SPEC.run


def test_every_field_is_covered_by_one_of_the_two_tests_above():
    either = {
        "dataset_fingerprint",
        "model_fingerprint",
        "seeds",
        "layers",
        "subset_hash",
        "epochs",
        "steps",
        "lr",
        "batch_size",
        "grad_accum",
        "max_length",
    }
    either |= {
        "warmup",
        "weight_decay",
        "precision",
        "capture",
        "again",
        "dataset",
        "model",
        "subset",
        "eval_batch_size",
        "seed",
        "imported",
    }
    assert {f.name for f in fields(RunSpec)} == either


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
    ],
)
def test_a_wrong_setting_is_answered_with_its_remedy(change, remedy):
    with pytest.raises(InputError, match=remedy):
        replace(SPEC, **change)


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
