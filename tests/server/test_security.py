"""The layer alone, driven as ASGI; the same against a real server is in test_guard.py."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from meshery.server.logins import Logins, cookie_name
from meshery.server.security import SecurityLayer
from meshery.web.identity import actor_of

PORT = 9081
TOKEN = "the-token"
BEARER = {"authorization": f"Bearer {TOKEN}"}
OWN = f"http://localhost:{PORT}"
LOGINS = Logins(TOKEN)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    request = Request(scope, receive)
    body = await request.body()
    answer = JSONResponse({"actor": actor_of(request), "size": len(body)})
    await answer(scope, receive, send)


LAYER = SecurityLayer(
    echo,
    logins=LOGINS,
    allowed_hosts=["mesh.example", "exact.example:8443"],
    max_body_bytes=1000,
)


def client_at(base_url: str) -> httpx2.AsyncClient:
    # The transport reports the address it was asked for; the port we listen on is fixed here.
    async def at_port(scope: Scope, receive: Receive, send: Send) -> None:
        scope["server"] = ("127.0.0.1", PORT)
        await LAYER(scope, receive, send)

    transport = httpx2.ASGITransport(app=at_port)
    return httpx2.AsyncClient(transport=transport, base_url=base_url)


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_at(OWN) as client:
        yield client


def cookie() -> dict[str, str]:
    return {"cookie": f"{cookie_name(PORT)}={LOGINS.new_session()}"}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (f"localhost:{PORT}", 200),
        (f"LOCALHOST:{PORT}", 200),
        (f"127.0.0.1:{PORT}", 200),
        (f"[::1]:{PORT}", 200),
        ("mesh.example", 200),
        ("mesh.example:443", 200),
        ("exact.example:8443", 200),
        ("exact.example", 403),
        ("localhost", 403),
        ("localhost:1", 403),
        ("rebound.example", 403),
        (f"rebound.example:{PORT}", 403),
        (f"localhost.rebound.example:{PORT}", 403),
        (f"127.0.0.1.nip.example:{PORT}", 403),
        (f"user@localhost:{PORT}", 403),
        (f"localhost:{PORT}/", 403),
        (f"rebound.example#localhost:{PORT}", 403),
        (f"localhost:{PORT}, rebound.example", 403),
        ("localhost:x", 403),
        ("", 403),
    ],
)
async def test_only_our_own_names_are_answered(
    client: httpx2.AsyncClient, host: str, status: int
) -> None:
    answer = await client.get("/api/x", headers={**BEARER, "host": host})
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["code"] == "meshery.forbidden.host"


@pytest.mark.parametrize("path", ["/", "/api/x", "/metrics", "/openapi.json", "/_nicegui/a.js"])
async def test_without_token_or_cookie_nothing_is_shown(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "meshery.not_authenticated"


@pytest.mark.parametrize(
    "value",
    ["Bearer wrong", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e4"],
)
async def test_wrong_tokens_do_not_pass(client: httpx2.AsyncClient, value: str) -> None:
    sent = {"authorization": value.encode("latin-1")}
    assert (await client.get("/api/x", headers=sent)).status_code == 401  # type: ignore[arg-type]


async def test_token_and_cookie_name_the_caller(client: httpx2.AsyncClient) -> None:
    for headers in (BEARER, cookie()):
        assert (await client.get("/api/x", headers=headers)).json()["actor"] == "local"


@pytest.mark.parametrize("value", ["1.x.y", "", "9999999999.nonce." + "0" * 64, "...", "\u00e4"])
async def test_forged_cookies_do_not_pass(client: httpx2.AsyncClient, value: str) -> None:
    sent = {"cookie": f"{cookie_name(PORT)}={value}".encode()}
    assert (await client.get("/api/x", headers=sent)).status_code == 401  # type: ignore[arg-type]


async def test_another_programs_malformed_cookie_does_not_hide_ours(
    client: httpx2.AsyncClient,
) -> None:
    own = cookie()["cookie"]
    answer = await client.get("/api/x", headers={"cookie": f'bad="x;; =; {own}; y'})
    assert answer.status_code == 200


async def test_health_is_open_to_anybody(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/healthz/live")).status_code == 200
    assert (await client.get("/healthz/ready")).json()["actor"] == "anonymous"
    assert (await client.get("/healthz/other")).status_code == 401


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "http://localhost:3000"},
    {"origin": "https://localhost:9081"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": OWN + "/"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": OWN, "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/x"),
        ("DELETE", "/api/x"),
        ("POST", "/a/page"),
        ("GET", "/api/x"),
        ("OPTIONS", "/api/x"),
        ("GET", "/metrics"),
        ("GET", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"),
        ("POST", "/_nicegui_ws/socket.io/?EIO=4&transport=polling&sid=x"),
        ("GET", "/other?EIO=4&transport=polling"),
    ],
)
async def test_pages_of_other_origins_are_kept_out(
    client: httpx2.AsyncClient, headers: dict[str, str], method: str, path: str
) -> None:
    for login in (BEARER, cookie()):
        answer = await client.request(method, path, headers={**headers, **login})
        assert answer.status_code == 403
        assert answer.json()["code"] == "meshery.forbidden.origin"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": OWN}, {"sec-fetch-site": "same-origin"}],
)
async def test_our_own_pages_may(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    for path in ("/api/x", "/_nicegui_ws/socket.io/?EIO=4"):
        answer = await client.post(path, headers={**headers, **cookie()})
        assert answer.status_code == 200


async def test_a_cookie_without_an_origin_changes_nothing(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/api/x", headers=cookie())).status_code == 403
    polling = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert (await client.get(polling, headers=cookie())).status_code == 403
    assert (await client.post("/api/x", headers=BEARER)).status_code == 200


async def test_a_link_from_elsewhere_may_open_a_page(client: httpx2.AsyncClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert (await client.get("/", headers={**headers, **cookie()})).status_code == 200


async def test_an_allowed_name_is_an_origin_too() -> None:
    async with client_at("https://mesh.example") as client:
        headers = {**cookie(), "origin": "https://mesh.example"}
        assert (await client.post("/api/x", headers=headers)).status_code == 200
        headers["origin"] = OWN
        assert (await client.post("/api/x", headers=headers)).status_code == 403


async def open_socket(headers: Sequence[tuple[str, str]], path: str = "/ws") -> list[Any]:
    sent: list[Any] = []
    messages = iter([{"type": "websocket.connect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {
        "type": "websocket",
        "path": path,
        "query_string": b"",
        "scheme": "ws",
        "headers": raw,
        "server": ("127.0.0.1", PORT),
        "extensions": {},
    }
    await LAYER(scope, receive, send)
    return sent


HOST = ("host", f"localhost:{PORT}")


@pytest.mark.parametrize(
    "headers",
    [
        [HOST],
        [HOST, ("cookie", cookie()["cookie"])],
        [HOST, ("cookie", cookie()["cookie"]), ("origin", "http://evil.example")],
        [HOST, ("authorization", f"Bearer {TOKEN}"), ("origin", "http://evil.example")],
        [("host", "rebound.example"), ("authorization", f"Bearer {TOKEN}")],
        [HOST, HOST, ("authorization", f"Bearer {TOKEN}")],
    ],
)
async def test_sockets_of_others_are_never_accepted(headers: list[tuple[str, str]]) -> None:
    sent = await open_socket(headers)
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    "headers",
    [
        [HOST, ("cookie", cookie()["cookie"]), ("origin", OWN)],
        [HOST, ("authorization", f"Bearer {TOKEN}")],
    ],
)
async def test_our_own_sockets_open(headers: list[tuple[str, str]]) -> None:
    sent = await open_socket(headers)
    assert sent[0]["type"] == "websocket.accept"


async def test_a_code_logs_in_once(client: httpx2.AsyncClient) -> None:
    code = LOGINS.new_code()
    answer = await client.get(f"/login?code={code}&next=/performance?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/performance?x=1"
    assert answer.headers["cache-control"] == "no-store"
    set_cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in set_cookie
    assert "samesite=strict" in set_cookie
    assert (await client.get("/")).json()["actor"] == "local"  # the client kept the cookie
    again = await client.get(f"/login?code={code}")
    assert again.status_code == 401
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "http://evil.example"])
async def test_a_login_never_leads_away(client: httpx2.AsyncClient, target: str) -> None:
    answer = await client.get("/login", params={"code": LOGINS.new_code(), "next": target})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("query", ["", "?code=", "?code=wrong", "?code=<script>"])
async def test_a_wrong_code_gets_a_page_that_says_what_to_do(
    client: httpx2.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/login{query}")
    assert answer.status_code == 401
    assert "mesheryctl system dashboard" in answer.text
    assert "<script>" not in answer.text


async def test_a_browser_that_is_unknown_gets_that_page_too(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/", headers={"accept": "text/html,*/*"})
    assert answer.status_code == 401
    assert "mesheryctl system dashboard" in answer.text


async def test_bodies_have_an_end(client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    assert (await client.post("/api/x", content=b"x" * 1000, headers=BEARER)).status_code == 200
    for content in (b"x" * 1001, endless()):
        answer = await client.post("/api/x", content=content, headers=BEARER)
        assert answer.status_code == 413
        assert answer.json()["code"] == "meshery.body_too_large"
    absurd = {**BEARER, "content-length": "9" * 5000}
    assert (await client.post("/api/x", headers=absurd)).status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "1e3"])
async def test_a_length_that_is_no_number_is_refused(
    client: httpx2.AsyncClient, length: str
) -> None:
    headers = {**BEARER, "content-length": length}
    assert (await client.post("/api/x", headers=headers)).status_code == 400


async def test_every_answer_carries_the_headers(client: httpx2.AsyncClient) -> None:
    for answer in (
        await client.get("/", headers=BEARER),
        await client.get("/"),
        await client.get("/api/x", headers={**BEARER, "host": "rebound.example"}),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http:" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
    assert (await client.get("/api/x", headers=BEARER)).headers["cache-control"] == "no-store"
