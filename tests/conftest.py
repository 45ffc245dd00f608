"""Keeps tests out of the user's data, and gives them an empty workspace."""

import pytest

import ftft


@pytest.fixture(autouse=True)
def nobodys_workspace(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("FTFT_WORKSPACE", str(tmp_path_factory.mktemp("elsewhere") / "workspace"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def ws(tmp_path) -> ftft.Workspace:
    return ftft.Workspace(tmp_path / "workspace", runner=False)
