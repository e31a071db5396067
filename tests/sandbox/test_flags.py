from typing import Any

import pytest

from meshery.behaviours.document import parse_behaviour
from meshery.core.errors import InvalidInputError
from meshery.sandbox.flags import KINDS, behaviour_of

GIVEN: dict[str, dict[str, Any]] = {
    "split": {"weights": "v1=90, v2=10", "header": ("x-user=jason",)},
    "fault": {"delay": "100ms", "percent": 50.0},
    "retry": {"attempts": 3},
    "timeout": {"request": "500ms"},
    "route": {"path": "/beta", "header": ("x-beta",), "to": "v2"},
    "access": {"deny": ("web",)},
    "mtls": {"mode": "permissive"},
    "ratelimit": {"requests": 100, "per": "minute"},
    "mirror": {"to": "v2", "percent": 10.0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_flags_make_behaviours_that_can_be_read(kind: str) -> None:
    empty: dict[str, Any] = {"header": (), "allow": (), "deny": (), "delay": None}
    document = behaviour_of(kind, "api", flags=empty | GIVEN[kind])
    behaviour = parse_behaviour(document)
    assert (behaviour.kind.value, behaviour.name, behaviour.target.service) == (
        kind,
        f"{kind}-api",
        "api",
    )


def test_names_and_sources() -> None:
    document = behaviour_of("retry", "api", name="again", source="web", flags={})
    assert (document["name"], document["source"]) == ("again", "web")


def test_every_flag_is_known() -> None:
    assert set(GIVEN) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "flags", "words"),
    [
        ("split", {}, "--weights is missing"),
        ("split", {"weights": "v1"}, "is no weight"),
        ("fault", {"percent": 5.0}, "needs --delay or --abort"),
        ("route", {"to": "v2"}, "to match"),
        ("access", {"allow": ("a",), "deny": ("b",)}, "either --allow or --deny"),
        ("retry", {"delay": "1s"}, "takes no --delay"),
        ("locality", {}, "no flags of its own"),
    ],
)
def test_what_is_missing_or_foreign_is_told(kind: str, flags: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        behaviour_of(kind, "api", flags=flags)
