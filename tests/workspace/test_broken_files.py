"""Files of a workspace that a crash, a disk or an editor has broken: what is whole is still there, and what is broken says so."""

import json
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ftft
from ftft.cli import main
from ftft.cli.runs import _whole
from ftft.domain import STATES
from ftft.errors import InputError
from tests.synthetic import add_dataset, add_run

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**30), 10**30) | st.text(max_size=6),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3),
    max_leaves=8,
)
GARBAGE = st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode())


FILES = {  # what can break, and where it lies in the workspace
    "spec.json": "runs/RUN",
    "results.json": "runs/RUN",
    "metrics.jsonl": "runs/RUN",
    "lock": "runs/RUN",
    "dataset.json": "datasets/broken",
    "train.parquet": "datasets/broken",
    "subset.json": "subsets/broken-third",
    "ids.parquet": "subsets/broken-third",
}
OF_JSON = sorted(name for name in FILES if name.endswith(".json"))


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """A workspace with two datasets, and a run and a subset of each. Tests break what belongs to one of them, and mend it again."""
    root = tmp_path_factory.mktemp("whole")
    ws = ftft.Workspace(root / "workspace", runner=False)
    for seed, name in enumerate(("kept", "broken")):
        run = add_run(ws, add_dataset(ws, root, name), seed, verdict={"scores": {"ood": {"accuracy": 0.5, "loss": 0.7}}})
        ws.runs.folder(run.id).metrics_file.write_text('{"time": 1.0, "step": 3, "loss": 0.5}\n{"time": 2.0, "step": 6, "loss": 0.4}\n')
        ws.select(run=run.id, by="variability", top=0.33, name=f"{name}-third")
    return ws


@pytest.fixture(scope="module")
def run(ws):
    """The id of the run that may be broken."""
    return ws.runs.list(dataset="broken")[0].id


@contextmanager
def holding(ws, run, name, content):
    """The file `name` with this content, as long as the block lasts."""
    file = ws.path / FILES[name].replace("RUN", run) / name
    before = file.read_bytes() if file.exists() else None
    file.write_bytes(content)
    try:
        yield
    finally:
        file.unlink() if before is None else file.write_bytes(before)


def check_that_the_rest_is_there(ws, run):
    """Every list shows what is whole; what is broken is in it with a state, or is missing and says why when it is asked for."""
    fresh = ftft.Workspace(ws.path, runner=False)  # remembers no verdict
    runs = {r.spec.dataset: r for r in fresh.runs.list()}
    assert runs["kept"].state == "succeeded"
    assert "kept" in {d.name for d in fresh.data.list()}
    assert "kept-third" in {s.name for s in fresh.subsets.list()}
    assert fresh.models()
    assert ("broken" in runs) == is_readable(lambda: fresh.runs.get(run))
    assert ("broken" in {d.name for d in fresh.data.list()}) == is_readable(lambda: fresh.data.get("broken"))
    assert ("broken-third" in {s.name for s in fresh.subsets.list()}) == is_readable(lambda: fresh.subsets.get("broken-third"))
    if "broken" in runs:
        assert runs["broken"].state in STATES
        assert isinstance(runs["broken"].steps_done, int)
        json.dumps(_whole(runs["broken"]), allow_nan=False)


def is_readable(read):
    try:
        read()
        return True
    except InputError:
        return False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FILES)), GARBAGE)
def test_a_file_of_garbage_takes_nothing_else_away(ws, run, name, content):
    with holding(ws, run, name, content):
        check_that_the_rest_is_there(ws, run)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(OF_JSON), JSON | st.just(...), st.randoms(use_true_random=False))
def test_a_wrong_value_anywhere_in_a_file_takes_nothing_else_away(ws, run, name, value, chance):
    sound = json.loads((ws.path / FILES[name].replace("RUN", run) / name).read_text())
    with holding(ws, run, name, json.dumps(mutated(sound, chance, value)).encode()):
        check_that_the_rest_is_there(ws, run)


