"""Whose code runs, and which files are touched: models that bring code, planted pickles, and names that lead out of the workspace."""

import ast
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from ftft.errors import FtftError, InputError
from ftft.publish import publish_json, read_json
from ftft.runfolder import RunFolder
from ftft.train import run_folder
from ftft.train.checkpoints import Checkpoints
from tests.synthetic import add_dataset, add_run
from tests.train.conftest import make_model, make_run, tiny_model, workspace  # noqa: F401  (fixtures)
from tests.train.killing import train_and_kill
from tests.train.tiny import new_run

ROOT = Path(__file__).parents[1]

# ---- models that bring code of their own

CONFIGURATION = """
import os
from pathlib import Path
from transformers import BertConfig

Path(os.environ["FTFT_TEST_MARK"]).write_text("the model's own code ran")

class OwnConfig(BertConfig):
    model_type = "own"
"""
MODEL = """
from transformers import BertForSequenceClassification
from .configuration_own import OwnConfig

class OwnForSequenceClassification(BertForSequenceClassification):
    config_class = OwnConfig
"""


@pytest.fixture
def mark(tmp_path, monkeypatch) -> Path:
    """A file that is there once code ran that came with a model."""
    monkeypatch.setenv("FTFT_TEST_MARK", str(tmp_path / "mark"))
    return tmp_path / "mark"


@pytest.fixture
def own_model(make_model, tmp_path, mark) -> Path:  # noqa: F811
    """A model whose architecture is a file beside its weights."""
    folder = tmp_path / "own-model"
    shutil.copytree(make_model(headed=True), folder)
    (folder / "configuration_own.py").write_text(CONFIGURATION)
    (folder / "modeling_own.py").write_text(MODEL)
    classes = {"AutoConfig": "OwnConfig", "AutoModelForSequenceClassification": "OwnForSequenceClassification"}
    files = {"OwnConfig": "configuration_own", "OwnForSequenceClassification": "modeling_own"}
    config = json.loads((folder / "config.json").read_text())
    auto_map = {auto: f"{files[name]}.{name}" for auto, name in classes.items()}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "own", "auto_map": auto_map}))
    return folder


def test_nothing_in_the_sources_trusts_a_models_code_by_itself():
    """`trust_remote_code` is always a value that comes from the spec, never a constant True."""
    found = [
        f"{file}:{node.value.lineno}"
        for part in ("ftft", "app", "benchmarks")
        for file in (ROOT / part).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code" and isinstance(node.value, ast.Constant) and node.value.value
    ]
    assert found == []


def test_a_run_of_a_model_with_code_is_refused_before_it_is_queued(ws, tmp_path, own_model, mark):
    add_dataset(ws, tmp_path)
    with pytest.raises(InputError, match=r"own-model brings Python code of its own.*--allow-remote-code"):
        ws.train("reviews", model=str(own_model), detach=True)
    assert ws.runs.list() == []
    assert not mark.exists()
    [run] = ws.train("reviews", model=str(own_model), detach=True, remote_code=True)
    assert run.spec.remote_code
    assert not mark.exists(), "queueing runs no code"


def test_a_run_whose_spec_does_not_allow_it_runs_no_code(workspace, own_model, mark):  # noqa: F811
    folder = new_run(workspace, own_model)
    with pytest.raises(InputError, match=r"own-model.*cannot be loaded"):
        run_folder(folder)
    assert not mark.exists()


def test_a_run_that_is_allowed_to_trains_goes_on_from_a_checkpoint_and_ends(workspace, own_model, mark):  # noqa: F811
    folder = new_run(workspace, own_model, remote_code=True)
    train_and_kill(folder, "in a step", 9, 0.0)
    assert mark.exists()
    mark.unlink()
    shutil.rmtree(own_model)  # a checkpoint is complete in itself, code included
    assert run_folder(folder)["state"] == "succeeded"


def test_a_checkpoint_cannot_bring_code_into_a_run_that_allows_none(killed, tmp_path, own_model, mark):
    folder, checkpoint = killed(tmp_path / "ws")
    for file in own_model.glob("*.py"):
        shutil.copy(file, checkpoint)
    config = checkpoint / "config.json"
    theirs = {name: json.loads((own_model / "config.json").read_text())[name] for name in ("model_type", "auto_map")}
    config.write_text(json.dumps(json.loads(config.read_text()) | theirs))
    with pytest.raises(InputError, match="cannot be loaded"):
        run_folder(folder)
    assert not mark.exists()


# ---- pickles


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


def torch_pickled(file: Path, trap: Trap) -> None:
    """As torch.save writes it: an archive, with the pickle in it."""
    import torch

    torch.save({"state": trap}, file)


