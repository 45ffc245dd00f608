"""From a file into a workspace: whose example is it, which label is which, and what an imported run can do there."""

import json
import shutil

import numpy as np
import pytest

from ftft.errors import InputError
from ftft.workspace.training import bundled_models
from tests.imports.conftest import IDS, kinds
from tests.synthetic import add_dataset, add_run


def test_ids_that_only_one_side_has_are_counted(ws, dataset, cartography):
    def others(epoch, rows):
        return [*rows[:3], {"guid": "z9", f"logits_epoch_{epoch}": [1, 2], "gold": 0}]

    done = ws.import_run(cartography(others), name="r", dataset=dataset)
    by_kind = {f.kind: (f.count, f.examples) for f in done.found}
    assert (by_kind["not_in_dataset"], by_kind["not_in_file"], done.n) == ((1, ("z9",)), (1, ("a4",)), 3)


def test_without_a_common_id_both_sides_are_shown(ws, dataset, cartography):
    with pytest.raises(InputError, match=r"'a1-x'.* there, 'a4'.* here"):
        ws.import_run(cartography(lambda e, rows: [r | {"guid": r["guid"] + "-x"} for r in rows]), name="r", dataset=dataset)


def many(ws, tmp_path, write, wrong: int, n: int = 200):
    """A dataset of three classes, and dynamics that count them in another order; `wrong` gold labels differ."""
    labels = ["no", "maybe", "yes"]
    (tmp_path / "d.csv").write_text("id,text,label\n" + "".join(f"{i},text {i},{labels[i % 3]}\n" for i in range(n)))
    ws.data.add("d", train=tmp_path / "d.csv", text=["text"], label="label")
    theirs = {"no": 1, "maybe": 2, "yes": 0}
    golds = [(theirs[labels[i % 3]] + (i < wrong)) % 3 for i in range(n)]
    rows = [{"guid": i, "logits_epoch_0": [5.0 * (c == theirs[labels[i % 3]]) for c in range(3)], "gold": golds[i]} for i in range(n)]
    return write("dynamics_epoch_0.jsonl", rows)


def test_a_permutation_of_three_labels_is_found_by_the_examples(ws, tmp_path, write):
    done = ws.import_run(many(ws, tmp_path, write, wrong=0), name="r", dataset="d")
    assert "'no'" in done.found[0].message
    assert set(done.found[0].examples) == {"0=yes", "1=no", "2=maybe"}
    assert (ws.map("r").values["confidence"] > 0.9).all(), "every high logit sits under its own label"


def test_a_few_gold_labels_that_disagree_are_left_out_and_many_are_refused(ws, tmp_path, write):
    done = ws.import_run(many(ws, tmp_path, write, wrong=2), name="r", dataset="d")
    assert (done.n, next(f for f in done.found if f.kind == "label_disagreement").examples) == (198, ("0", "1"))
    with pytest.raises(InputError, match="gold labels of the file"):
        ws.import_run(many(ws, tmp_path, write, wrong=30), name="s", dataset="d")


