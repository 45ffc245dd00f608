"""Who may use the app: asked of the gate alone, and of a real server with a real browser and a real websocket."""

import asyncio
import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.gate import Gate, Hosts, name_of
from benchmarks import browser as browser_tools
from ftft.errors import InputError
from tests.app.conftest import FIRST_PORT, draw_workspace
from tests.app.test_maps import Reader

TOKEN, COOKIE, HOST = "a-token-of-some-length", "ftft-abc", "127.0.0.1:8501"
BASE = "/lab/ftft"


class Door:
    """A gate in front of an app that answers everything: what comes of one request."""

    def __init__(self, base: str = "", host: str = "127.0.0.1", added: Iterable[str] = ()) -> None:
        self.reached: list[dict] = []

        async def app(scope, receive, send):
            self.reached.append(scope)
            if scope["type"] == "websocket":
                await send({"type": "websocket.accept"})
            elif scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b""})

        self.gate = Gate(app, token=TOKEN, cookie=COOKIE, hosts=Hosts.of(host, tuple(added)), base=base)

    def knock(self, path="/", query="", kind="http", scheme="http", host=HOST, **headers: str) -> list[dict]:
        named = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": kind, "path": path, "query_string": query.encode(), "scheme": scheme, "method": "GET",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        }  # fmt: skip
        said: list[dict] = []

        async def send(message):
            said.append(message)

        with ThreadPoolExecutor(1) as aside:  # Playwright's loop runs in this thread
            aside.submit(lambda: asyncio.run(self.gate(scope, None, send))).result()
        return said

    def status(self, *args, **kwargs) -> int:
        return self.knock(*args, **kwargs)[0]["status"]

    def headers(self, *args, **kwargs) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.knock(*args, **kwargs)[0]["headers"]}


RIGHT = {"cookie": f"{COOKIE}={TOKEN}"}
PATHS = ("/", "/runs", "/vendor/plotly.min.js", "/media/a.csv", "/_stcore/upload_file/s/f", "/component/x", "/_stcore/host-config")


@pytest.mark.parametrize("path", PATHS)
def test_every_path_needs_the_token_or_the_cookie(path):
    door = Door()
    assert door.status(path) == 403
    assert door.status(path, "token=wrong") == 403
    assert door.status(path, cookie=f"{COOKIE}=wrong") == 403
    assert door.status(path, cookie=f"ftft-another={TOKEN}") == 403
    assert door.reached == []
    assert door.status(path, f"token={TOKEN}") == 200
    assert door.status(path, **RIGHT) == 200


@pytest.mark.parametrize(
    "given", ["token=", "token", "token=%00", "token=%2e%2e", "token=%FF%FE", f"tok%65n={TOKEN}x", "token=" + "a" * 9000]
)
def test_odd_tokens_are_wrong_tokens(given):
    assert Door().status(query=given) == 403


def test_odd_cookies_of_others_do_not_hide_the_right_one():
    assert Door().status(cookie=f'x={{"a": [1]}}; =; b\x80d; {COOKIE}={TOKEN}; tail') == 200


def test_a_stale_cookie_does_not_beat_a_fresh_address():
    headers = Door().headers(query=f"token={TOKEN}", cookie=f"{COOKIE}=of-yesterday")
    assert headers["set-cookie"] == f"{COOKIE}={TOKEN}; HttpOnly; SameSite=Strict; Path=/"


def test_the_cookie_is_set_once_and_only_by_the_right_token():
    door = Door()
    assert "set-cookie" not in door.headers(query="token=wrong")
    assert "set-cookie" not in door.headers(**RIGHT)
    assert door.headers(query=f"token={TOKEN}")["set-cookie"].endswith("Path=/")


def test_the_cookie_stays_under_the_base_url_and_travels_by_https_alone_where_it_came_by_https():
    door = Door(base=BASE)
    by_proxy = door.headers(f"{BASE}/", f"token={TOKEN}", x_forwarded_proto="https, http")["set-cookie"]
    assert by_proxy.endswith(f"Path={BASE}; Secure")
    assert door.headers(f"{BASE}/", f"token={TOKEN}", scheme="https")["set-cookie"].endswith("Secure")
    assert "Secure" not in door.headers(f"{BASE}/", f"token={TOKEN}", x_forwarded_proto="http", x_forwarded_host="a")["set-cookie"]


