"""Keeps tests out of the user's data, and gives them an empty workspace."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch reads it: several workers share the cores

import pytest

import ftft


@pytest.fixture(autouse=True)
def nobodys_workspace(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("FTFT_WORKSPACE", str(tmp_path_factory.mktemp("elsewhere") / "workspace"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def ws(tmp_path) -> ftft.Workspace:
    return ftft.Workspace(tmp_path / "workspace", runner=False)


@pytest.fixture(name="ftft")
def command_line(ws, capfd):
    """Runs a command on the workspace: (exit status, standard output, standard error)."""
    from ftft.cli import main

    def run(*words, json=True):
        with pytest.raises(SystemExit) as end:
            main([*map(str, words), "--workspace", str(ws.path), *(["--json"] if json else [])])
        return end.value.code, *capfd.readouterr()

    return run