def test_row_numbers_that_count_from_another_number_are_refused(ws, tmp_path, write):
    (tmp_path / "d.csv").write_text("text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(6)))
    ws.data.add("d", train=tmp_path / "d.csv", text=["text"], label="label")
    rows = [{"guid": n, "confidence": 0.5, "variability": 0.1} for n in range(6)]
    with pytest.raises(InputError, match="from 0, dataset 'd' from 1"):
        ws.import_run(write("td.jsonl", rows), name="r", dataset="d")
    done = ws.import_run(write("td.jsonl", rows[1:]), name="r", dataset="d")
    assert "ids_unchecked" in kinds(done.found), "without gold labels nothing tells whether the ids mean the same"


def test_another_number_of_classes_is_refused(ws, dataset, write):
    rows = [{"guid": i, "logits_epoch_0": [1, 2, 3], "gold": 0} for i in IDS]
    with pytest.raises(InputError, match="3 classes, dataset 'reviews' has 2"):
        ws.import_run(write("dynamics_epoch_0.jsonl", rows), name="r", dataset=dataset)


def test_the_same_again_is_the_run_that_exists_and_another_content_an_error(ws, dataset, cartography):
    ws.import_run(cartography(), name="r", dataset=dataset)
    again = ws.import_run(cartography(), name="r", dataset=dataset)
    assert again.existing
    with pytest.raises(InputError, match="--name"):
        ws.import_run(cartography(lambda e, rows: rows[:2]), name="r", dataset=dataset)
    assert ws.map("r").n == 4


def test_a_name_that_is_taken_by_other_data_leaves_nothing_behind(ws, dataset, cartography):
    with pytest.raises(InputError, match="--dataset reviews"):
        ws.import_run(cartography(), name="r", new_dataset="reviews")
    own = add_run(ws, dataset, verdict={})
    with pytest.raises(InputError, match="run of this workspace"):
        ws.import_run(cartography(), name=own.id, new_dataset="new")
    assert (ws.data.names(), ws.runs.ids()) == (["reviews"], [own.id])


@pytest.mark.parametrize("where", [{}, {"dataset": "reviews", "new_dataset": "new"}, {"dataset": "nothing"}, {"new_dataset": "../x"}])
def test_it_must_be_said_which_dataset_the_run_is_of(where, ws, dataset, cartography):
    with pytest.raises(InputError):
        ws.import_run(cartography(), name="r", **where)
    assert (ws.data.names(), ws.runs.ids()) == (["reviews"], [])


def test_an_imported_run_has_nothing_to_stop_or_to_go_on_with(ws, dataset, cartography):
    ws.import_run(cartography(), name="r", dataset=dataset)
    for verb in (ws.runs.cancel, ws.runs.resume):
        with pytest.raises(InputError, match="imported"):
            verb("r")
    assert ws.runs.get("r").state == "succeeded"
    assert [m.path for m in ws.models()] == [str(m) for m in bundled_models()], "its model is not here"


@pytest.mark.skipif(not bundled_models(), reason="needs a bundled model")
def test_nothing_trains_on_a_dataset_without_texts(ws, cartography):
    ws.import_run(cartography(), name="r", new_dataset="new")
    with pytest.raises(InputError, match="texts are not known"):
        ws.plan("new", model=str(bundled_models()[0]))


def test_the_answer_is_the_same_beside_an_owner_of_the_database(ws, dataset, write):
    import ftft

    rows = [{"guid": i, "confidence": 0.1 * n, "variability": 0.2} for n, i in enumerate(IDS)]
    ws.import_run(write("td.jsonl", rows), name="r", dataset=dataset)
    alone = ws.examples(dataset, run="r", sort="confidence")[0]
    owner = ftft.Workspace(ws.path, runner=False)
    assert owner.own()
    inside, beside = owner.examples(dataset, run="r", sort="confidence")[0], ws.examples(dataset, run="r", sort="confidence")[0]
    owner.close()
    assert alone["id"].tolist() == ["a4", "a3", "a2", "a1"]
    assert alone.equals(beside)
    assert alone.equals(inside)


def test_transfer_compares_an_import_and_knows_no_order(ws, tmp_path):
    run = add_run(ws, add_dataset(ws, tmp_path), verdict={})
    ws.import_run(ws.runs.export(run.id, tmp_path / "out"), name="theirs", dataset="reviews")
    (pair,) = ws.transfer(run.id, "theirs")
    assert (pair["same_order"], pair["overlap"]["value"]) == (None, 1.0)
    subset = ws.select(run="theirs", by="variability", top=0.33, name="s")
    assert subset.hash == ws.select(run=run.id, by="variability", top=0.33, name="t").hash


# ---- run folders


@pytest.fixture
def cluster(ws, tmp_path):
    """A run folder that was copied from elsewhere; the dataset is here, too."""
    scores = {"ood": {"accuracy": 0.5, "macro_f1": 0.5, "auroc": None, "loss": 0.7}}
    run = add_run(ws, add_dataset(ws, tmp_path), verdict={"scores": scores}, lr=3e-4)
    return shutil.move(run.folder, tmp_path / "copied")


def test_a_run_folder_keeps_all_that_it_says_of_itself(ws, cluster):
    before = sorted(f.name for f in cluster.rglob("*"))
    done = ws.import_run(cluster, name="cluster-1", dataset="reviews")
    run = done.run
    assert (done.epochs, done.found, run.spec.lr, run.spec.seed, run.scores["ood"]["accuracy"]) == (3, (), 3e-4, 1, 0.5)
    assert (run.spec.imported, run.spec.model_name, ws.map("cluster-1").capture) == ("run", "imported · tiny", "online")
    assert sorted(f.name for f in cluster.rglob("*")) == before, "it is copied, never moved"


@pytest.mark.parametrize("torn", [1, 3])
def test_a_torn_epoch_is_left_out(torn, ws, cluster):
    file = cluster / "dynamics" / f"epoch={torn:03d}.parquet"
    file.write_bytes(file.read_bytes()[:300])
    done = ws.import_run(cluster, name="r", dataset="reviews")
    assert next(f for f in done.found if f.kind == "torn_epoch").examples == (file.name,)
    assert (done.epochs, ws.map("r").epochs) == (2, (1, 2))


def test_a_run_on_other_data_is_said_to_be_so(ws, cluster, tmp_path):
    (tmp_path / "more.csv").write_text((tmp_path / "train.csv").read_text() + "train-60,one more,negative\n")
    ws.data.add("other", train=tmp_path / "more.csv", text=["text"], label="label")
    done = ws.import_run(cluster, name="r", dataset="other")
    assert {"other_fingerprint", "not_in_file"} <= kinds(done.found)
    assert ws.map("r").n == 60


def test_a_run_that_had_not_ended_says_so(ws, cluster):
    (cluster / "results.json").unlink()
    assert "not_succeeded" in {w["kind"] for w in ws.import_run(cluster, name="r", dataset="reviews").run.warnings}


@pytest.mark.parametrize(
    ("spec", "said"),
    [({"spec": {"warp_factor": 9}}, "newer|version"), ({"spec": {}}, "is broken"), ([1], "is broken"), ({"spec": 3}, "is broken")],
)
def test_a_folder_of_a_newer_version_or_of_no_run_is_refused(spec, said, ws, cluster):
    (cluster / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(InputError, match=said):
        ws.import_run(cluster, name="r", dataset="reviews")


@pytest.mark.parametrize(
    "results", ["{", '{"state": "fine"}', '{"state": "succeeded", "scores": 3}', '{"state": "failed", "scores": {"a": 1}}']
)
def test_a_verdict_that_is_none_is_refused(results, ws, cluster):
    (cluster / "results.json").write_text(results)
    with pytest.raises(InputError, match=r"results\.json is broken"):
        ws.import_run(cluster, name="r", new_dataset="new")
    assert (ws.runs.ids(), ws.data.names()) == ([], ["reviews"])


def test_an_import_can_be_imported_again(ws, dataset, write, tmp_path):
    rows = [{"guid": i, "confidence": 0.1 * n, "variability": 0.2, "correctness": n} for n, i in enumerate(IDS)]
    ws.import_run(write("td.jsonl", rows), name="r", dataset=dataset, epochs=5)
    done = ws.import_run(ws.path / "runs" / "r", name="again", dataset=dataset)
    assert done.epochs == 5
    assert ws.map("again").frame().equals(ws.map("r").frame())
    assert np.array_equal(ws.map("again").gold_N, ws.map("r").gold_N)
