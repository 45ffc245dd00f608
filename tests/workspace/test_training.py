import pytest

from ftft.errors import InputError
from ftft.workspace.training import bundled_models
from tests.synthetic import add_dataset, add_run

MODEL = str(bundled_models()[0]) if bundled_models() else ""


@pytest.fixture
def dataset(ws, tmp_path):
    return add_dataset(ws, tmp_path)


def test_a_plan_has_one_spec_a_seed_and_starts_nothing(ws, dataset):
    plan = ws.plan(dataset, model=MODEL, seeds=[1, 2, 2], epochs=2)
    assert [s.seed for s in plan] == [1, 2]
    assert ws.runs.list() == []


def test_queued_runs_are_listed_and_the_same_words_give_the_same_run(ws, dataset):
    first = ws.train(dataset, model=MODEL, seeds=[1], detach=True)
    again = ws.train(dataset, model=MODEL, seeds=[1], detach=True)
    assert [r.state for r in first] == ["queued"]
    assert not first[0].existing
    assert again[0].existing
    assert first[0].id == again[0].id
    assert len(ws.runs.list()) == 1


def test_again_repeats_a_run_under_another_id(ws, dataset):
    ids = {ws.train(dataset, model=MODEL, detach=True, again=True)[0].id for _ in range(3)}
    assert len(ids) == 3


def test_cancelling_a_queued_run_and_resuming_it(ws, dataset):
    (run,) = ws.train(dataset, model=MODEL, detach=True)
    assert ws.runs.cancel(run.id).state == "cancelled"
    assert ws.runs.resume(run.id).state == "queued"


def test_a_subset_is_part_of_the_identity_by_its_hash(ws, dataset):
    reference = add_run(ws, dataset, verdict={})
    for name in ("one", "two"):
        ws.select(run=reference.id, by="variability", top=0.33, name=name)
    whole, one, two = (ws.plan(dataset, model=MODEL, subset=s)[0] for s in (None, "one", "two"))
    assert whole.run != one.run == two.run


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ({"layers": 99}, "at most"), ({"subset": "nothing"}, "none yet"), ({"seeds": []}, "--seed"), ({"learning_rate": 1.0}, "lr|Known"),
        ({"model": "/nowhere"}, "save_pretrained|config.json"), ({"lr": -1.0}, "positive"),
    ],
)  # fmt: skip
def test_wrong_words_are_answered_before_anything_is_queued(ws, dataset, words, remedy):
    with pytest.raises(InputError, match=remedy):
        ws.train(dataset, detach=True, **({"model": MODEL} | words))
    assert ws.runs.list() == []


def test_the_command_says_only_what_is_not_the_default(ws, dataset):
    words = ws.train_command(dataset, model="/models/my model", seeds=[1, 2], lr=5e-4, batch_size=32, subset="s", epochs=6)
    assert words == f"ftft train {dataset} --model '/models/my model' --lr 0.0005 --subset s --epochs 6 --seed 1 --seed 2"