def test_health_answers_anybody_and_nothing_that_only_looks_like_it_does():
    assert Door().status("/_stcore/health", host="anything.example") == 200
    assert Door(base=BASE).status(f"{BASE}/_stcore/health") == 200
    for path in ("/runs/_stcore/health", "/_stcore/health/", "/_stcore/healthy", "//_stcore/health"):
        assert Door().status(path) == 403


def test_a_refusal_says_in_one_sentence_what_to_do():
    for told, word in ((Door().knock(), "`ftft app`"), (Door().knock(host="evil.example"), "--allow-host")):
        text = told[1]["body"].decode()
        assert word in text
        assert text.count("\n") == 1
    assert Door().headers()["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8501", "", "127.0.0.1.evil.example", "127.0.0.1:8501/x", "a@localhost", "127.0.0.2"]
)
def test_a_page_that_lets_its_name_point_here_gets_nowhere(host):
    door = Door()
    assert door.status(query=f"token={TOKEN}", host=host, **RIGHT) == 403
    assert door.knock(kind="websocket", host=host, **RIGHT)[0]["type"] == "websocket.close"
    assert door.reached == []


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:9000", "LOCALHOST", "localhost.", "[::1]:8501"])
def test_a_tunnel_may_come_in_by_any_name_of_this_machine_alone(host):
    assert Door().status(host=host, **RIGHT) == 200


def test_an_app_on_all_addresses_answers_to_any_address_and_to_the_machines_name():
    for everywhere in ("0.0.0.0", "::"):
        door = Door(host=everywhere)
        for host in ("192.0.2.7:8501", "[2001:db8::1]:8501", socket.gethostname().lower()):
            assert door.status(host=host, **RIGHT) == 200
        assert door.status(host="evil.example", **RIGHT) == 403


def test_allow_host_adds_names():
    door = Door(added=["FTFT.example.org", "::2"])
    assert door.status(host="ftft.example.org:443", **RIGHT) == 200
    assert door.status(host="[::2]", **RIGHT) == 200
    assert door.status(host="example.org", **RIGHT) == 403


@pytest.mark.parametrize("name", ["https://ftft.example.org", "example.org:443", "", "a b", "*", "a/b", "a,b"])
def test_what_is_no_host_name_is_refused_with_a_remedy(name):
    with pytest.raises(InputError, match=r"--allow-host.*Give the name alone"):
        Hosts.of("127.0.0.1", [name])


