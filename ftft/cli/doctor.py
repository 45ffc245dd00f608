"""`ftft doctor`, which also says so where ftft cannot run at all."""

from typing import Any

import click

from ftft.cli.output import common, emit
from ftft.system import unsupported


@click.command()
@common
def doctor(workspace: str | None, as_json: bool) -> int:
    """Looks for what is wrong with a workspace and the installation, and says how to mend it. Changes nothing.

    \b
    ftft doctor --workspace my-workspace
    """
    checks = _system() or _checks(workspace)
    lines = [f"ok    {c['name']}" if c["ok"] else f"wrong {c['name']}: {c['problem']}. {c['remedy']}." for c in checks]
    emit(as_json, {"checks": checks}, lambda: "\n".join(lines))
    return 0 if all(c["ok"] for c in checks) else 1


def _system() -> list[dict[str, Any]]:
    problem = unsupported()
    return [{"name": "system", "ok": False, "problem": problem.message, "remedy": problem.remedy}] if problem else []


def _checks(workspace: str | None) -> list[dict[str, Any]]:
    from ftft.workspace.doctor import examine
    from ftft.workspace.place import where

    return [check.to_json() for check in examine(where(workspace))]
