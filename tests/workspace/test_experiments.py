"""FTFT experiments: which runs they need, what they refuse before anything is trained, and that nothing is done twice."""

import json
from dataclasses import replace

import pytest

from ftft.domain import Experiment, runs_in
from ftft.errors import InputError
from ftft.publish import publish_json, read_json
from ftft.workspace.methods import parse
from tests.experimenting import HOW, MAIN, REFERENCE, add_task, end, finish
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def task(ws, tmp_path) -> str:
    return add_task(ws, tmp_path)


def plan_of(ws, **words):
    return ws.experiment.plan_ftft("task", **(HOW | words))


def specs_of(plan, method: str):
    by_run = {spec.run: spec for spec in plan.specs}
    return [by_run[member.run] for member in plan.experiment.of(method)]


def test_by_default_it_has_the_controls_that_may_explain_a_gain(ws, task):
    plan = plan_of(ws)
    assert plan.experiment.methods == ("erm", "erm_early", "random", "random_matched", "ftft")
    assert plan.experiment.seeds == (1, 2)
    assert len(plan.specs) == len(plan.experiment.runs) == 2 * (5 + 1)


def test_all_main_runs_have_one_optimiser_one_budget_and_one_stop_rule_but_erm_never_stops(ws, task):
    plan = plan_of(ws, control=["erm", "erm_early", "erm_steps", "random", "random_matched", "datamap"], lr=1e-4)
    of = {method: specs_of(plan, method)[0] for method in plan.experiment.methods}
    assert {spec.lr for spec in of.values()} == {1e-4}
    assert {spec.model for spec in of.values()} == {MAIN}
    assert {method: spec.stop for method, spec in of.items()} == {
        "erm": None, "erm_early": "ood_dev", "erm_steps": None, "random": "ood_dev", "random_matched": "ood_dev", "datamap": "ood_dev",
        "ftft": "ood_dev",
    }  # fmt: skip
    assert {spec.epochs for spec in of.values()} == {3, None}
    assert of["erm_steps"].steps_of == of["ftft"].run


def test_each_main_seed_has_its_own_reference_unless_it_is_shared(ws, task):
    plan = plan_of(ws)
    chosen_by = [member.references for member in plan.experiment.of("ftft")]
    assert len(set(chosen_by)) == 2
    shared = plan_of(ws, shared_reference=True)
    assert len({member.references for member in shared.experiment.of("ftft")}) == 1
    assert shared.experiment.id != plan.experiment.id


def test_the_data_map_of_the_main_model_is_that_of_the_erm_run(ws, task):
    plan = plan_of(ws, control=["erm", "datamap"])
    assert [member.references for member in plan.experiment.of("datamap")] == [(member.run,) for member in plan.experiment.of("erm")]


def test_controls_are_drawn_as_many_and_with_the_label_shares_of_the_subset(ws, task):
    finish(ws, plan := plan_of(ws, top=0.3))
    subsets = {method: ws.subsets.get(specs_of(plan, method)[0].subset) for method in ("ftft", "random", "random_matched")}
    assert {len(subset.ids) for subset in subsets.values()} == {18}
    assert subsets["random_matched"].labels == subsets["ftft"].labels
    assert len({subset.hash for subset in subsets.values()}) == 3


def test_asked_for_again_it_repeats_nothing_and_adds_what_is_new(ws, task):
    first = plan_of(ws)
    finish(ws, first)
    again = plan_of(ws)
    assert (again.experiment.id, again.experiment.runs) == (first.experiment.id, first.experiment.runs)
    assert ws.experiment.estimate(again) is None
    more = plan_of(ws, seeds=3, strategy=["mix:easy=0.3"])
    new = {spec.run for spec in more.specs} - {spec.run for spec in first.specs}
    assert more.experiment.id == first.experiment.id
    assert len(new) == (5 + 1) + 3  # the third seed with its reference, and the new method in all three
    ws.experiment.queue(more)
    assert {run.id for run in ws.runs.list(state="queued")} == new
    assert ws.experiment.get(first.experiment.id[:6]).methods == (*first.experiment.methods, "mix:easy=0.3")
    fewer = plan_of(ws, seeds=1, control=["erm"])
    assert (fewer.experiment.seeds, fewer.experiment.methods) == ((1, 2, 3), more.experiment.methods)


def test_a_run_that_was_trained_alone_is_not_trained_again(ws, task):
    (alone,) = ws.plan("task", model=MAIN, seeds=[2], epochs=3, batch_size=16, max_length=16)
    assert alone.run in {member.run for member in plan_of(ws).experiment.of("erm")}


