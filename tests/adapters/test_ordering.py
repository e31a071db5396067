"""The order of versions, as each mesh counts them."""

import random

import pytest

from meshery.adapters.ordering import (
    calendar_key,
    is_at_least,
    newest_first,
    semver_key,
    version_key,
)

# The list of Semantic Versioning 2.0, section 11, with what vendors write around it.
RISING = [
    "latest",
    "0.9.12",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "v1.2",
    "1.9.3",
    "1.10.0-rc1",
    "1.10.0+build.7",
    "1.31.0",
    "2.0.0",
]
EDGES = [
    "edge-19.11.3",
    "edge-24.2.4",
    "edge-24.11.1",
    "edge-26.9.1",
    "edge-26.9.2",
    "edge-26.10.1",
]


def _shuffled(names: list[str]) -> list[str]:
    return random.Random(7).sample(names, len(names))


def test_semantic_versions_rise() -> None:
    assert sorted(_shuffled(RISING), key=semver_key) == RISING
    assert newest_first(_shuffled(RISING)) == RISING[::-1]


def test_the_calendar_rises() -> None:
    assert sorted(_shuffled(EDGES), key=calendar_key) == EDGES
    assert newest_first(_shuffled(EDGES), "calendar") == EDGES[::-1]


@pytest.mark.parametrize(("one", "other"), [("1.2", "v1.2.0"), ("1.2.0+a", "1.2.0+b")])
def test_names_of_one_version_are_equal(one: str, other: str) -> None:
    assert version_key(one) == version_key(other)


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("3.0.1", "3.0", True),
        ("2.13.4", "3.0", False),
        ("3.0.0-rc.1", "3.0", True),
        ("1.21.5-asm.7", "1.21.5", True),
        ("1.21.5-asm.7", "1.22", False),
        ("3.0.0-rc.1", "3.0.0-rc.2", False),
        ("3.0.0", "3.0.0-rc.2", True),
        ("unknown", "0.1", False),
    ],
)
def test_a_version_has_what_came_before_it(version: str, than: str, expected: bool) -> None:
    assert is_at_least(version, than) is expected


def test_edge_releases_by_their_month() -> None:
    assert is_at_least("edge-26.10.1", "edge-26.9.2", "calendar")
    assert not is_at_least("edge-26.9.1", "edge-26.9.2", "calendar")
