"""What is known of a subset before a main model is trained on it."""

import numpy as np
import pytest

from ftft.domain import Selection, Step
from ftft.dynamics import Epoch
from tests.synthetic import spec_of

ROWS = 40
IDS = [f"t{i}" for i in range(ROWS)]
LABELS = ["no" if i < 30 else "yes" for i in range(ROWS)]


@pytest.fixture
def dataset(ws, tmp_path):
    """Thirty "no", ten "yes"; t0 and t1 share their text, t2 and t30 another one under two labels, t3's is in the test set; two blanks."""
    texts = [f"text {i}" for i in range(ROWS)]
    texts[1], texts[30], texts[4], texts[5] = texts[0], texts[2], " ", " "
    lines = {"train": zip(IDS, texts, LABELS, strict=True), "test": [("e0", texts[3], "no"), ("e1", "new", "yes"), ("e2", " ", "no")]}
    lines["other"] = [("o0", "far", "no"), ("o1", "away", "yes")]
    for name, rows in lines.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,text,label", *(",".join(row) for row in rows)]) + "\n")
    evaluations = [f"test={tmp_path / 'test.csv'}:id", f"other={tmp_path / 'other.csv'}:ood"]
    ws.data.add("d", train=tmp_path / "train.csv", text=["text"], label="label", evaluations=evaluations, metric="accuracy")
    return ws.data.get("d")


def save(ws, *places: int) -> str:
    ids = {"ids": [IDS[place] for place in places]}
    ws.subsets.save(f"s{len(ws.subsets.names())}", Selection("d", (Step("new", "ids", ids),)))
    return f"s{len(ws.subsets.names()) - 1}"


def add_run(ws, seed: int, easy=(), predictions=None, **settings):
    """A run on everything that has succeeded; it never learnt what is not in `easy`, and always the same."""
    spec = spec_of(ws, "d", seed, **settings)
    folder = ws.runs.folder(spec.run)
    folder.create(spec, f"2026-01-0{seed}T00:00:00+00:00")
    gold_N = ws.data.gold("d")
    wobble_N = np.where(np.arange(ROWS) % 3 == 2, 2.0, 0.0)  # every third example is ambiguous
    for number in (1, 2):
        margin_N = np.where(np.isin(np.arange(ROWS), easy), 3.0, -3.0) + (-1) ** number * wobble_N
        logits_NC = np.zeros((ROWS, 2), np.float32)
        logits_NC[np.arange(ROWS), gold_N] = margin_N
        folder.publish_epoch(Epoch(number, ws.data.ids("d"), gold_N, logits_NC, np.ones(ROWS, int), "online", f"{seed}-{number}"))
    for split, (gold, logits) in (predictions or {}).items():
        folder.publish_predictions(split, np.array([f"p{i}" for i in range(len(gold))]), np.array(gold), np.array(logits, np.float32))
    folder.publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": 2})
    return ws.runs.get(spec.run)


def test_texts_that_repeat_in_the_subset_are_counted_and_those_with_another_label_told_apart(ws, dataset):
    found = ws.subsets.health(save(ws, 0, 1, 2, 30, 6)).texts
    assert (found.repeated, found.conflicting) == (4, 2)


def test_a_text_whose_other_copy_is_outside_the_subset_is_no_repetition(ws, dataset):
    found = ws.subsets.health(save(ws, 0, 2, 6)).texts
    assert (found.repeated, found.conflicting) == (0, 0)


def test_blank_texts_are_no_repetition_and_no_overlap(ws, dataset):
    found = ws.subsets.health(save(ws, 4, 5)).texts
    assert (found.repeated, found.shared) == (0, {"test": 0, "other": 0})


def test_examples_whose_text_is_in_an_evaluation_set_are_counted_for_each_set(ws, dataset):
    assert ws.subsets.health(save(ws, 3, 6, 7)).texts.shared == {"test": 1, "other": 0}


