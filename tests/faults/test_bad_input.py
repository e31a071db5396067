"""Malformed specs, profiles, URLs and durations: every fault at once with its line, nothing done.

Through REST and through the command line, on a whole server.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from faults.house import House, run
from faults.journeys import BASE, active
from meshery.core.errors import InvalidInputError, MesheryError

SPEC = """\
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata:
  name: Not A Name
spec:
  mtls: sometimes
  colour: red
  services:
    - name: web
      calls: [nobody]
      versions: [{name: v1, replicas: -1, latency: fast}]
    - name: web
"""
SPEC_LINES = {4, 6, 7, 8, 10, 11}
PROFILE = """\
name: wrong
url: ftp://127.0.0.1/
rate_rps: -5
duration: soon
warmup: 5
mode: sideways
connections: many
thresholds: {p99: 3}
"""
PROFILE_LINES = {2, 3, 4, 5, 6, 7, 8}
BEHAVIOURS = """\
- name: one
  kind: fault
  target: service-a
  params:
    delay: {duration: later, percent: 200}
- name: two
  kind: magic
  target: service-a
- name: three
  kind: split
  target: service-a
  params: {backends: []}
"""
BEHAVIOUR_LINES = {5, 7, 12}
DEMO = '{"sandbox": 1,\n "rate_rps": "fast",\n "duration": "0",\n "extra": true}'
HOP = '{"overhead": {"sandbox": "learn",\n "rate_rps": 0,\n "duration": "1",\n "path": "x"}}'
URLS = (
    "http://",
    "http://[::1",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:http/",
    "//127.0.0.1/",
    "http://user:word@127.0.0.1/",
    "http://127.0.0.1/\r\nX: y",
    "",
)
DURATIONS: tuple[object, ...] = (
    "",
    "10",
    "-1s",
    "1y",
    "1s1",
    "NaN",
    "1e999s",
    "٣s",
    "9" * 400 + "h",
    5,
    None,
)
GARBAGE = (
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 5_000,
    b"null",
    b"[]",
    b'"text"',
    b"a: &a [*a]",
    b"a: 1\na: 2",
    b"!!python/object/apply:os.system ['true']",
    b"name: " + b"x" * 2_000_000,
    b'{"profile": {"name": "\\u0000", "url": "http://127.0.0.1:1/"}}',
    b'{"bundled": "../../etc/passwd"}',
    b'{"bundled": "nothing"}',
)
ROUTES = (
    "/api/sandboxes",
    f"/api/sandboxes/{BASE}/behaviours",
    f"/api/sandboxes/{BASE}/request",
    "/api/performance/profiles",
    "/api/performance/runs",
    "/api/performance/comparisons",
)


QUERIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/api/operations", {"page": "0"}),
    ("/api/operations", {"page_size": "-1"}),
    ("/api/operations", {"order": "password"}),
    ("/api/events", {"order": "\0"}),
    ("/api/operations/no-such", {}),
    ("/api/operations/%00", {}),
    ("/api/sandboxes/none/status", {}),
    ("/api/sandboxes/..%2f..%2fetc/status", {}),
    (f"/api/sandboxes/{BASE}/logs", {"instance": "../../../key"}),
    ("/api/performance/results/%ff", {}),
    ("/api/nothing", {}),
)


def state_of(built: House) -> Any:
    """What must be as it was after a refusal."""
    return (
        [item["name"] for item in built.get("/api/sandboxes")["items"]],
        built.get(f"/api/sandboxes/{BASE}/behaviours")["items"],
        built.get("/api/performance/profiles")["total"],
        built.get("/api/operations", page_size=1)["total"],
    )


@contextmanager
def unchanged(built: House) -> Iterator[None]:
    before = state_of(built)
    yield
    assert state_of(built) == before
    assert not active(built)


def refusal(built: House, path: str, body: str | bytes) -> MesheryError:
    raw = body.encode() if isinstance(body, str) else body
    with pytest.raises(MesheryError) as caught:
        built.post(path, raw)
    return caught.value


@pytest.mark.parametrize(
    ("path", "body", "lines"),
    [
        ("/api/sandboxes", SPEC, SPEC_LINES),
        ("/api/performance/profiles", PROFILE, PROFILE_LINES),
        (f"/api/sandboxes/{BASE}/behaviours", BEHAVIOURS, BEHAVIOUR_LINES),
        ("/api/demo", DEMO, {1, 2, 3, 4}),
        ("/api/performance/runs", HOP, {2, 3, 4}),
    ],
    ids=["spec", "profile", "behaviours", "demo", "hop"],
)
def test_rest_tells_every_fault_with_its_line(
    lived_in: House, path: str, body: str, lines: set[int]
) -> None:
    with unchanged(lived_in):
        error = refusal(lived_in, path, body)
    assert isinstance(error, InvalidInputError)
    assert {problem.line for problem in error.problems} >= lines, error.problems
    assert all(problem.message for problem in error.problems)


@pytest.mark.parametrize(
    ("words", "text", "lines"),
    [
        (("sandbox", "up", "-f"), SPEC, SPEC_LINES),
        (("perf", "profile", "apply", "-f"), PROFILE, PROFILE_LINES),
        (("sandbox", "apply", "-f"), BEHAVIOURS, BEHAVIOUR_LINES),
    ],
    ids=["spec", "profile", "behaviours"],
)
def test_a_command_tells_every_fault_with_its_file_and_line(
    lived_in: House, tmp_path: Path, words: tuple[str, ...], text: str, lines: set[int]
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with unchanged(lived_in):
        ended = run(lived_in.home, *words, str(file))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    told = {line for line in lines if f"{file}:{line}:" in ended.stderr}
    assert told == lines, ended.stderr


def test_a_command_asked_for_json_keeps_standard_output_clean(
    lived_in: House, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(SPEC)
    ended = run(lived_in.home, "sandbox", "up", "-f", str(file), "-o", "json")
    assert (ended.returncode, ended.stdout) == (2, "")
    problems = json.loads(ended.stderr)["problems"]
    assert {problem["line"] for problem in problems} >= SPEC_LINES


def test_no_url_and_no_duration_that_is_none_is_taken(lived_in: House) -> None:
    good: dict[str, object] = {"name": "x", "url": "http://127.0.0.1:1/"}
    wrong = [{**good, "url": url} for url in URLS]
    wrong += [{**good, key: text} for text in DURATIONS for key in ("duration", "timeout")]
    with unchanged(lived_in):
        for profile in wrong:
            body = {"profile": profile, "consent": True}
            error = refusal(lived_in, "/api/performance/runs", json.dumps(body))
            assert isinstance(error, InvalidInputError), profile
            assert error.problems, profile


@pytest.mark.parametrize("path", ROUTES)
def test_garbage_is_refused_and_breaks_nothing(lived_in: House, path: str) -> None:
    with unchanged(lived_in):
        for body in GARBAGE:
            error = refusal(lived_in, path, body)
            assert 400 <= error.http_status < 500, (body[:40], error.what, error.cause)


def test_queries_that_make_no_sense_are_refused(lived_in: House) -> None:
    with unchanged(lived_in):
        for path, query in QUERIES:
            with pytest.raises(MesheryError) as caught:
                lived_in.get(path, **query)
            assert 400 <= caught.value.http_status < 500, (path, query, caught.value.what)


@pytest.mark.parametrize(
    "words",
    [
        ("perf", "apply", "--url", "nonsense", "--yes"),
        ("perf", "apply", "--url", "http://127.0.0.1:1/", "--duration", "soon", "--yes"),
        ("perf", "run", "--duration", "soon"),
        ("demo", "--duration", "1"),
        ("demo", "--sandbox", "none"),
        ("sandbox", "up", "none"),
        ("sandbox", "up", "-f", "/nowhere.yaml"),
        ("sandbox", "apply", "split", "service-a", "--weights", "v1=lots"),
        ("system", "start", "--timeout", "-3"),
        ("operation", "view", "none"),
    ],
    ids=" ".join,
)
def test_a_command_that_cannot_be_done_says_so(lived_in: House, words: tuple[str, ...]) -> None:
    with unchanged(lived_in):
        ended = run(lived_in.home, *words)
    assert ended.returncode in {1, 2}, ended
    assert ended.stdout == ""
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr
