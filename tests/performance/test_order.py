"""Bodies that order a run, good and bad; and what `perf apply` sends."""

import json
from pathlib import Path
from typing import Any

import pytest

from meshery.core.errors import InvalidInputError
from meshery.performance.model import FUNCTIONS, Endpoint
from meshery.performance.order import parse_order
from meshery.performance.quick import run_body

FLAGS: dict[str, Any] = {
    "name": "",
    "url": "",
    "file": "",
    "qps": None,
    "concurrent_requests": None,
    "duration_text": "",
    "load_generator": "",
    "body": "",
    "header": (),
}


def test_a_stored_profile() -> None:
    order = parse_order(b'{"profile": "web", "consent": true, "name": "n"}')
    assert (order.reference, order.consent, order.name) == ("web", True, "n")


def test_an_inline_profile() -> None:
    order = parse_order(b'{"profile": {"name": "q", "url": "http://h/", "duration": "3s"}}')
    assert order.profile is not None
    assert order.profile.duration_s == 3
    assert not order.consent


def test_a_hop_and_its_defaults() -> None:
    order = parse_order(b'{"overhead": {"sandbox": "shop", "duration": "2s", "lower_rate": false}}')
    assert order.overhead is not None
    assert (order.overhead.source, order.overhead.rate_rps) == ("web", 1000)
    assert (order.overhead.duration_s, order.overhead.lower_rate) == (2, False)


def test_functions() -> None:
    order = parse_order(b'{"functions": {"sandbox": "shop"}}')
    assert order.functions is not None
    assert order.functions.functions == FUNCTIONS


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b"{}", {"profile"}),
        (b"[]", {"", "profile"}),
        (b'{"profile": "a", "overhead": {"sandbox": "s"}}', {"profile"}),
        (b'{"profile": {"name": "q", "url": "nowhere"}}', {"url"}),
        (
            b'{"overhead": {\n"rate_rps": 0,\n"duration": "0s",\n"path": "x",\n"lower_rate": 1}}',
            {
                "overhead.sandbox",
                "overhead.rate_rps",
                "overhead.duration",
                "overhead.path",
                "overhead.lower_rate",
            },
        ),
        (
            b'{"functions": {"sandbox": "s", "functions": ["mtls", "x"]}}',
            {"functions.functions[1]"},
        ),
        (b'{"profile": "a", "consnet": true}', {"consnet"}),
        (b"{", {""}),
    ],
)
def test_faults(body: bytes, paths: set[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_order(body)
    assert {problem.path for problem in caught.value.problems} == paths


def test_quick_flags_become_a_profile() -> None:
    body = run_body(
        "",
        **FLAGS
        | {
            "url": "http://h:81/p",
            "qps": 50.0,
            "duration_text": "1h30m",
            "concurrent_requests": 3,
            "body": "{}",
            "header": ("X-Team: blue",),
        },
    )
    order = parse_order(json.dumps(body).encode())
    assert order.profile is not None
    assert order.profile.name == "h:81"
    assert order.profile.duration_s == 5400
    assert order.profile.endpoints == (
        Endpoint(url="http://h:81/p", method="POST", headers={"X-Team": "blue"}, body="{}"),
    )
    assert (order.profile.rate_rps, order.profile.connections) == (50, 3)


def test_a_rate_of_nothing_is_a_closed_loop() -> None:
    body = run_body("", **FLAGS | {"url": "http://h/", "qps": 0.0})
    assert body["profile"]["mode"] == "closed"


def test_a_file_with_changes_from_flags(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("name: p\nurl: http://h/\nrate_rps: 5\n")
    body = run_body("", **FLAGS | {"file": str(file), "qps": 9.0, "name": "mine"})
    assert (body["profile"]["rate_rps"], body["profile"]["name"], body["name"]) == (9, "p", "mine")


@pytest.mark.parametrize(
    ("reference", "flags"),
    [
        ("", {}),
        ("web", {"url": "http://h/"}),
        ("web", {"qps": 5.0}),
        ("", {"url": "http://h/", "header": ("nocolon",)}),
        ("", {"url": "http://h/", "duration_text": "5"}),
    ],
)
def test_flags_that_do_not_fit(reference: str, flags: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        run_body(reference, **FLAGS | flags)