def plainly_pickled(file: Path, trap: Trap) -> None:
    """A bare pickle, which torch.load takes for one of its old files."""
    file.write_bytes(pickle.dumps(trap))


LOADED = ("optimizer.pt", "scheduler.pt", "rng_state.pth")
NOT_LOADED = ("training_args.bin", "pytorch_model.bin", "optimizer.bin", "adapter_model.bin")


@pytest.fixture(scope="module")
def killed(tmp_path_factory, tiny_model):  # noqa: F811
    """`killed(folder)`: a copy there of a run that was killed in the middle; gives its folder, and that of its checkpoint."""
    root = tmp_path_factory.mktemp("killed") / "ws"
    run = new_run(root, tiny_model)
    train_and_kill(run, "in a step", 9, 0.0)

    def copy(folder: Path) -> tuple[RunFolder, Path]:
        shutil.copytree(root, folder)
        folder_of_run = RunFolder(folder / "runs" / run.run)
        return folder_of_run, Checkpoints(folder_of_run.checkpoints).newest().trainer

    return copy


@pytest.mark.parametrize("write", [torch_pickled, plainly_pickled])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_that_was_planted_in_a_checkpoint_is_refused_instead_of_run(killed, tmp_path, write, monkeypatch):
    """Whatever a resume loads: optimiser, schedule, random state."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")  # speaks to whoever has not said what to load
    for name in LOADED:
        folder, checkpoint = killed(tmp_path / name)
        write(checkpoint / name, Trap(tmp_path / "sprung"))
        with pytest.raises(InputError, match=r"newest checkpoint holds something else than numbers.*ftft runs resume"):
            run_folder(folder)
        assert folder.verdict()["cause"] == "bad_input"
        assert not (tmp_path / "sprung").exists(), name


def test_pickles_beside_what_a_resume_loads_are_left_alone(killed, tmp_path):
    folder, checkpoint = killed(tmp_path / "ws")
    for name in NOT_LOADED:
        plainly_pickled(checkpoint / name, Trap(tmp_path / "sprung"))
    assert run_folder(folder)["state"] == "succeeded"
    assert not (tmp_path / "sprung").exists()


def test_the_trap_would_spring(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("write", [torch_pickled, plainly_pickled])
def test_an_import_of_a_pickle_runs_nothing(ws, ftft, tmp_path, write):
    add_dataset(ws, tmp_path)
    write(tmp_path / "uid_to_logits.pt", Trap(tmp_path / "sprung"))
    status, _, told = ftft("import", tmp_path / "uid_to_logits.pt", "--dataset", "reviews", "--name", "theirs", "--format", "ftft")
    assert (status, "objects with code in them are never loaded" in told) == (2, True)
    assert not (tmp_path / "sprung").exists()


# ---- names that lead out of the workspace

OUT = [
    "../x",
    "..",
    ".",
    "../../etc",
    "/etc",
    "x/../../x",
    "..%2fx",
    "%2e%2e",
    "%2e%2e%2fx",
    "a\\..\\x",
    "./reviews",
    "reviews/",
    ".hidden",
]
NUL = ["x\0", "\0", "../x\0reviews"]
COMMANDS = (
    "data show {}", "data remove {} --force", "runs show {}", "runs logs {}", "runs cancel {}", "runs resume {}", "runs remove {}",
    "runs export {} --out {out}/o", "map {}", "subsets show {}", "subsets export {} --out {out}/o.csv", "subsets compare {} {}",
    "notes show {}", "notes export {} --out {out}/o.csv", "transfer {} {}", "select {} --by variability --top 0.3 --name new",
    "data derive {} --name new --drop {out}/ids.txt", "jobs first {}", "train {} --model {model}",
    "train reviews --model {model} --subset {}",
    "train reviews --model {model} --after {}", "import {out}/run --dataset reviews --name {}", "import {out}/run --dataset {} --name new",
    "select {run} --by variability --top 0.3 --name {}", "data add {} --train {out}/x.csv --text text --label label",
)  # fmt: skip


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> Path:
    """A workspace's parent that holds, beside the workspace, what looks like all kinds of its parts."""
    import ftft as package

    root = tmp_path_factory.mktemp("outside")
    ws = package.Workspace(root / "workspace", runner=False)
    add_dataset(ws, root)
    run = add_run(ws, "reviews", verdict={})
    ws.select(run=run.id, by="variability", top=0.3, name="chosen")
    ws.notes.write("reviews", "train-1", "a note")
    for place in (root / "x", root / "workspace" / "x", root / "workspace"):
        for made in ("datasets/reviews", f"runs/{run.id}", "subsets/chosen"):
            shutil.copytree(root / "workspace" / made, place, dirs_exist_ok=True)
    shutil.copytree(root / "workspace" / "runs" / run.id, root / "run")
    shutil.copy(root / "workspace" / "notes" / "reviews.jsonl", root / "x.jsonl")
    (root / "x.csv").write_text("id,text,label\n1,a,x\n2,b,y\n")
    (root / "ids.txt").write_text("train-1\n")
    return root


