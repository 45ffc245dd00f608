"""Wrong inputs of every command: exit status 2, what is wrong and what to do in one line, and a workspace as it was before."""

import gzip
import hashlib
import json
import re
import shlex
import shutil

import pytest

import ftft
from ftft.cli import COMMANDS, main
from ftft.workspace.training import bundled_models
from tests.synthetic import add_dataset, add_run

ROWS = [f"train-{n},review {n},{'good' if n % 2 else 'bad'}" for n in range(40)]
HEAD = "id,text,label"

# Files that data add, select and pretrain are given: name -> content.
FILES: dict[str, bytes] = {
    "good.csv": "\n".join([HEAD, *ROWS]).encode(),
    "dev.csv": b"id,text,label\nd1,a,bad\nd2,b,good",
    "strange.csv": b"id,text,label\nd1,a,bad\nd2,b,awful",
    "twice.csv": "\n".join([HEAD, *ROWS, ROWS[3]]).encode(),
    "one_class.csv": b"text,label\na,x\nb,x",
    "lists.jsonl": b'{"text": "a", "label": ["x"]}\n{"text": "b", "label": ["x", "y"]}',
    "floats.csv": b"text,label\na,0.5\nb,1.5\nc,0.25",
    "unique.csv": ("text,label\n" + "\n".join(f"t{n},l{n}" for n in range(30))).encode(),
    "many.csv": ("text,label\n" + "\n".join(f"t{n},l{n % 201}" for n in range(804))).encode(),
    "unlabelled.csv": b"text,label\na,x\nb,\nc,y",
    "ragged.csv": b"text,label\na,x\nb,y,z\nc,y",
    "quote.csv": b'text,label\n"a,x\nb,y',
    "broken.jsonl": b'{"text": "a", "label": "x"}\n{"text": "b", "label"\n',
    "latin.csv": "text,label\ncafé,x\nb,y".encode("latin-1"),
    "utf16.csv": "text,label\na,x".encode("utf-16"),
    "binary.csv": b"\x00\x01\x02\x03",
    "empty.csv": b"",
    "header.csv": b"text,label\n",
    "minus.csv": b"text,label\na,-1\nb,-1\n",
    "semicolon.xlsx": b"PK",
    "torn.csv.gz": gzip.compress(b"text,label\na,x\n")[:-6],
    "torn.parquet": b"PAR1 and then nothing",
    "selection.txt": b"not json",
    "list.json": b"[]",
    "deep.json": b"[" * 100_000,
    "digits.json": b'{"dataset": "reviews", "steps": [' + b"9" * 5000 + b"]}",
    "bytes.json": bytes(range(128, 256)),
    "strange.json": b'{"dataset": "other", "steps": []}',
    "few.txt": b"one\ntwo\n",
    "latin.txt": b"caf\xe9\n",
}
# Selections of one step on reviews; RUN stands for the run.
STEPS: dict[str, dict] = {
    "column": {"op": "new", "by": "column", "column": "length", "min": 1},
    "range": {"op": "new", "by": "column", "column": "text", "min": 2, "max": 1},
    "label": {"op": "new", "by": "label", "labels": ["positiv"]},
    "ids": {"op": "new", "by": "ids", "ids": ["train-1", "train-x"]},
    "regex": {"op": "new", "by": "text", "query": "(a", "regex": True},
    "look": {"op": "new", "by": "text", "query": "(?=a)", "regex": True},
    "op": {"op": ["new"], "by": "invert"},
    "by": {"op": "new", "by": {}},
    "q": {"op": "new", "by": "top", "run": "RUN", "metric": "variability", "q": "0.3"},
    "nan": {"op": "new", "by": "top", "run": "RUN", "metric": "variability", "q": float("nan")},
    "epochs": {"op": "new", "by": "top", "run": "RUN", "metric": "variability", "q": 0.3, "epochs": [1.0, 2.0]},
    "nothing": {"op": "new", "by": "text", "query": "no review says so"},
    "only": {
        "op": "new",
        "by": "region",
        "run": "RUN",
        "shapes": [{"type": "box", "x0": 0, "x1": 1, "y0": 0, "y1": 1}],
        "only": [{"by": "invert"}],
    },
    "flag": {"op": "new", "by": "flag", "flag": ""},
}

