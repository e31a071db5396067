"""The security layer as a browser and a program meet it, NiceGUI's sockets included."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fixtures.http import NO_TLS
from fixtures.server import RunningServer

SOCKET_IO = "/_nicegui_ws/socket.io/?EIO=4&transport="


def new_link(server: RunningServer) -> str:
    with server.client() as client:
        return str(client.post("/api/system/logins")["url"])


@pytest.fixture
def browser(server: RunningServer) -> Iterator[httpx2.Client]:
    """A client that logged in by a one-time link and holds the cookie."""
    link = new_link(server)
    with httpx2.Client(base_url=server.url, verify=NO_TLS) as client:
        assert client.get(link).status_code == 303
        yield client


def cookie_of(browser: httpx2.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def open_socket(server: RunningServer, headers: dict[str, str], host: str = "") -> str:
    """The first message of NiceGUI's Socket.IO."""
    place = urlsplit(server.url)
    assert place.hostname
    assert place.port
    url = f"ws://{host or place.netloc}{SOCKET_IO}websocket"
    with connect(
        url,
        additional_headers=headers,
        origin=None,
        compression=None,
        address=("127.0.0.1", place.port),
        proxy=None,
    ) as socket:
        return str(socket.recv(timeout=5))


def test_a_page_elsewhere_cannot_post(server: RunningServer, browser: httpx2.Client) -> None:
    for origin in ("http://evil.example", "http://localhost:1", "null"):
        answer = browser.post("/api/system/logins", headers={"Origin": origin})
        assert answer.status_code == 403
    assert browser.post("/api/system/logins", headers={"Origin": server.url}).status_code == 201


def test_a_page_elsewhere_cannot_poll_the_pages_socket(
    server: RunningServer, browser: httpx2.Client
) -> None:
    polling = f"{SOCKET_IO}polling"
    assert browser.get(polling, headers={"Origin": "http://evil.example"}).status_code == 403
    assert browser.get(polling, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert browser.get(polling).status_code == 403  # nobody says where it comes from
    own = browser.get(polling, headers={"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200
    assert own.text.startswith('0{"sid"')
    anonymous = httpx2.get(
        f"{server.url}{polling}", headers={"Sec-Fetch-Site": "same-origin"}, verify=NO_TLS
    )
    assert anonymous.status_code == 401


def test_a_page_elsewhere_cannot_open_the_pages_socket(
    server: RunningServer, browser: httpx2.Client
) -> None:
    cookie = cookie_of(browser)
    refused = [
        {"Cookie": cookie, "Origin": "http://evil.example"},
        {"Cookie": cookie, "Origin": "http://localhost:1"},
        {"Cookie": cookie},
        {"Origin": server.url},
        {},
    ]
    for headers in refused:
        with pytest.raises(InvalidStatus) as caught:
            open_socket(server, headers)
        assert caught.value.response.status_code in (401, 403), headers
    assert open_socket(server, {"Cookie": cookie, "Origin": server.url}).startswith('0{"sid"')


def test_a_rebound_name_reaches_nothing(server: RunningServer, browser: httpx2.Client) -> None:
    port = urlsplit(server.url).port
    name = f"rebound.example:{port}"
    bearer = {"Authorization": f"Bearer {server.token}", "Host": name}
    for path in ("/", "/api/operations", "/healthz/live", "/login?code=x", f"{SOCKET_IO}polling"):
        assert httpx2.get(f"{server.url}{path}", headers=bearer, verify=NO_TLS).status_code == 403
    headers = {"Cookie": cookie_of(browser), "Origin": f"http://{name}"}
    with pytest.raises(InvalidStatus) as caught:
        open_socket(server, headers, host=name)
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/", "/operations", "/performance", "/settings", "/nowhere", "/api/operations",
        "/api/events/stream", "/api/nope", "/metrics", "/openapi.json", "/docs",
        "/_nicegui/0/static/nicegui.js", f"{SOCKET_IO}polling",
    ],
)  # fmt: skip
def test_without_a_login_there_is_nothing(server: RunningServer, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "meshery_session_1=x"}):
        answer = httpx2.get(f"{server.url}{path}", headers=headers, verify=NO_TLS)
        assert answer.status_code == 401
        assert server.token not in answer.text


def test_a_link_of_the_dashboard_logs_in_once(server: RunningServer) -> None:
    shown = server.mesheryctl("system", "dashboard", "--path", "/operations")
    link = shown.stdout.strip()
    assert shown.returncode == 0
    with httpx2.Client(follow_redirects=True, verify=NO_TLS) as client:
        page = client.get(link)
        assert page.status_code == 200
        assert page.url.path == "/operations"
        assert client.get(f"{server.url}/api/operations").status_code == 200
    with httpx2.Client(follow_redirects=True, verify=NO_TLS) as other:
        assert other.get(link).status_code == 401


def test_health_is_open_and_says_nothing_else(server: RunningServer) -> None:
    assert httpx2.get(f"{server.url}/healthz/live", verify=NO_TLS).json() == {"status": "live"}
    assert httpx2.get(f"{server.url}/healthz/ready", verify=NO_TLS).json() == {"status": "ready"}


@pytest.mark.parametrize("path", ["/", "/operations", "/performance", "/docs"])
def test_pages_load_nothing_from_elsewhere(browser: httpx2.Client, path: str) -> None:
    page = browser.get(path)
    assert page.status_code == 200
    assert not re.findall(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//[^"')]+""", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy


def test_no_secret_gets_into_the_log(server: RunningServer) -> None:
    link = new_link(server)
    httpx2.get(link, verify=NO_TLS)
    assert server.token not in server.log
    assert link.partition("code=")[2].partition("&")[0] not in server.log