def files(root: Path) -> dict[str, bytes]:
    """What lies there, without locks and caches, which looking at a workspace may make."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and not {"locks", "cache"} & set(file.relative_to(root).parts)
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_follows_a_name_out_of_the_workspace(command, outside, tiny_model, capfd):  # noqa: F811
    """Beside the workspace lie a dataset, a run and a subset that such a name would find."""
    from ftft.cli import main

    before, run = files(outside), next((outside / "workspace" / "runs").iterdir()).name
    for name in [*OUT, *(NUL if "--out" not in command else ())]:
        words = [word.replace("{out}", str(outside)).replace("{model}", str(tiny_model)).replace("{run}", run) for word in command.split()]
        with pytest.raises(SystemExit) as end:
            main([*(word.replace("{}", name) for word in words), "--workspace", str(outside / "workspace"), "--json"])
        out, told = capfd.readouterr()
        assert end.value.code == 2, (name, out, told)
        error = json.loads(out)["error"]
        assert error["kind"] == "bad_input"
        assert error["remedy"]
        assert "Traceback" not in told
        assert files(outside) == before, name


@pytest.mark.parametrize("name", [*OUT, *NUL, "ffffff/../..", "*", "??????", "[0-9]*"])
def test_no_part_of_a_workspace_is_got_by_a_name_that_leads_out(outside, name):
    """As an address of the app gives them: dataset, runs and selection."""
    import ftft as package

    ws, before = package.Workspace(outside / "workspace", runner=False), files(outside)
    for get in (
        ws.data.get, ws.data.rows, ws.data.ids, ws.runs.get, ws.runs.id, ws.runs.log, ws.runs.whole_log, ws.runs.size, ws.runs.usage,
        ws.runs.progress, ws.map, ws.subsets.get, ws.selections.get, ws.notes.all, lambda name: ws.map(f"{name}+{name}x"),
    ):  # fmt: skip
        with pytest.raises(InputError):
            get(name)
    assert files(outside) == before


@pytest.mark.parametrize("name", [*OUT, *NUL])
def test_no_selection_names_a_run_outside(outside, name):
    import ftft as package

    ws, before = package.Workspace(outside / "workspace", runner=False), files(outside)
    step = {"op": "new", "by": "top", "run": name, "metric": "variability", "q": 0.3}
    for selection in ({"dataset": "reviews", "steps": [step]}, {"dataset": name, "steps": [{"op": "new", "by": "invert"}]}):
        with pytest.raises(InputError):
            ws.select(selection, name="new")
    assert files(outside) == before


@pytest.mark.parametrize("name", [*OUT, *NUL])
@pytest.mark.parametrize("field", ["dataset", "subset", "selection", "after"])
def test_no_spec_leads_outside(workspace, make_run, outside, name, field):  # noqa: F811
    """A run's folder that somebody brought: what its spec names is looked for in the workspace alone."""
    folder, before = make_run(), files(outside)
    about = read_json(folder.path / "spec.json")
    if field == "after":
        about["after"] = [name]
    else:
        about["spec"] |= {field: name} | ({"subset": "new"} if field == "selection" else {})
    publish_json(folder.path / "spec.json", about)
    read = {"after": lambda: folder.after(), "selection": lambda: open_workspace(workspace).prepare(folder.run)}
    with pytest.raises(FtftError):
        read.get(field, lambda: run_folder(folder))()
    assert files(outside) == before
    assert {f.name for f in workspace.iterdir()} <= {"datasets", "runs", "cache", "workspace.json", "locks", "queue.db"}


def open_workspace(folder: Path):
    import ftft as package

    return package.Workspace(folder, runner=False)


@pytest.mark.parametrize("name", [*OUT, *NUL])
def test_no_import_of_a_run_folder_leads_outside(outside, name, tmp_path):
    source, before = tmp_path / "run", files(outside)
    shutil.copytree(outside / "run", source)
    about = read_json(source / "spec.json")
    about["spec"] |= {"dataset": name, "subset": name}
    publish_json(source / "spec.json", about)
    with pytest.raises(InputError):
        open_workspace(outside / "workspace").import_run(source, name="theirs", dataset="reviews")
    assert files(outside) == before