def mutated(value, chance, put):
    """`value` with `put` at a random place, or, where `put` is an ellipsis, without that place."""
    *way, last = chance.choice([place for place in places(value) if place])
    inner = value
    for key in way:
        inner = inner[key]
    if put is ...:
        del inner[last]
    else:
        inner[last] = put
    return value


def places(value, way=()):
    """Every place in a JSON value, as the keys that lead there."""
    yield way
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*way, key))


# ---- what a person is told


@pytest.mark.parametrize(
    ("name", "words", "noun"),
    [
        ("spec.json", ["runs", "show", "RUN"], "run"),
        ("dataset.json", ["data", "show", "broken"], "dataset"),
        ("subset.json", ["subsets", "show", "broken-third"], "subset"),
        ("ids.parquet", ["subsets", "show", "broken-third"], "subset"),
    ],
)
def test_what_is_broken_is_left_out_of_its_list_with_a_warning_and_says_why_when_asked_for(ws, run, capfd, caplog, name, words, noun):
    with holding(ws, run, name, b"{"):
        status, out, err = outcome([words[0], "list"], ws, capfd)
        assert status == 0
        assert "kept" in json.dumps(json.loads(out))
        assert [r.getMessage().split(" is left out")[0].split()[0] for r in caplog.records] == [noun]
        status, out, err = outcome([w.replace("RUN", run) for w in words], ws, capfd)
        assert status == 2
        assert name in json.loads(out)["error"]["message"]
        assert err.count("\n") == 1


def test_a_broken_verdict_is_that_of_a_failed_run_which_can_be_resumed(ws, run):
    with holding(ws, run, "results.json", b'{"state": "succeeded", "scores": {"ood": {"accur'):
        found = ftft.Workspace(ws.path, runner=False).runs.get(run)
        assert (found.state, found.cause) == ("failed", "bad_input")
        assert found.error["remedy"] == f"Make it again: ftft runs resume {run}"
        assert found.steps_done == 6, "as metrics.jsonl says"


def test_lines_of_progress_that_are_none_are_skipped(ws, run):
    lines = [
        b'{"step": 1, "loss": 0.5}',
        b"\xff\x00",
        b"[1]",
        b'{"step": "x"}',
        b'{"step": 2, "loss": NaN}',
        b"",
        b'{"step": 3}',
        b'{"step": 4',
    ]
    with holding(ws, run, "metrics.jsonl", b"\n".join(lines)):
        assert [line["step"] for line in ws.runs.progress(run)] == [1, 3]


@pytest.mark.parametrize("name", ["queue.db", "workspace.json"])
@pytest.mark.parametrize("content", [b"garbage, and enough of it to fill the header of a database" * 3, b"[1]", b"\xff\xfe"])
def test_a_broken_queue_or_marker_is_named_with_its_remedy(tmp_path, capfd, name, content):
    ws = ftft.Workspace(tmp_path / "workspace", runner=False)
    (ws.path / name).write_bytes(content)
    status, out, err = outcome(["runs", "list"], ws, capfd)
    assert status == 2
    assert name in err or "format" in err
    assert json.loads(out)["error"]["remedy"]


def test_a_queue_that_was_removed_leaves_runs_that_can_be_queued_again(tmp_path):
    ws = ftft.Workspace(tmp_path / "workspace", runner=False)
    run = add_run(ws, add_dataset(ws, tmp_path))
    (ws.path / "queue.db").unlink(missing_ok=True)
    assert ws.runs.get(run.id).state == "lost"
    assert ws.runs.resume(run.id).state == "queued"


def outcome(words, ws, capfd):
    capfd.readouterr()
    with pytest.raises(SystemExit) as end:
        main([*words, "--workspace", str(ws.path), "--json"])
    return end.value.code, *capfd.readouterr()