ADD = "data add new --train {files}/good.csv --text text --label label"
TRAIN = "train reviews --model {model} --detach"
SELECT = "select --name new --selection {files}"
BY = "select {run} --name new --by"
EXPERIMENT = "experiment ftft reviews --main {model} --reference {model}"

WRONG: dict[str, str] = {
    # the command line itself
    "frobnicate": "No such command.*--help",
    "map {run} --shape round": "No such option.*--help",
    "data frobnicate": "No such command.*--help",
    # data
    "data show nothing": "dataset 'nothing' is not known. Known: other, reviews",
    "data show review": "Perhaps you mean reviews",
    "data list --workspace {files}/good.csv": "is not a workspace.*--workspace",
    "data list --workspace {files}": "not a workspace and not empty",
    "data list --workspace {files}/good.csv/sub": "Name a folder that you may write to",
    "data list --workspace /proc/nowhere": "Name a folder that you may write to",
    "data list --workspace ~nobody-of-this-name/x": "Name a folder that you may write to",
    "data add new": "Missing option.*--help",
    "data add new --train {files}/nowhere.csv --text text --label label": "does not exist. Check the path",
    "data add new --train {files} --text text --label label": "is a folder|extension|saved",
    "data add new --train {files}/good.csv --text txt --label label": "Perhaps you mean 'text'",
    "data add new --train {files}/good.csv --text text --label stars": "no column 'stars'.*has the columns id, text, label",
    "data add new --train {files}/good.csv --text text --label text": "named twice",
    "data add new --train {files}/good.csv --text text --label label --id key": "no column 'key'",
    "data add new --train {files}/twice.csv --text text --label label": "train-3",
    "data add new --train {files}/one_class.csv --text text --label label": "at least two labels",
    "data add new --train {files}/lists.jsonl --text text --label label": "looks like multi-label",
    "data add new --train {files}/floats.csv --text text --label label": "regression.*classes",
    "data add new --train {files}/unique.csv --text text --label label": "30 different labels.*looks like an id.*--label",
    "data add new --train {files}/many.csv --text text --label label": "201 different labels.*200",
    "data add new --train {files}/unlabelled.csv --text text --label label": "no label in row 2.*leave them out",
    "data add new --train {files}/ragged.csv --text text --label label": "line 3: 3 cells.*Mend that line",
    "data add new --train {files}/quote.csv --text text --label label": "line 2.*never closed",
    "data add new --train {files}/broken.jsonl --text text --label label": "line 2",
    "data add new --train {files}/latin.csv --text text --label label": "line 2: not UTF-8.*Save it as UTF-8",
    "data add new --train {files}/utf16.csv --text text --label label": "UTF-16",
    "data add new --train {files}/binary.csv --text text --label label": "not a text file",
    "data add new --train {files}/empty.csv --text text --label label": "is empty",
    "data add new --train {files}/header.csv --text text --label label": "no rows",
    "data add new --train {files}/semicolon.xlsx --text text --label label": "extension.*parquet",
    "data add new --train {files}/torn.csv.gz --text text --label label": "not a whole gzip file",
    "data add new --train {files}/torn.parquet --text text --label label": "not a sound Parquet file",
    "data add new --train hub: --text text --label label": "hub:",
    "data add new --train {files}/minus.csv --text text --label label": "-1",
    ADD + " --eval dev={files}/dev.csv:id --columns dev:text=txt": "no column 'txt'",
    ADD + " --eval dev={files}/dev.csv:id --columns test:text=txt": "Known: dev",
    ADD + " --eval dev={files}/strange.csv:id --map 'dev:awful=bad|worse'": "train has no label 'worse'",
    "data derive reviews --name new": "--drop|--relabel",
    "data derive reviews --name new --drop {files}/few.txt": "one",
    "data derive reviews --name reviews --drop {files}/few.txt": r"\w",
    "data derive nothing --name new --drop {files}/few.txt": "'nothing' is not known",
    "data remove nothing": "'nothing' is not known",
    "data remove reviews": "third",
    ADD + " --eval dev": "--eval EVAL=FILE:id|ood",
    ADD + " --eval dev={files}/dev.csv:in": "--eval EVAL=FILE:id|ood",
    ADD + " --eval train={files}/dev.csv:id": "another name",
    ADD + " --eval ../dev={files}/dev.csv:id": "letters, digits",
    ADD + " --eval dev={files}/dev.csv:id --eval dev={files}/dev.csv:ood": "given twice",
    ADD + " --eval dev={files}/strange.csv:id": "--map dev:awful=OURS",
    ADD + " --eval dev={files}/strange.csv:id --map dev:awful=worse": "train has no label 'worse'",
    ADD + " --eval dev={files}/dev.csv:id --map awful": "--map EVAL:theirs=ours",
    ADD + " --eval dev={files}/dev.csv:id --map test:awful=bad": "Perhaps you mean|Known: dev",
    ADD + " --metric f1": "macro_f1",
    ADD.replace("new", "reviews"): "exists with other content.*another name",
    ADD.replace("new", "../up"): "up to 80 letters, digits",
    ADD.replace("new", "a/b"): "up to 80 letters, digits",
    ADD.replace("new", "ä" * 120): "up to 80 letters, digits",
    ADD.replace("new", ".hidden"): "starting with a letter",
    # train
    "train reviews": "Missing option '--model'",
    "train nothing --model {model}": "dataset 'nothing' is not known",
    "train reviews --model {files}/nowhere": "folder with config.json",
    "train reviews --model {files}/good.csv": "folder with config.json",
    "train reviews --model {models}/empty": "no config.json",
    "train reviews --model {models}/pickled": "only pickled weights.*save_pretrained",
    "train reviews --model {models}/garbage": "not a safetensors file.*save_pretrained",
    "train reviews --model {models}/prose": "not JSON",
    TRAIN + " --layers 99": "Give at most 2",
    TRAIN + " --layers 0": "at least 1",
    TRAIN + " --lr 0": "positive number",
    TRAIN + " --lr -1e-5": "positive number",
    TRAIN + " --lr nan": "positive number",
    TRAIN + " --lr inf": "positive number",
    TRAIN + " --lr fast": "not a valid float",
    TRAIN + " --epochs 0": "at least 1",
    TRAIN + " --epochs 2.5": "not a valid integer",
    TRAIN + " --epochs 99999999999999999999": "at most",
    TRAIN + " --epochs 2 --steps 10": "exclude each other",
    TRAIN + " --steps 0": "at least 1",
    TRAIN + " --batch-size 0": "at least 1",
    TRAIN + " --eval-batch-size -1": "at least 1",
    TRAIN + " --grad-accum 0": "at least 1",
    TRAIN + " --max-length 0": "at least 1",
    TRAIN + " --warmup 1": "below 1",
    TRAIN + " --warmup nan": "below 1",
    TRAIN + " --weight-decay -1": "small positive",
    TRAIN + " --weight-decay inf": "small positive",
    TRAIN + " --precision fp8": "bf16|fp16",
    TRAIN + " --capture onlin": "online",
    TRAIN + " --seed -1": "from 0 to 4294967295",
    TRAIN + " --seed 4294967296": "from 0 to 4294967295",
    TRAIN + " --subset nothing": "subset 'nothing' is not known",
    TRAIN + " --subset elsewhere": "subset of the same dataset",
    # runs
    "runs list --state done": "Known: cancelled, failed",
    "runs show zzz": "run 'zzz' is not known",
    "runs show ../../reviews": "is not known",
    "runs show {long}": "is not known",
    "runs logs zzz": "is not known",
    "runs cancel zzz": "is not known",
    "runs resume zzz": "is not known",
    # map and transfer
    "map zzz": "is not known",
    "map {run} --epochs 3-1": "Recorded epochs: 1, 2, 3",
    "map {run} --epochs 0-2": "Recorded epochs: 1, 2, 3",
    "map {run} --epochs 2-9": "Recorded epochs: 1, 2, 3",
    "map {run} --epochs one": "such as 2-6",
    "map {run} --epochs 1-99999999999999999999": "such as 2-6",
    "map {run} --out {files}/map.docx": "Known: .csv",
    "map {run} --out {files}": "Known: .csv",
    "map {run} --colour label": "--colour says nothing without a figure",
    "map {run} --marginals --out {files}/map.csv": "--marginals says nothing without a figure.*Add --out FILE",
    "map {run} --selection {files}/list.json": "--selection says nothing without a figure",
    "map {run} --colour red --out {files}/map.png": "colour 'red' is not known",
    "map {run} --x confdence --out {files}/map.png": "Perhaps you mean confidence",
    "map {run} --width poster --out {files}/map.png": "Known: column, page",
    "map {run} --selection {files}/list.json --out {files}/map.png": "not a selection file",
    "map {run} --selection {files}/nowhere.json --out {files}/map.png": "cannot be read",
    "map {run} --selection {files}/strange.json --out {files}/map.png": "different datasets",
    "map mean~{run}": "two or more runs, each of them once",
    "map mean~{run}~{run}": "two or more runs, each of them once",
    "map mean~{run}~zzz": "run 'zzz' is not known",
    "map {run} --out {files}/good.csv/map.csv": "Name another file or folder",
    "map {run} --out /proc/nowhere/map.csv": "Name another file or folder",
    "map {run} --out {models}/folder.csv": "Name another file or folder",
    "transfer": "Missing argument",
    "transfer {run}": "at least two different runs",
    "transfer {run} {run}": "at least two different runs",
    "transfer {run} zzz": "is not known",
    "transfer {run} {other}": "Compare runs of one dataset",
    "transfer {run} {second} --top 0": "between 0 and 1",
    "transfer {run} {second} --top nan": "between 0 and 1",
    "transfer {run} {second} --epochs 1-9": "Recorded epochs",
    # select and subsets
    "select --name new": "--by METRIC --top Q",
    "select {run} --name new": "--by METRIC --top Q",
    "select {run} --by confidence --top 0.3": "Missing option '--name'",
    BY + " confdence --top 0.3": "Perhaps you mean confidence",
    BY + " confidence": "Give one of top and bottom",
    BY + " confidence --top 0.3 --bottom 0.3": "Give one of top and bottom",
    BY + " confidence --top 0": "between 0 and 1",
    BY + " confidence --bottom 1": "between 0 and 1",
    BY + " confidence --top nan": "between 0 and 1",
    BY + " confidence --top 1e-9": "Widen the region or raise q",
    "select {run} --by confidence --top 0.3 --name ../s": "letters, digits",
    "select {run} --by confidence --top 0.5 --name third": "Choose another name",
    SELECT + "/nowhere.json": "Name a selection file",
    SELECT: "is a folder",
    "select {run} --name new --selection {files}/list.json": "exclude each other",
    "select --per-label --name new --selection {files}/list.json": "exclude each other",
    "select --epochs 1-2 --name new --selection {files}/list.json": "exclude each other",
    "select {run} --by confidence --top 0.5 --epochs 2-9 --name new": "Recorded epochs: 1, 2, 3",
    "select {run} --by confidence --top 0.5 --epochs one --name new": "such as 2-6",
    SELECT + "/selection.txt": "not JSON",
    SELECT + "/bytes.json": "not JSON",
    SELECT + "/empty.csv": "not JSON",
    SELECT + "/deep.json": "not JSON",
    SELECT + "/digits.json": "not JSON",
    SELECT + "/huge.json": "larger than any selection file",
    SELECT + "/list.json": '"dataset": NAME, "steps"',
    SELECT + "/column.json": "column 'length' is not known",
    SELECT + "/range.json": "smaller number as min",
    SELECT + "/label.json": "Perhaps you mean positive",
    SELECT + "/ids.json": "'train-x'.*training examples",
    SELECT + "/regex.json": r"missing \).*Mend it",
    SELECT + "/look.json": "without look-around",
    SELECT + "/op.json": "Known: add, intersect",
    SELECT + "/by.json": "Known: column, flag, ids",
    SELECT + "/q.json": "between 0 and 1",
    SELECT + "/nan.json": "between 0 and 1",
    SELECT + "/epochs.json": r"such as \[1, 6\]",
    SELECT + "/nothing.json": "Widen the region",
    "subsets show nothing": "Known: elsewhere, third",
    "subsets export nothing --out {files}/x.csv": "is not known",
    "subsets export third --out {files}/x.docx": "Known: .csv",
    "subsets export third --out {files}": "name another folder",
    "subsets compare third nothing": "is not known",
    "subsets compare third elsewhere": "one dataset",
    SELECT + "/only.json": "Say directly which examples",
    SELECT + "/flag.json": "one line of up to 40 characters",
    # notes
    "notes list nothing": "Known: other, reviews",
    "notes flag reviews 'keep out'": "Give one of them",
    "notes flag reviews 'keep out' --subset third --ids {files}/few.txt": "exclude each other",
    "notes flag reviews 'keep out' --ids {files}/nowhere.txt": "Check the path",
    "notes flag reviews 'keep out' --ids {files}": "Check the path",
    "notes flag reviews 'keep out' --ids {files}/few.txt": "'one', 'two'.*training examples",
    "notes flag reviews 'keep out' --ids {files}/latin.txt": "Save it as UTF-8",
    "notes flag reviews 'keep out' --ids {files}/empty.csv": "no example is named",
    "notes flag reviews ' ' --subset third": "one line of up to 40",
    "notes flag reviews 'keep out' --subset elsewhere": "subset of the same dataset",
    "notes flag nothing 'keep out' --subset third": "subset of the same dataset|is not known",
    "notes export reviews --out {files}/notes.docx": "Known: .csv",
    "notes export nothing --out {files}/notes.csv": "Known: other, reviews",
    # pretrain, app, demo, run-spec
    "pretrain --text {files}/nowhere.txt --out {files}/model": "one text a line",
    "pretrain --text {files}/few.txt --out {files}/model": "at least 20",
    "pretrain --text {files}/latin.txt --out {files}/model": "Save the file as UTF-8",
    "pretrain --text {files}/few.txt --out {files}": "exists already",
    "pretrain --text {files}/few.txt --out {files}/model --architecture brt": "Perhaps you mean bert",
    "pretrain --text {files}/few.txt --out {files}/model --layers 0": "Give 1 or more",
    "pretrain --text {files}/few.txt --out {files}/model --steps 0": "Give 1 or more",
    "pretrain --text {files}/few.txt --out {files}/model --hidden 100": "multiple of 32",
    "app --port 0": "not in the range",
    "app --port 70000": "not in the range",
    "app --port http": "not a valid integer",
    "app --host 203.0.113.1 --port 8699": "--host",
    "demo --quik": "No such option.*--quick|--help",
    "demo --no-app --workspace {files}/good.csv": "is not a workspace",
    "import {files}/nowhere --dataset reviews --name theirs": "does not exist|Check the path",
    "import {files}/good.csv --name theirs": "Give either --dataset D or --new-dataset NAME",
    "import {files}/good.csv --dataset reviews --name ../theirs": "letters, digits",
    "import {files}/good.csv --dataset nothing --name theirs": "'nothing' is not known",
    "import {files}/good.csv --dataset reviews --name theirs --format carto": "cartography",
    "import {files}/binary.csv --dataset reviews --name theirs": r"\w",
    "import {files}/empty.csv --dataset reviews --name theirs --format table": "is empty",
    "import {models}/pickled/pytorch_model.bin --dataset reviews --name theirs --format ftft": r"\w",
    "runs export {run}": "--out",
    "runs remove zzz": "'zzz' is not known",
    "runs export zzz --out {files}/out": "'zzz' is not known",
    TRAIN + " --stop never": "Known: id_dev, none, ood_dev",
    TRAIN + " --stop id_dev": "no development set in distribution.*:id:dev",
    TRAIN + " --stop ood_dev --evals 0": "--evals is 0",
    TRAIN + " --patience 3": "--patience says nothing without --stop",
    TRAIN + " --devices 0": "--devices is 0",
    TRAIN + " --report-to wandbb": "Known: mlflow, none|Perhaps you mean wandb",
    TRAIN + " --subset third --selection {files}/few.txt": "not JSON",
    TRAIN + " --selection {files}/list.json": "--subset a new name|selection file",
    TRAIN + " --after zzz": "'zzz' is not known",
    "experiment stable reviews": "No such command.*--help",
    f"{EXPERIMENT}": "--eval EVAL=FILE:ood:dev",
    f"{EXPERIMENT} --stop none --strategy ambigous": "Perhaps you mean ambiguous",
    f"{EXPERIMENT} --stop none --strategy mix:easy=2": "from 0 to 1",
    f"{EXPERIMENT} --stop none --top 1": "between 0 and 1",
    f"{EXPERIMENT} --stop none --seeds 0": "from 1 to",
    f"{EXPERIMENT} --stop none --control erm_early": "Give --stop",
    f"{EXPERIMENT} --stop none --epochs 2 --steps 3": "exclude each other",
    "experiment ftft nowhere --main {model} --reference {model}": "is not known",
    "experiment ftft reviews --main {model}": "Missing option '--reference'",
    "estimate experiment ftft reviews --main {model} --reference {model}": "--eval EVAL=FILE:ood:dev",
    "results": "Missing argument",
    "results zzz": "experiment 'zzz' is not known",
    "results zzz --figure cost": "--out FILE.png",
    "theory --sets 3": "sets",
    "theory --method mixout": "mixout",
    "theory --out trends.txt": "kind of figure",
    "experiment stability reviews --model {model} --method mixup": "mixout",
    "experiment stability reviews --model {model} --tune head --method llrd": "--tune full",
    "experiment stability reviews --model {model} --vary luck": "init",
    "experiment stability reviews --model {model} --leave-one-out 2 --seeds 1": "--seeds 2",
    TRAIN + " --method mmr:alpha=-1": "from 0",
    TRAIN + " --method reinit:layers=99": "at most",
    TRAIN + " --tune tail": "head",
    TRAIN + " --seeds-of luck=3": "init",
    "report zzz": "Missing option '--out'",
    "report zzz --out {files}/x.html": "experiment or run 'zzz' is not known",
    "report {run} --out {files}/x.pdf": "--out FILE.html",
    "report {run} --out {files}/x.html --baseline erm": "Leave them out",
    "select {run} --strategy nothing --name new": "strategy 'nothing' is not known",
    "select {run} --strategy mix:easy=x --name new": "from 0 to 1",
    "select {run} --strategy mix --by variability --name new": "without --by",
    "select {run} --strategy consensus --name new": "mean~A~B",
    "select {run} --strategy mix --top 2 --name new": "between 0 and 1",
    "data derive reviews --name new --threshold-samples -1": "at least 0",
    "jobs set-slots 0": "whole number from 1",
    "jobs set-slots": "Missing argument",
    "jobs first {run}": "runs resume",
    "jobs prioritise zzz 1": "'zzz' is not known",
    "jobs prioritise {run} high": "not a valid integer",
    "app --allow-host https://x": "Give the name alone",
    "app --base-url ../x": "such as /ftft",
    "estimate training reviews": "No such command.*--help",
    "estimate train reviews --model {model} --after zzz": "run 'zzz' is not known",
    "rebuild --colour red": "No such option.*--help",
    "rebuild --workspace {files}/good.csv": "is not a workspace",
    "doctor --colour red": "No such option.*--help",
    "doctor --workspace ~nobody-of-this-name/x": "Name a folder that you may write to",
    "run-spec {files}/nowhere": "does not exist",
    "run-spec {files}": "has no spec.json.*under runs/",
    "run-spec {models}/run": "spec.json is not JSON.*Copy the file again",
}  # fmt: skip

