"""The launcher: one app a workspace, an address that answers, no torch."""

import json
import socket
import subprocess
import sys
import urllib.request
from urllib.parse import urlsplit

import pytest

from app import backend, server
from app.server import flat, free_port
from benchmarks import browser as browser_tools
from ftft import Workspace
from ftft.errors import InputError, WorkError
from tests.app.conftest import FIRST_PORT, REPOSITORY, draw_workspace, serving
from tests.app.test_maps import Reader
from tests.app.test_states import tree


@pytest.fixture(autouse=True)
def environment_as_it_was(monkeypatch):
    """The launcher tells the pages by it what it was started with."""
    for name in ("FTFT_READ_ONLY", "FTFT_REMOTE_CODE"):
        monkeypatch.setenv(name, "0")


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


def test_a_port_taken_at_the_last_moment_gives_the_next_one(tmp_path):
    """And what is announced is the server itself: the other one never is, though it answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        script = f"""
import os, signal, urllib.request
from pathlib import Path
from app import backend, server
looked = server.free_port
server.free_port = lambda host, first: first if first == {port} and not asked.append(first) and len(asked) == 1 else looked(host, first)
asked = []
def opened(url):
    print(urllib.request.urlopen(url).status, flush=True)
    os.kill(os.getpid(), signal.SIGINT)
server.serve(Path({str(tmp_path)!r}), port={port}, opened=opened)
"""
        command = [sys.executable, "-c", script]
        told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    url, status, *rest = told.stdout.split()
    assert int(urlsplit(url).port) > port, told.stderr
    assert (status, rest) == ("200", [])


def test_a_server_that_cannot_start_says_so_instead_of_trying_every_port(tmp_path, monkeypatch):
    class Broken:
        def run(self, config):
            raise SystemExit(3)

    monkeypatch.setattr(server, "_app", lambda *rest: Broken())
    with pytest.raises(WorkError, match="the app's server did not start"):
        server.serve(tmp_path, port=FIRST_PORT + 80)


def test_the_token_stays_so_that_bookmarks_go_on_working(tmp_path):
    token = server.token_in(tmp_path)
    assert len(token) == 32
    assert server.token_in(tmp_path) == token
    assert server.token_in(tmp_path / ".") == token
    assert [f.name for f in tmp_path.iterdir()] == ["app.token"]
    assert (tmp_path / "app.token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "short", "x" * 33, "no token, but as long as one is.", "\xff" * 32])
def test_a_token_that_is_torn_is_made_anew(tmp_path, text):
    file = tmp_path / "app.token"
    file.write_bytes(text.encode("latin-1"))
    file.chmod(0o600)
    assert server.token_in(tmp_path) not in ("", text)


def test_a_token_that_others_could_read_is_made_anew(tmp_path):
    before = server.token_in(tmp_path)
    (tmp_path / "app.token").chmod(0o644)  # as a copied workspace has it
    assert server.token_in(tmp_path) != before
    assert (tmp_path / "app.token").stat().st_mode & 0o777 == 0o600


def test_each_read_only_app_has_a_cookie_of_its_own(tmp_path):
    names = {server.cookie_name(tmp_path / name, port) for name in "ab" for port in (None, 8501, 8502)}
    assert len(names) == 6


def test_listening_for_others_comes_with_a_warning(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(server, "_served", lambda *rest: True)
    for host, warned in (("0.0.0.0", True), ("::", True), ("127.0.0.1", False), ("::1", False), ("localhost", False)):
        server.serve(tmp_path, host, read_only=True)
        told = capfd.readouterr()
        assert ("Whoever has its token can start training" in told.err) == warned
        assert ("ssh -L" in told.err) == warned
        assert told.out == ""


@pytest.mark.parametrize("path", ["a b", "../x", "a/../b", "a//b", "http://x", "?a", "_stcore", "a/%2e%2e"])
def test_a_base_url_that_is_no_path_is_refused_with_a_remedy(path):
    with pytest.raises(InputError, match=r"--base-url.*such as /ftft"):
        server.Place.of("127.0.0.1", (), path)


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1")])
def test_the_address_is_one_that_a_browser_here_can_open(host, url):
    assert server.Place.of(host, (), "/lab/").url(8501, "t") == f"http://{url}:8501/lab/?token=t"


def test_the_app_answers_and_a_second_one_names_the_first(app_url, drawn_workspace):
    root, _, token = app_url.partition("/?token=")
    assert len(token) > 15
    with urllib.request.urlopen(f"{root}/vendor/plotly.min.js?token={token}") as answer:
        assert answer.status == 200
    with urllib.request.urlopen(app_url) as answer:
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


def test_pages_are_told_what_the_app_was_started_with(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_served", lambda *rest: True)
    for read_only in (False, True):
        for remote_code in (False, True):
            server.serve(tmp_path, read_only=read_only, remote_code=remote_code)
            assert (backend.read_only(), backend.remote_code()) == (read_only, remote_code)
