import json
import subprocess
import sys

import pytest

import ftft


@pytest.mark.slow
def test_the_quick_demo_walks_the_loop_and_does_nothing_twice(tmp_path):
    command = [sys.executable, "-m", "ftft", "demo", "--quick", "--no-app", "--json", "--workspace", str(tmp_path / "workspace")]
    first, again = (json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(2))
    assert first == again
    assert first.keys() == {"workspace", "dataset", "runs", "subset"}
    ws = ftft.Workspace(first["workspace"], runner=False)
    runs = [ws.runs.get(run) for run in first["runs"]]
    assert [r.state for r in runs] == ["succeeded"] * 3
    assert len(ws.runs.list()) == 3
    on_subset = runs[-1]
    assert on_subset.spec.subset_hash == ws.subsets.get(first["subset"]).hash
    assert on_subset.steps_done == runs[1].steps_done, "the second reference is the same model on everything, with the same budget"
    assert on_subset.scores.keys() == {"dev", "test", "ood_dev", "ood"}