WRONG |= {f"estimate {words}": remedy for words, remedy in WRONG.items() if words.startswith("train ")}  # the same words, the same answers


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A workspace with two datasets, runs and subsets, and the files: (workspace, what the words in braces stand for)."""
    root = tmp_path_factory.mktemp("world")
    ws = ftft.Workspace(root / "workspace", runner=False)
    sources = root / "sources"
    sources.mkdir()
    run = add_run(ws, add_dataset(ws, sources), verdict={})
    second = add_run(ws, "reviews", seed=2, verdict={})
    other = add_run(ws, add_dataset(ws, sources, "other", rows=30), verdict={})
    ws.select(run=run.id, by="variability", top=0.33, name="third")
    ws.select(run=other.id, by="variability", top=0.33, name="elsewhere")
    files, models = root / "files", root / "models"
    files.mkdir()
    for name, content in FILES.items():
        (files / name).write_bytes(content)
    for name, step in STEPS.items():
        text = json.dumps({"dataset": "reviews", "steps": [step]}).replace("RUN", run.id)
        (files / f"{name}.json").write_text(text, encoding="utf-8")
    with (files / "huge.json").open("wb") as hole:
        hole.truncate(1 << 30)
    model = bundled_models()[0]
    for name in ("empty", "pickled", "garbage", "prose", "folder.csv", "run"):
        (models / name).mkdir(parents=True)
    (models / "run" / "spec.json").write_text("{")
    for name in ("pickled", "garbage"):
        shutil.copy(model / "config.json", models / name)
    (models / "pickled" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (models / "garbage" / "model.safetensors").write_bytes(b"\xff" * 100)
    shutil.copytree(model, models / "prose", dirs_exist_ok=True)
    (models / "prose" / "config.json").write_text("This is a model")
    stand_for = {
        "files": files,
        "models": models,
        "model": model,
        "run": run.id,
        "second": second.id,
        "other": other.id,
        "long": "a" * 5000,
    }
    return ws, root, stand_for


def tree(root):
    """Every file with its content, less what is derived (the database, caches) and locks, which hold nothing."""
    derived = ("workspace.duckdb", "cache", "locks", "huge.json")
    return {
        path.relative_to(root): hashlib.sha256(path.read_bytes()).digest() if path.is_file() else None
        for path in root.rglob("*")
        if not any(part.startswith(derived) for part in path.relative_to(root).parts)
    }


@pytest.fixture(autouse=True)
def nothing_trains(monkeypatch):
    """A wrong input that is taken for a right one fails its test, and starts nothing."""
    monkeypatch.setattr(ftft.Workspace, "wake", lambda self: None)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_input_ends_with_2_and_a_remedy_and_leaves_nothing_behind(words, world, capfd):
    ws, root, stand_for = world
    before = tree(root)
    given = [word.format(**stand_for) for word in shlex.split(words)]
    given += [] if "--workspace" in given else ["--workspace", str(ws.path)]

    status, out, err = outcome([*given, "--json"], capfd)
    assert status == 2, err
    error = json.loads(out)["error"]
    assert error.keys() == {"kind", "message", "remedy"}
    assert error["kind"] == "bad_input"
    assert error["message"]
    assert error["remedy"]
    assert not re.search(r"\.$", error["message"] + error["remedy"])

    status, out, line = outcome(given, capfd)
    assert (status, out, line) == (2, "", err), "the same line, and nothing on standard output"
    assert line.startswith("ftft: ")
    assert line.count("\n") == 1
    assert "Traceback" not in line
    assert re.search(WRONG[words], line), line
    assert tree(root) == before


def test_every_command_has_wrong_inputs():
    assert {words.split()[0] for words in WRONG} >= set(COMMANDS)


def outcome(words, capfd):
    with pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code, *capfd.readouterr()