def test_label_shares_alone_move_logits_by_the_log_of_their_ratio(ws, dataset):
    gold, logits = [1, 1, 0, 0], [[1.0, 0.0], [2.5, 0.0], [1.2, 0.0], [3.0, 0.0]]  # the ratios are worth log 3, which is 1.1
    run = add_run(ws, 1, predictions={"test": (gold, logits)})
    found = ws.subsets.health(save(ws, 0, 30)).shift  # half of either label, instead of three quarters and one quarter
    assert found.run.id == run.id
    assert found.scores == {"test": (0.5, 0.75)}, "one more is called yes, as it should be"


def test_the_same_label_shares_change_nothing(ws, dataset):
    add_run(ws, 1, predictions={"test": ([1, 0, 1], [[0.01, 0.0], [0.0, 0.01], [0.0, 1.0]])})
    before, after = ws.subsets.health(save(ws, 0, 1, 2, 30)).shift.scores["test"]
    assert before == after


def test_a_label_that_the_subset_lacks_is_all_but_never_predicted(ws, dataset):
    add_run(ws, 1, predictions={"test": ([1, 1], [[0.0, 2.9], [0.0, 3.1]])})  # log(1 / .75) - log(.0167 / .25) is 3.0
    assert ws.subsets.health(save(ws, *range(30))).shift.scores["test"] == (1.0, 0.5)


def test_predictions_come_from_the_run_that_chose_the_subset_else_from_the_newest(ws, dataset):
    predictions = {"test": ([1, 0], [[0.0, 1.0], [1.0, 0.0]])}
    first, second = (add_run(ws, seed, predictions=predictions) for seed in (1, 2))
    assert ws.subsets.health(save(ws, 0, 30)).shift.run.id == second.id
    ws.select(run=first.id, by="variability", top=0.33, name="chosen")
    assert ws.subsets.health("chosen").shift.run.id == first.id


def test_answers_that_mean_several_labels_are_scored_as_such(ws, tmp_path):
    (tmp_path / "three.csv").write_text("id,text,label\na,x,e\nb,y,n\nc,z,c\nd,w,e\n")
    (tmp_path / "hans.csv").write_text("id,text,label\nh1,u,yes\nh2,v,no\n")
    ws.data.add(
        "d", train=tmp_path / "three.csv", text=["text"], label="label", evaluations=[f"hans={tmp_path / 'hans.csv'}:ood"],
        label_maps=["hans:yes=e", "hans:no=n|c"], metric="accuracy",
    )  # fmt: skip
    about = ws.data.get("d")
    order = {label: place for place, label in enumerate(about.labels)}
    spec = spec_of(ws, "d", 1)
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    logits = np.zeros((2, 3), np.float32)
    logits[:, order["n"]] = 0.2
    logits[1, order["c"]] = 1.0
    folder.publish_predictions("hans", np.array(["h1", "h2"]), np.array([order["e"], 3]), logits)
    folder.publish_verdict({"state": "succeeded", "scores": {}, "cost": {}, "steps_done": 1})
    ws.subsets.save("s", Selection("d", (Step("new", "ids", {"ids": ["a", "b"]}),)))
    assert ws.subsets.health("s").shift.scores["hans"] == (0.5, 0.5)
    ws.subsets.save("e", Selection("d", (Step("new", "ids", {"ids": ["a", "d"]}),)))
    assert ws.subsets.health("e").shift.scores["hans"] == (0.5, 1.0)


def test_what_is_hard_must_be_so_in_every_reference(ws, dataset):
    learnt = set(range(ROWS)) - {6, 7, 9}
    add_run(ws, 1, easy=list(learnt))
    name = save(ws, 6, 9, 10)
    assert ws.subsets.health(name).hard is None, "one map says nothing of every reference"
    add_run(ws, 2, easy=list(learnt - {10} | {9}))
    found = ws.subsets.health(name).hard
    assert (found.in_subset, found.in_whole, len(found.runs)) == (1, 2, 2)


def test_runs_on_a_subset_or_on_other_data_say_nothing_of_the_whole(ws, dataset):
    name = save(ws, 0, 30)
    predictions = {"test": ([1, 0], [[0.0, 1.0], [1.0, 0.0]])}
    add_run(ws, 1, predictions=predictions, subset=name, subset_hash=ws.subsets.get(name).hash)
    found = ws.subsets.health(name)
    assert (found.shift, found.hard) == (None, None)
