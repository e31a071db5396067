"""Health and metrics over HTTP, of processes that are no web server."""

import httpx2
import pytest

from fixtures.http import NO_TLS
from meshery.core.errors import ConflictError, InvalidInputError
from meshery.core.probes import serve_probes


async def ask(port: int, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=5, verify=NO_TLS) as http:
        return await http.get(f"http://127.0.0.1:{port}{path}")


async def test_health_says_what_is_so_now() -> None:
    state = {"ready": False}
    async with serve_probes(
        "127.0.0.1:0", ready=lambda: state["ready"], more={"/healthz": lambda: True}
    ) as port:
        assert (await ask(port, "/healthz/live")).status_code == 200
        assert (await ask(port, "/healthz")).status_code == 200
        assert (await ask(port, "/healthz/ready")).status_code == 503
        state["ready"] = True
        assert (await ask(port, "/healthz/ready")).status_code == 200
        assert (await ask(port, "/other")).status_code == 404


async def test_one_process_may_answer_at_two_addresses() -> None:
    async with (
        serve_probes("127.0.0.1:0", ready=lambda: True) as health,
        serve_probes("127.0.0.1:0", ready=lambda: True) as metrics,
    ):
        for port in (health, metrics):
            answer = await ask(port, "/metrics")
            assert answer.headers["content-type"].startswith("text/plain")
            assert "process_cpu_seconds_total" in answer.text


async def test_addresses_that_cannot_be_listened_on() -> None:
    for wrong in ("", "here", "127.0.0.1:x", ":70000"):
        with pytest.raises(InvalidInputError, match="no address"):
            async with serve_probes(wrong, ready=lambda: True):
                pass
    async with serve_probes("127.0.0.1:0", ready=lambda: True) as port:
        with pytest.raises(ConflictError, match="cannot listen") as caught:
            async with serve_probes(f"127.0.0.1:{port}", ready=lambda: True):
                pass
    assert "--" not in caught.value.remedy, "each process calls its address something else"
