"""`ftft import` and what the other commands say of an imported run."""

import json

import pytest

from ftft.cli import main
from ftft.imports import FORMATS
from tests.imports.conftest import IDS


@pytest.fixture
def coordinates(write):
    rows = [{"guid": i, "confidence": 0.2 * n, "variability": 0.1, "correctness": n} for n, i in enumerate(IDS)]
    return write("td.jsonl", rows)


def test_the_help_names_every_format(capfd):
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    said = " ".join(capfd.readouterr().out.split())
    assert all(f"{name}: " in said for name in FORMATS)


def test_import_prints_what_was_found(ftft, dataset, cartography):
    status, out, err = ftft("import", cartography(), "--dataset", dataset, "--name", "r")
    value = json.loads(out)
    assert (status, value["run"], value["n"], value["epochs"], value["existing"]) == (0, "r", 4, 3, False)
    assert value["found"][0].keys() == {"kind", "count", "examples", "message"}
    assert "label_mapping" in err
    status, out, _ = ftft("import", cartography(), "--dataset", dataset, "--name", "r", json=False)
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("!"))
    assert (status, lines["run"], lines["examples"], lines["holds"]) == (0, "r  (existing)", "4", "logits of every epoch")
    status, out, _ = ftft("map", "r")
    assert (json.loads(out)["capture"], json.loads(out)["epochs"], json.loads(out)["missing"]) == ("unknown", [1, 3], [])


def test_no_command_pretends_to_know_how_an_import_was_trained(ftft, coordinates):
    ftft("import", coordinates, "--new-dataset", "new", "--name", "r", "--epochs", 5)
    spec = json.loads(ftft("runs", "show", "r")[1])["spec"]
    assert {spec[name] for name in ("lr", "seed", "seeds", "steps", "epochs", "batch_size", "max_length", "layers")} == {None}
    assert json.loads(ftft("runs", "show", "r")[1])["steps_done"] is None
    assert "seed –, lr –, batch –" in ftft("runs", "show", "r", json=False)[1]
    assert json.loads(ftft("runs", "list")[1])["runs"][0]["model"] == "imported · r"
    assert ftft("runs", "list", json=False)[1].splitlines()[1].split()[-2] == "–"


def test_a_run_without_axes_has_no_regions_and_says_why(ftft, dataset, tmp_path):
    (tmp_path / "aum_values.csv").write_text("sample_id,aum\n" + "".join(f"{i},{n}.5\n" for n, i in enumerate(IDS)))
    ftft("import", tmp_path / "aum_values.csv", "--dataset", dataset, "--name", "r")
    value = json.loads(ftft("map", "r", "--out", tmp_path / "map.csv")[1])
    assert (value["regions"], value["missing"], value["n"]) == (None, ["variability", "confidence"], 4)
    assert (tmp_path / "map.csv").read_text().splitlines()[0] == "id,gold,aum"
    assert "imported without variability and confidence; it has aum" in ftft("map", "r", json=False)[1]
    status, out, _ = ftft("select", "r", "--by", "aum", "--top", 0.5, "--name", "s")
    assert (status, json.loads(out)["n"]) == (0, 2)


@pytest.mark.parametrize("kind", ["png", "jsonl", "parquet"])
def test_a_map_without_correctness_is_written_in_every_kind(kind, ftft, write, tmp_path):
    rows = [{"guid": i, "confidence": 0.2 * n, "variability": 0.1} for n, i in enumerate(IDS)]
    ftft("import", write("td.jsonl", rows), "--new-dataset", "new", "--name", "r")
    status, _, err = ftft("map", "r", "--out", tmp_path / f"map.{kind}")
    assert status == 0, err
    assert (tmp_path / f"map.{kind}").stat().st_size > 100


def test_runs_export_names_the_files_that_it_wrote(ftft, dataset, cartography, tmp_path):
    ftft("import", cartography(), "--dataset", dataset, "--name", "r")
    status, out, _ = ftft("runs", "export", "r", "--out", tmp_path / "out")
    value = json.loads(out)
    assert (status, len(value["files"])) == (0, 3)
    assert value["folder"] == str(tmp_path / "out" / "training_dynamics")


@pytest.mark.parametrize(
    "words",
    [
        ["import", "/nowhere", "--new-dataset", "n", "--name", "x"],
        ["import", "FILE", "--name", "x"],
        ["import", "FILE", "--new-dataset", "n"],
        ["import", "FILE", "--new-dataset", "n", "--name", "../x"],
        ["import", "FILE", "--new-dataset", "n", "--name", "x", "--format", "csv"],
        ["import", "FILE", "--new-dataset", "n", "--name", "x", "--format", "ftft"],
        ["import", "FILE", "--new-dataset", "n", "--name", "x", "--epochs", "2"],
        ["import", "FILE", "--new-dataset", "n", "--name", "x", "--epochs", "0"],
        ["import", "FILE", "--dataset", "nothing", "--name", "x"],
        ["import", "FILE", "--new-dataset", "n", "--dataset", "m", "--name", "x"],
        ["map", "r", "--epochs", "2-3"],
        ["runs", "resume", "r"],
        ["runs", "cancel", "r"],
        ["runs", "export", "r", "--out", "FILE"],
        ["select", "r", "--by", "loss", "--top", "0.5", "--name", "s"],
        ["transfer", "r", "r"],
    ],
)
def test_wrong_input_ends_with_2_and_a_remedy(words, ftft, coordinates):
    ftft("import", coordinates, "--new-dataset", "new", "--name", "r")
    status, out, err = ftft(*[coordinates if w == "FILE" else w for w in words])
    assert (status, err.count("\n"), "Traceback" in err) == (2, 1, False)
    assert json.loads(out)["error"]["remedy"]