def test_cancelled_runs_go_on_when_it_is_asked_for_again(ws, task):
    plan = plan_of(ws, seeds=1)
    runs = ws.experiment.queue(plan)
    ws.runs.cancel(runs[0].id)
    assert ws.runs.get(runs[0].id).state == "cancelled"
    ws.experiment.queue(plan_of(ws, seeds=1))
    assert ws.runs.get(runs[0].id).state == "queued"


def test_a_sweep_varies_one_thing_of_a_method(ws, task):
    plan = plan_of(
        ws, strategy=["ftft:q=0.5", "ftft:burn_in=1", f"ftft:reference={MAIN}", "random:q=0.5", "random_matched:like=ftft:q=0.5"]
    )
    finish(ws, plan)
    sizes = {method: len(ws.subsets.get(specs_of(plan, method)[0].subset).ids) for method in plan.experiment.methods[3:]}
    assert sizes == {
        "random_matched": 20, "ftft": 20, "ftft:q=0.5": 30, "ftft:burn_in=1": 20, f"ftft:reference={MAIN}": 20, "random:q=0.5": 30,
        "random_matched:like=ftft:q=0.5": 30,
    }  # fmt: skip
    late = ws.subsets.get(specs_of(plan, "ftft:burn_in=1")[0].subset)
    assert late.selection["steps"][0]["epochs"] == [2, 3]


def test_what_is_as_in_the_rest_of_the_experiment_is_no_other_method(ws, task):
    assert plan_of(ws, strategy=["ftft:q=0.33", "ftft:burn_in=0", f"ftft:reference={REFERENCE}"]).experiment.methods[-1] == "ftft"


def test_several_references_are_compared_and_averaged(ws, task):
    plan = plan_of(ws, seeds=1, reference=[REFERENCE, MAIN], strategy=["consensus", "ftft:average=3"])
    (consensus,), (averaged,) = plan.experiment.of("consensus"), plan.experiment.of("ftft:average=3")
    assert (len(consensus.references), len(averaged.references)) == (2, 3)
    finish(ws, plan)
    chosen = ws.subsets.get(specs_of(plan, "consensus")[0].subset)
    assert runs_in(chosen.selection["steps"][0]["run"]) == consensus.references


def test_a_saved_selection_is_a_method_too(ws, task):
    reference = add_run(ws, "task", verdict={})
    mine = ws.select(run=reference.id, by="confidence", bottom=0.4, name="mine")
    plan = plan_of(ws, strategy=["subset:name=mine", "random_matched:like=subset:name=mine"])
    assert {spec.subset_hash for spec in specs_of(plan, "subset:name=mine")} == {mine.hash}
    finish(ws, plan)
    matched = ws.subsets.get(specs_of(plan, "random_matched:like=subset:name=mine")[0].subset)
    assert matched.labels == mine.labels


def test_a_reference_may_end_with_its_selection(ws, task):
    plan = plan_of(ws, reference_stop=True)
    reference = next(spec for spec in plan.specs if spec.run in plan.experiment.references)
    assert (reference.stop, reference.settle, reference.patience) == ("selection", 0.33, 1)
    assert plan.experiment.id != plan_of(ws).experiment.id


def test_without_a_stop_rule_nothing_stops_and_erm_early_is_left_out(ws, task):
    plan = plan_of(ws, stop=None)
    assert "erm_early" not in plan.experiment.methods
    assert {spec.stop for spec in plan.specs} == {None}


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ({"strategy": ["ambigous"]}, "Perhaps you mean ambiguous"),
        ({"strategy": ["mix:eesy=.2"]}, "Perhaps you mean easy"),
        ({"strategy": ["mix:easy"]}, "OPTION=VALUE"),
        ({"strategy": ["mix:easy=2"]}, "from 0 to 1"),
        ({"strategy": ["ftft:q=1"]}, "all examples are what erm trains on"),
        ({"strategy": ["ftft:q=0"]}, "between 0 and 1"),
        ({"strategy": ["ftft:q=0.001"]}, "another share"),
        ({"strategy": ["ftft:per_label=true"]}, "yes or no"),
        ({"strategy": ["erm:q=0.5"]}, "Leave them out"),
        ({"strategy": ["random_matched:like=random"]}, "chooses examples"),
        ({"strategy": ["consensus"]}, "--reference twice"),
        ({"strategy": ["subset"]}, "subset:name=S"),
        ({"strategy": ["subset:name=nobodys"]}, "Known"),
        ({"strategy": ["aum:threshold=nobodys"]}, "Known"),
        ({"control": ["erm_early"], "stop": None}, "Give --stop"),
        ({"control": ["emr"]}, "Perhaps you mean erm"),
        ({"top": 0}, "between 0 and 1"),
        ({"top": 1}, "between 0 and 1"),
        ({"burn_in": 2}, "smaller one"),
        ({"seeds": 0}, "from 1 to"),
        ({"stop": "dev"}, "id_dev"),
        ({"capture": "none"}, "Known"),
        ({"main": "/nowhere/model"}, "config.json"),
        ({"reference": "/nowhere/model"}, "config.json"),
        ({"reference_layers": 99}, "at most"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_queued(ws, task, words, remedy):
    before = sorted(ws.path.rglob("*"))
    with pytest.raises(InputError) as refused:
        ws.experiment.ftft("task", **(HOW | words))
    assert remedy in str(refused.value)
    assert sorted(ws.path.rglob("*")) == before


def test_a_subset_of_one_label_is_refused(ws, task):
    ids = [i for i, gold in zip(ws.data.ids("task"), ws.data.gold("task"), strict=True) if gold == 0]
    ws.select({"dataset": "task", "steps": [{"op": "new", "by": "ids", "ids": ids}]}, name="negative")
    with pytest.raises(InputError, match="have the label 'negative'"):
        plan_of(ws, strategy=["subset:name=negative"])


def test_a_subset_of_one_label_that_a_reference_chose_ends_the_run_before_it_trains(ws, task):
    plan = plan_of(ws, seeds=1, strategy=["top:metric=confidence,q=0.02"])  # one example
    ws.experiment.queue(plan)
    for spec in plan.specs:
        if spec.run in plan.experiment.references:
            end(ws, spec, lambda *_: 0.7)
    with pytest.raises(InputError, match="have the label"):
        ws.prepare(specs_of(plan, "top:metric=confidence,q=0.02")[0].run)


def test_a_dataset_that_no_method_could_be_scored_or_stopped_on_is_refused(ws, tmp_path):
    add_dataset(ws, tmp_path)  # its one evaluation set is a test set
    with pytest.raises(InputError, match="--eval EVAL=FILE:ood:dev"):
        ws.experiment.plan_ftft("reviews", **HOW)
    (tmp_path / "alone.csv").write_text("id,text,label\n" + "".join(f"{i},t {i},{'ab'[i % 2]}\n" for i in range(20)))
    ws.data.add("alone", train=tmp_path / "alone.csv", text=["text"], label="label")
    with pytest.raises(InputError, match="has no evaluation set"):
        ws.experiment.plan_ftft("alone", **HOW)


def test_the_file_says_which_runs_belong_together_and_a_broken_one_is_named(ws, task, caplog):
    plan = plan_of(ws)
    ws.experiment.queue(plan)
    file = ws.experiment.root / plan.experiment.id / "experiment.json"
    whole = read_json(file)
    assert replace(Experiment.from_json(whole), created="") == plan.experiment
    assert ws.experiment.of_runs()[plan.specs[0].run] == plan.experiment.id
    for change in ({"kind": "other"}, {"members": whole["members"][1:]}, {"design": {}}, {"seeds": [1, 2, 3]}, {"methods": 3}):
        publish_json(file, whole | change)
        with pytest.raises(InputError, match="is broken"):
            ws.experiment.get(plan.experiment.id)
        assert ws.experiment.list() == []
    assert "is left out" in caplog.text


def test_the_command_lists_experiments_and_how_far_they_are(ws, task, ftft):
    plan = plan_of(ws)
    ws.experiment.queue(plan)
    end(ws, plan.specs[0], lambda *_: 0.7)
    status, out, _ = ftft("experiment", "list")
    (row,) = json.loads(out)["experiments"]
    assert status == 0
    assert row == {
        "experiment": plan.experiment.id, "kind": "ftft", "dataset": "task", "methods": list(plan.experiment.methods), "seeds": [1, 2],
        "runs": 12, "succeeded": 1,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["erm_steps:like=ftft:per_label=yes,q=0.5", "random_matched:like=mix:easy=0.3,q=0.25", "random_matched"])
def test_a_control_may_be_like_a_method_with_options_of_its_own(text):
    assert parse(text).name == text
    assert parse(parse(text).name) == parse(text)
