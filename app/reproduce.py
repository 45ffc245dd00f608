"""What gives the same subset again without the app: a line for a shell, and a few of Python."""

import pprint
import shlex

from ftft.domain import Selection, Step

LONGEST = 4000  # characters of steps that are shown in Python; beyond, it reads the file, as a shell does


def file_name(selection: Selection) -> str:
    """Of the selection's file: that which the command and the Python name."""
    return f"selection-{selection.hash[:8]}.json"


def needs_file(selection: Selection) -> bool:
    """Does the command read the selection's file? Not where a single step by a metric says it all."""
    return _only_step(selection) is None


def command(selection: Selection, name: str) -> str:
    """The words for a shell, in the folder that holds the selection's file where one is needed."""
    step = _only_step(selection)
    if step is None:
        return shlex.join(["ftft", "select", "--selection", file_name(selection), "--name", name])
    words = ["ftft", "select", step["run"], "--by", step["metric"], f"--{step['end']}", repr(step["q"])]
    if step["epochs"]:
        words += ["--epochs", f"{step['epochs'][0]}-{step['epochs'][1]}"]
    if step["per_label"]:
        words += ["--per-label"]
    return shlex.join([*words, "--name", name])


def python(selection: Selection, name: str) -> str:
    """The same in Python."""
    step = _only_step(selection)
    steps = pprint.pformat(selection.to_json(), width=100, sort_dicts=False)
    if step is not None:
        epochs = f", epochs=({step['epochs'][0]}, {step['epochs'][1]})" if step["epochs"] else ""
        per_label = ", per_label=True" if step["per_label"] else ""
        how = f"run={step['run']!r}, by={step['metric']!r}, {step['end']}={step['q']!r}{epochs}{per_label}"
        return _program(f"subset = ws.select({how}, name={name!r})")
    if len(steps) > LONGEST:
        read = f'selection = json.loads(Path({file_name(selection)!r}).read_text(encoding="utf-8"))'
        return _program(f"{read}\nsubset = ws.select(selection, name={name!r})", "import json", "from pathlib import Path", "")
    return _program(f"selection = {steps}\nsubset = ws.select(selection, name={name!r})")


def _program(last: str, *imports: str) -> str:
    return "\n".join([*imports, "import ftft", "", "ws = ftft.Workspace()  # $FTFT_WORKSPACE, else ./ftft-workspace", last])


def _only_step(selection: Selection) -> Step | None:
    """The one step by a metric that a selection is made of, if it is."""
    step = selection.steps[0] if len(selection.steps) == 1 else None
    return step if step and step.by == "top" and step.op in ("new", "add") else None
