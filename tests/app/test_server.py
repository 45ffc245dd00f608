"""The launcher: one app a workspace, an address that answers, no torch."""

import json
import socket
import subprocess
import sys
import urllib.request

import pytest

from app import server
from app.server import flat, free_port
from benchmarks import browser as browser_tools
from ftft import Workspace
from ftft.errors import InputError
from tests.app.conftest import FIRST_PORT, REPOSITORY, draw_workspace, serving
from tests.app.test_maps import Reader
from tests.app.test_states import tree


def test_options_are_flattened_for_streamlit():
    assert dict(flat({"theme": {"light": {"font": "f"}}, "server": {"headless": True}})) == {
        "theme.light.font": "f",
        "server.headless": True,
    }


def test_a_taken_port_gives_the_next_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port


def test_an_address_of_another_machine_is_refused_with_a_remedy():
    with pytest.raises(InputError, match="--host"):
        free_port("192.0.2.1", 8501)


def test_a_port_taken_at_the_last_moment_is_said_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        script = f"""
from pathlib import Path
from app import server
from ftft.errors import WorkError
server.free_port = lambda host, first: first
try:
    server.serve(Path({str(tmp_path)!r}), port={taken.getsockname()[1]})
except WorkError as problem:
    print(problem)
"""
        command = [sys.executable, "-c", script]
        told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert "was taken while the app started" in told.stdout, told.stderr


def test_only_the_server_itself_is_announced(app_url):
    """The port of another app answers too: its address must not be printed."""
    root, said = app_url.partition("/?token=")[0], []
    with urllib.request.urlopen(root + server.INSTANCE) as answer:
        instance = answer.read().decode()
    server.announce(root, "another", said.append, patience_s=0.3)
    assert said == []
    server.announce(root, instance, said.append)
    assert said[0].startswith(f"{root}/?token=")


def test_the_app_answers_and_a_second_one_names_the_first(app_url, drawn_workspace):
    root, _, token = app_url.partition("/?token=")
    assert len(token) > 15
    for path in ("_stcore/health", "vendor/plotly.min.js"):
        with urllib.request.urlopen(f"{root}/{path}") as answer:
            assert answer.status == 200
    with urllib.request.urlopen(root) as answer:
        assert "plotly.min.js" in answer.headers["link"]
    command = [sys.executable, "-m", "ftft", "app", "--workspace", str(drawn_workspace.ws.path)]
    second = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    assert second.stdout == app_url + "\n"
    assert json.loads((drawn_workspace.ws.path / "locks" / "app.json").read_text())["url"] == app_url


def test_a_read_only_app_shows_all_writes_nothing_and_leaves_room_for_another(page, tmp_path, tmp_path_factory):
    drawn = draw_workspace(tmp_path, rows=300)
    before = tree(drawn.ws.path)
    with browser_tools.serving(drawn.ws.path, FIRST_PORT + 50, options=["--read-only"]) as url:
        reader = Reader(page).open(url)
        assert int(reader.drag(drawn.runs[0].id, [(0.02, 0.02), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)])["n"]) > 0
        page.get_by_text("read-only", exact=True).wait_for()
        assert page.locator(".st-key-save_subset button").is_disabled()
        page.goto(url.replace("/?", "/runs?"))
        page.locator(".st-key-runs_table").wait_for()
        assert tree(drawn.ws.path) == before
        with serving(drawn.ws.path, tmp_path_factory.mktemp("another")) as other:
            assert other.partition("/?")[0] != url.partition("/?")[0]
            assert (drawn.ws.path / "locks" / "app.json").exists()


def test_read_only_makes_no_workspace(tmp_path):
    with pytest.raises(InputError, match="is not a workspace"):
        Workspace(tmp_path / "nowhere", read_only=True)
    assert not (tmp_path / "nowhere").exists()


def test_the_app_starts_without_torch(tmp_path):
    script = f"""
import os, sys
os.environ["FTFT_WORKSPACE"] = {str(tmp_path / "workspace")!r}
import app.server
from streamlit.testing.v1 import AppTest
page = AppTest.from_file("app/main.py", default_timeout=60).run()
assert not page.exception, page.exception
print([name for name in ("torch", "transformers") if name in sys.modules])
"""
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert told.stdout.strip().endswith("[]"), told.stderr
