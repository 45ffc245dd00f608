"""The commands that queue in a shell what a button of the Launch page queues: the same runs, under the same ids."""

import json
import shlex
from typing import TYPE_CHECKING, Any

from app import forms
from ftft import Workspace

if TYPE_CHECKING:
    from app.order import Order, Part

_ASIDE = ("subset", "selection")  # are written here


def command(ws: Workspace, order: "Order", part: "Part") -> str:
    """`ftft train …`, in lines. A subset that is still to be made needs its selection in a file, which comes first."""
    if not part.own:
        name, selection = part.settings.get("subset"), part.settings.get("selection")
        words = _train(ws, order, part.settings, order.seeds) + (["--subset", name] if name else [])
        if selection is None:
            return forms.in_lines(shlex.join(words))
        file = f"{name}.json"
        body = json.dumps(selection.to_json(), ensure_ascii=False)
        return f"cat > {shlex.quote(file)} <<'JSON'\n{body}\nJSON\n{forms.in_lines(shlex.join([*words, '--selection', file]))}"
    if all("selection" in own for own in part.own.values()):
        return _drawn(ws, order, part)
    return "\n".join(
        forms.in_lines(shlex.join(_train(ws, order, part.settings | own, (seed,)))) for seed, own in part.own.items()
    )  # fmt: skip


def _drawn(ws: Workspace, order: "Order", part: "Part") -> str:
    """A loop over the seeds, each of which draws its own examples."""
    first = next(iter(part.own.values()))
    name = shlex.quote(first["subset"].rpartition("-")[0] + "-")
    step = first["selection"].steps[0]
    dataset, counts = (_in_heredoc(json.dumps(value, ensure_ascii=False)) for value in (order.dataset, step["counts"]))
    step_json = f'{{"op": "new", "by": "random", "n": {step["n"]}, "seed": $seed, "counts": {counts}}}'
    train = forms.in_lines(shlex.join(_train(ws, order, part.settings, ()))).replace("\n", "\n  ")
    return (
        f"for seed in {' '.join(map(str, part.own))}; do\n"
        f"  cat > {name}$seed.json <<JSON\n"
        f'{{"dataset": {dataset}, "steps": [{step_json}]}}\n'
        f"JSON\n"
        f"  {train} \\\n    --seed $seed \\\n    --subset {name}$seed \\\n    --selection {name}$seed.json\n"
        f"done"
    )


def _train(ws: Workspace, order: "Order", settings: dict[str, Any], seeds: tuple[int, ...]) -> list[str]:
    plain = {name: value for name, value in settings.items() if name not in _ASIDE}
    words = shlex.split(ws.train_command(order.dataset, model=order.model, seeds=seeds, **plain))
    for run in order.after:
        words += ["--after", run]
    words += ["--priority", str(order.priority)] if order.priority else []
    return [*words, "--detach"]


def _in_heredoc(text: str) -> str:
    """`text` as a here-document without quotes gives it back: a shell reads $, ` and \\ in it."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`")
