"""A main run that is queued before the reference that chooses its examples is done."""

import pytest

import ftft
from ftft.errors import InputError
from ftft.jobs import Queue
from ftft.workspace.training import bundled_models
from tests.synthetic import add_dataset, add_run

MODEL = str(bundled_models()[1])
QUICK = {"epochs": 2, "batch_size": 16, "max_length": 16}


def top_of(run: str, dataset: str = "reviews") -> dict:
    return {"dataset": dataset, "steps": [{"op": "new", "by": "top", "run": run, "metric": "variability", "q": 0.5}]}


@pytest.fixture
def reference(ws, tmp_path):
    """It has recorded two epochs, and waits to go on."""
    run = add_run(ws, add_dataset(ws, tmp_path), epochs=2)
    Queue(ws.path).submit(run.id)
    return run


def test_it_waits_for_the_reference_and_the_plan_writes_nothing(ws, reference):
    before = sorted(ws.path.rglob("*"))
    (spec,) = ws.plan("reviews", model=MODEL, subset="half", selection=top_of(reference.id))
    assert sorted(ws.path.rglob("*")) == before
    (main,) = ws.train("reviews", model=MODEL, subset="half", selection=top_of(reference.id), detach=True)
    assert (main.id, main.state, main.after, main.subset_hash) == (spec.run, "queued", (reference.id,), None)
    assert [(job.run, job.after) for job in ws.jobs.list()] == [(reference.id, ()), (main.id, (reference.id,))]
    assert ws.subsets.names() == []


def test_the_subset_is_made_of_what_the_reference_says_when_the_run_starts(ws, reference):
    (main,) = ws.train("reviews", model=MODEL, subset="half", selection=top_of(reference.id), detach=True)
    add_run(ws, "reviews", epochs=3, verdict={})  # the reference goes on and ends
    ws.prepare(main.id)
    made = ws.subsets.get("half")
    assert ws.runs.get(main.id).subset_hash == made.hash
    assert made.selection["steps"][0]["epochs"] == [1, 3]
    assert made.hash == ws.select(run=reference.id, by="variability", top=0.5, name="by-hand").hash
    ws.prepare(main.id)
    assert ws.runs.get(main.id).subset_hash == made.hash, "once"


def test_the_same_choice_is_the_same_run_whatever_its_subset_is_called(ws, reference):
    (main,) = ws.train("reviews", model=MODEL, subset="half", selection=top_of(reference.id), detach=True)
    (again,) = ws.train("reviews", model=MODEL, subset="other-name", selection=top_of(reference.id), detach=True)
    assert (again.id, again.existing) == (main.id, True)
    (third,) = ws.train("reviews", model=MODEL, subset="half", selection=top_of(reference.id) | {"steps": []}, detach=True)
    assert third.id != main.id


def test_after_and_priority_are_kept(ws, reference):
    (main,) = ws.train("reviews", model=MODEL, after=[reference.id[:6]], priority=3, detach=True)
    assert (main.after, main.priority, main.position) == ((reference.id,), 3, 1)
    ws.jobs.first(reference.id)
    assert [job.run for job in ws.jobs.list()] == [reference.id, main.id]
    with pytest.raises(InputError, match=f"runs cancel {main.id}"):
        ws.runs.remove(reference.id)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ({"selection": top_of("zzz"), "subset": "new"}, "Known"),
        ({"selection": top_of("zzz")}, "--subset a new name"),
        ({"selection": top_of("zzz", "other"), "subset": "new"}, "same dataset"),
        ({"selection": {"steps": 3}, "subset": "new"}, "dataset"),
        ({"after": ["zzz"]}, "Known"),
        ({"report_to": "wandbb"}, "Perhaps you mean wandb"),
    ],
)
def test_what_it_cannot_wait_for_is_refused_before_anything_is_queued(ws, reference, words, remedy):
    before = sorted(ws.path.rglob("*"))
    with pytest.raises(InputError, match=remedy):
        ws.train("reviews", model=MODEL, detach=True, **words)
    assert sorted(ws.path.rglob("*")) == before


def test_a_random_choice_is_exact_repeatable_and_keeps_its_label_counts(ws, tmp_path):
    add_dataset(ws, tmp_path)

    def draw(name: str, **what):
        step = {"op": "new", "by": "random", "n": 20, "seed": 1, **what}
        return ws.select({"dataset": "reviews", "steps": [step]}, name=name)

    first, again, other = draw("a"), draw("b"), draw("c", seed=2)
    assert (len(first.ids), first.ids) == (20, again.ids)
    assert len(set(first.ids) & set(other.ids)) < 20
    assert set(draw("small", n=7).ids) < set(first.ids)
    assert draw("matched", counts={"negative": 17, "positive": 3}).labels == {"negative": 17, "positive": 3}
    with pytest.raises(InputError, match="there are 30"):
        draw("too-many", n=31, counts={"negative": 31})
    with pytest.raises(InputError, match="n as the sum"):
        draw("wrong-sum", counts={"negative": 1})
    with pytest.raises(InputError, match="Perhaps you mean negative"):
        draw("strange", n=1, counts={"negativ": 1})


def test_reference_and_main_run_are_queued_together_and_train_one_after_the_other(tmp_path):
    ws = ftft.Workspace(tmp_path / "Arbeits platz")
    dataset = add_dataset(ws, tmp_path, rows=40)
    (reference,) = ws.train(dataset, model=str(bundled_models()[1]), detach=True, **QUICK)
    (main,) = ws.train(dataset, model=str(bundled_models()[0]), subset="half", selection=top_of(reference.id), detach=True, **QUICK)
    done = ws.runs.wait([reference.id, main.id])
    assert [run.state for run in done] == ["succeeded", "succeeded"], [run.error for run in done]
    assert done[1].subset_hash == ws.subsets.get("half").hash
    ids_N = ws.runs.folder(main.id).sound_epoch(1).ids_N
    assert tuple(ids_N) == ws.subsets.get("half").ids
