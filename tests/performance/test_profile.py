"""Profiles as people write them, good and bad."""

import msgspec
import pytest

from meshery.core.errors import InvalidInputError, LimitError
from meshery.core.settings import LoadSettings
from meshery.performance.model import Endpoint, Profile, RateStep
from meshery.performance.profile import (
    check_limits,
    demand_consent,
    foreign_hosts,
    parse_profile,
    profile_document,
)

FULL = """
name: shop-web
description: the front door
endpoints:
  - url: http://127.0.0.1:8080/a?b=c
    method: POST
    headers: {x-team: blue}
    body: "{}"
mode: open
schedule: steps
steps:
  - {rate_rps: 100, duration: 2s}
  - {rate_rps: 200, duration: 1m30s}
connections: 4
warmup: 500ms
timeout: 3s
thresholds: {p99_us: 20000, error_rate: 0.01}
"""

BAD = """name: 5
endpoints:
  - url: ftp://nowhere
  - {url: "http://ok/", method: FETCH, headers: {a: 1}}
mode: sideways
rate_rps: -3
conections: 4
duration: 10
schedule: ramp
thresholds: {error_rate: 7}
"""


def test_a_full_profile() -> None:
    profile = parse_profile(FULL, source="f.yaml")
    assert profile.endpoints == (
        Endpoint(
            url="http://127.0.0.1:8080/a?b=c", method="POST", headers={"x-team": "blue"}, body="{}"
        ),
    )
    assert profile.steps[1] == RateStep(rate_rps=200, duration_s=90)
    assert (profile.warmup_s, profile.timeout_s, profile.connections) == (0.5, 3.0, 4)
    assert profile.thresholds.p99_us == 20000
    assert profile.thresholds.p50_us is None


def test_what_is_written_reads_back_the_same() -> None:
    profile = parse_profile(FULL, source="f.yaml")
    assert parse_profile(msgspec.json.encode(profile_document(profile)), source="json") == profile


def test_every_fault_is_told_at_once_with_its_line() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_profile(BAD, source="bad.yaml")
    found = {(each.path, each.line) for each in caught.value.problems}
    assert found >= {
        ("name", 1),
        ("endpoints[0].url", 3),
        ("endpoints[1].method", 4),
        ("endpoints[1].headers.a", 4),
        ("mode", 5),
        ("rate_rps", 6),
        ("conections", 7),
        ("duration", 8),
        ("thresholds.error_rate", 10),
    }
    assert any(each.path == "ramp_to_rps" for each in caught.value.problems)
    assert "did you mean connections?" in {each.hint for each in caught.value.problems}
    assert caught.value.specific_code == "meshery.profile"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "name: a",
        "name: a\nurl: /relative",
        "name: a\nurl: 'http://host:0/'",
        "name: a\nurl: 'http://host:99999/'",
        "name: a\nurl: 'http://a b/'",
        "name: a\nurl: http://h/\nduration: 0s",
        "name: a\nurl: http://h/\nschedule: steps",
        "name: ''\nurl: http://h/",
        "name: a\nurl: http://h/\nendpoints: [{url: http://h/}]",
        "name: a\nurl: http://h/\nduration: 1h30",
    ],
)
def test_malformed_profiles(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_profile(text, source="p.yaml")


def test_a_url_holds_no_password_that_would_be_stored_and_shown() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_profile("{name: x, url: 'http://me:secret@127.0.0.1/'}", source="f.yaml")
    (problem,) = caught.value.problems
    assert problem.path == "url"
    assert "secret" not in problem.message


def test_hard_caps_are_told_together() -> None:
    limits = LoadSettings(max_rps=100, max_connections=2, max_duration="1m", max_body_bytes=1)
    with pytest.raises(LimitError) as caught:
        check_limits(parse_profile(FULL, source="f.yaml"), limits)
    assert {each.path for each in caught.value.problems} == {
        "rate_rps",
        "connections",
        "duration",
        "body",
    }


def test_a_warm_up_is_load_too() -> None:
    profile = Profile(name="p", endpoints=(Endpoint(url="http://h/"),), warmup_s=61)
    with pytest.raises(LimitError) as caught:
        check_limits(profile, LoadSettings(max_duration="1m"))
    assert [each.path for each in caught.value.problems] == ["warmup"]


def test_a_closed_loop_has_no_rate_to_cap() -> None:
    profile = Profile(name="p", endpoints=(Endpoint(url="http://h/"),), mode="closed", rate_rps=1e6)
    check_limits(profile, LoadSettings())


@pytest.mark.parametrize(
    ("url", "foreign"),
    [
        ("http://127.0.0.1:8080/", ()),
        ("http://localhost:8080/", ()),
        ("http://[::1]:8080/", ()),
        ("http://127.0.0.1:22/", ("127.0.0.1:22",)),
        ("http://example.org/", ("example.org:80",)),
        ("https://example.org/", ("example.org:443",)),
        ("http://10.0.0.1:8080/", ("10.0.0.1:8080",)),
    ],
)
def test_only_our_own_loopback_ports_need_no_consent(url: str, foreign: tuple[str, ...]) -> None:
    profile = Profile(name="p", endpoints=(Endpoint(url=url),))
    own = frozenset({8080})
    assert foreign_hosts(profile, own_ports=own) == foreign
    demand_consent(profile, own_ports=own, consent=True)
    if foreign:
        with pytest.raises(InvalidInputError, match="not a part of a sandbox"):
            demand_consent(profile, own_ports=own, consent=False)