OWN = ["http://127.0.0.1:8501", "https://127.0.0.1:8501"]
FOREIGN = ["http://127.0.0.1:9999", "http://localhost:8501", "https://evil.example", "null", "", "file://", "chrome-extension://x"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_only_the_apps_own_pages_may_open_the_websocket(kind):
    """Another port of the same host is the same site: the browser sends the cookie along with what a page there asks for."""
    door = Door()
    for origin in FOREIGN:
        assert door.knock(kind=kind, origin=origin, **RIGHT)[0] != {"type": "websocket.accept"}
    assert door.reached == []
    for origin in OWN:
        door.knock(kind=kind, origin=origin, **RIGHT)
    assert len(door.reached) == len(OWN)


def test_a_proxy_that_was_allowed_may_show_the_app_whatever_host_it_asks_for():
    door = Door(added=["ftft.example.org"])
    assert door.knock(kind="websocket", origin="https://ftft.example.org:8443", **RIGHT) == [{"type": "websocket.accept"}]
    assert door.knock(kind="websocket", origin="https://example.org", **RIGHT)[0]["type"] == "websocket.close"


def test_streamlit_never_sees_an_origin_that_it_would_ask_the_internet_about():
    door = Door(added=["ftft.example.org"])
    door.knock(kind="websocket", origin="https://ftft.example.org", **RIGHT)
    assert [name for name, _ in door.reached[0]["headers"]] == [b"host", b"cookie"]


def test_a_websocket_is_refused_before_it_is_accepted():
    assert Door().knock(kind="websocket") == [{"type": "websocket.close", "code": 4403}]
    assert Door().knock(kind="websocket", cookie=f"{COOKIE}=wrong")[0]["type"] == "websocket.close"
    assert Door().knock(kind="websocket", **RIGHT) == [{"type": "websocket.accept"}]


def test_no_page_elsewhere_may_show_the_app_in_a_frame():
    assert Door().headers(**RIGHT)["content-security-policy"] == "frame-ancestors 'self'"


def test_a_gate_without_a_token_cannot_be_made():
    with pytest.raises(AssertionError):
        Gate(None, token="", cookie=COOKIE, hosts=Hosts.of("127.0.0.1"))


@pytest.mark.parametrize("netloc", ["a:b", "[::1", "a:1:2", "a:123456", "a\x00", "ä.example"])
def test_what_is_no_host_has_no_name(netloc):
    assert name_of(netloc) is None


# ---- a real server


def get(url: str, **headers: str) -> tuple[int, http.client.HTTPMessage]:
    """Status and headers. A Host header is sent as given."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as problem:
        return problem.code, problem.headers


def websocket(root: str, host: str | None = None, **how) -> int:
    """The status of a websocket's handshake with the app at `root`: 101 if it is accepted."""
    place = urlsplit(root)
    uri = f"ws://{host or place.netloc}{place.path}/_stcore/stream"
    try:
        with connect(uri, sock=socket.create_connection((place.hostname, place.port)), subprotocols=["streamlit"], **how):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def await_page(page) -> None:
    """Until the server's part of a page is there, which comes through the websocket."""
    page.get_by_role("link", name="Results").first.wait_for()


def parts(url: str) -> tuple[str, str, dict[str, str]]:
    """An address as its root, its token, and the header with the cookie that it gives."""
    root, _, token = url.partition("/?token=")
    cookie = get(url)[1]["set-cookie"].partition(";")[0]
    return root, token, {"Cookie": cookie}


def test_a_server_answers_to_its_token_and_its_cookie_alone(app_url):
    root, token, cookie = parts(app_url)
    for path in (
        "/",
        "/maps",
        "/vendor/plotly.min.js",
        "/media/no.csv",
        "/_stcore/host-config",
        "/_stcore/upload_file/s/f",
        "/component/a/b",
    ):
        assert get(root + path)[0] == 403
        assert get(f"{root}{path}?token={token[:-1]}")[0] == 403
        assert get(root + path, **cookie)[0] != 403
    assert get(f"{root}/_stcore/health")[0] == 200
    assert websocket(root) == 403
    assert websocket(root, additional_headers={"Cookie": cookie["Cookie"][:-1]}) == 403
    assert websocket(root, additional_headers=cookie) == 101


def test_a_server_refuses_other_names_and_other_pages(app_url):
    root, _, cookie = parts(app_url)
    place = urlsplit(root).netloc
    assert get(root, Host="evil.example", **cookie)[0] == 403
    assert get(f"{root}/vendor/plotly.min.js", Host=f"evil.example:{place}", **cookie)[0] == 403
    assert websocket(root, host="evil.example", additional_headers=cookie) == 403
    assert websocket(root, origin="http://127.0.0.1:1", additional_headers=cookie) == 403
    assert websocket(root, origin="https://evil.example", additional_headers=cookie) == 403
    assert websocket(root, origin=root, additional_headers=cookie) == 101


def test_an_app_under_a_path_is_whole_and_keeps_apart_from_others_of_its_host(app_url, drawn_workspace, tmp_path, browser, page):
    """One that writes and one that only looks, on the same workspace; one on another workspace: no cookie of one opens another."""
    other, options = draw_workspace(tmp_path, rows=40), ["--read-only", "--base-url", f"{BASE}/", "--allow-host", "ftft.example.org"]
    with (
        browser_tools.serving(drawn_workspace.ws.path, FIRST_PORT + 60, options=options) as shown,
        browser_tools.serving(other.ws.path, FIRST_PORT + 70) as another,
    ):
        every = [parts(url) for url in (app_url, shown, another)]
        assert len({cookie["Cookie"].partition("=")[0] for *_, cookie in every}) == 3
        assert len({token for _, token, _ in every}) == 3
        root, token, cookie = every[1]
        assert urlsplit(shown).path == f"{BASE}/"
        for other_root, _, other_cookie in every:
            expected = 200 if other_root == root else 403
            assert get(f"{root}/", **other_cookie)[0] == expected
            assert websocket(root, additional_headers=other_cookie) == (101 if expected == 200 else 403)
        assert get(f"{root}/vendor/plotly.min.js", **cookie)[0] == 200
        assert get(f"{root}/vendor/plotly.min.js")[0] == 403
        assert get(f"{root.removesuffix(BASE)}/vendor/plotly.min.js", **cookie)[0] == 404
        assert "plotly.min.js" in get(f"{root}/", **cookie)[1]["link"]
        assert get(f"{root}/", Host="ftft.example.org", **cookie)[0] == 200
        assert websocket(root, origin="https://ftft.example.org", additional_headers=cookie) == 101
        reader = Reader(page).open(shown)  # the map is drawn: its script came from under the path
        assert int(reader.drag(drawn_workspace.runs[0].id, [(0.02, 0.02), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)])["n"]) > 0
        for url in (another, app_url):  # in one browser, all on one host
            page.goto(url.replace("/?", "/data?"))
            await_page(page)
        page.goto(f"{root}/data")
        await_page(page)
        assert not (drawn_workspace.ws.path / "locks" / "app.json").read_text().count(token)


def test_a_reader_needs_the_token_once(app_url, browser):
    """Then links, pages by their plain address and reloads work by the cookie; a browser without it is told what to do."""
    root = app_url.partition("/?")[0]
    context = browser.browser.new_context()
    page = context.new_page()
    try:
        assert page.goto(f"{root}/data").status == 403
        assert "ftft app" in page.locator("body").inner_text()
        page.goto(app_url)
        await_page(page)  # or what this page still writes into its address comes after the next one's
        page.get_by_role("link", name="Data").first.click()
        page.wait_for_url(lambda url: "/data" in url and "token" not in url)
        page.reload()
        await_page(page)
        [kept] = [cookie for cookie in context.cookies() if cookie["name"].startswith("ftft-")]
        assert (kept["httpOnly"], kept["sameSite"], kept["path"]) == (True, "Strict", "/")
    finally:
        context.close()


def test_a_page_on_another_port_of_the_host_can_neither_frame_the_app_nor_talk_to_it(app_url, browser, tmp_path):
    """As another account of the machine could serve it: the browser takes it for the same site, and sends the cookie."""
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    root = app_url.partition("/?")[0]
    tries = f"""<iframe src="{root}/"></iframe><script>
        const tried = new WebSocket("{root.replace("http", "ws")}/_stcore/stream", ["streamlit"]);
        tried.onopen = () => document.title = "open"; tried.onerror = () => document.title = "refused";
    </script>"""

    class Theirs(SimpleHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(tries.encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Theirs) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        context = browser.browser.new_context()
        page = context.new_page()
        try:
            page.goto(app_url)
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.wait_for_function("document.title")
            assert page.title() == "refused"
            assert page.frames[1].locator("#root").count() == 0
        finally:
            context.close()
            server.shutdown()


def test_the_address_and_the_token_are_for_their_owner_alone(app_url, drawn_workspace):
    locks = drawn_workspace.ws.path / "locks"
    for name in ("app.json", "app.token"):
        assert (locks / name).stat().st_mode & 0o777 == 0o600
    assert json.loads((locks / "app.json").read_text())["url"] == app_url
    assert app_url.endswith(f"?token={(locks / 'app.token').read_text()}")


LEADS_OUT = (
    "../__init__.py",
    "%2e%2e/__init__.py",
    "..%2f__init__.py",
    "..%5c__init__.py",
    "%2fetc/passwd",
    "//etc/passwd",
    "x/../../__init__.py",
    "%00",
)


def test_no_path_of_the_server_leads_out_of_the_folder_it_serves(app_url):
    root, _, cookie = parts(app_url)
    place = urlsplit(root)
    with urllib.request.urlopen(urllib.request.Request(root, headers=cookie)) as answer:
        index = answer.read()  # what Streamlit answers wherever there is no file
    for folder in ("/vendor", "/static", "/media", "/component", "/_stcore/bidi-components"):
        for path in LEADS_OUT:
            server = http.client.HTTPConnection(place.hostname, place.port, timeout=30)  # it sends the path as it is
            server.request("GET", f"{folder}/{path}", headers=cookie)
            answer = server.getresponse()
            body = answer.read()
            assert answer.status in (400, 404) or body == index, (folder, path)
            server.close()


@pytest.mark.parametrize(
    "name",
    ["../../etc", pytest.param("%00", marks=pytest.mark.slow), pytest.param("<script>alert(1)</script>", marks=pytest.mark.slow)],
)
def test_an_address_that_leads_out_shows_the_page_and_no_failure(app_url, page, name):
    page.goto(f"{app_url}&dataset={name}&runs={name},{name}&selection={name}")
    await_page(page)
    page.get_by_text("is not stored here").wait_for()
    page.locator(".plotly").first.wait_for()  # the maps are there all the same
    assert page.locator("[data-testid=stException]").count() == 0
