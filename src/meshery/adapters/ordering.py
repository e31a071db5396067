"""The order of a mesh's versions: by Semantic Versioning 2.0, or by the calendar.

Names come as vendors write them: `1.31.0`, `v2.13`, `1.29.0-rc.1`, `1.21.5-asm.7`, `edge-26.9.1`.
A name that is no version sorts before all that are.
"""

import re
from collections.abc import Iterable
from typing import Literal

Ordering = Literal["semver", "calendar"]
Key = tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...]]

_SEMVER = re.compile(r"v?(\d+(?:\.\d+){0,3})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_CALENDAR = re.compile(r"(?:[a-z]+-)?v?(\d+(?:\.\d+)+)(?:[-+]([0-9A-Za-z.-]+))?")
_NONE: Key = ((), False, ())


def semver_key(version: str) -> Key:
    """A key that sorts by Semantic Versioning: `1.9` before `1.10`, `2.0.0-rc.1` before `2.0.0`.

    Parts that are left out are 0, what stands after a `+` does not count.
    """
    return _key(_SEMVER.fullmatch(version.strip()))


def calendar_key(version: str) -> Key:
    """A key that sorts names of one channel by year, month and number: `edge-26.9.1`.

    The channel itself does not count: names of two channels cannot be compared.
    """
    return _key(_CALENDAR.fullmatch(version.strip()))


def version_key(version: str, ordering: Ordering = "semver") -> Key:
    """The key of an ordering."""
    return calendar_key(version) if ordering == "calendar" else semver_key(version)


def is_at_least(version: str, than: str, ordering: Ordering = "semver") -> bool:
    """Whether a version has what came with another one.

    A pre-release or a vendor's build of a version has what the version has: `3.0.0-rc.1` is at
    least `3.0`. Only where `than` itself is a pre-release are these told apart.
    """
    own, asked = version_key(version, ordering), version_key(than, ordering)
    return own >= asked if asked[2] else own[0] >= asked[0]


def newest_first(versions: Iterable[str], ordering: Ordering = "semver") -> list[str]:
    """Versions from the newest to the oldest."""
    return sorted(versions, key=lambda each: version_key(each, ordering), reverse=True)


def _key(found: re.Match[str] | None) -> Key:
    if found is None:
        return _NONE
    numbers = tuple(int(part) for part in found[1].split("."))
    whole = numbers + (0,) * (4 - len(numbers))
    early = re.split(r"[.-]", found[2]) if found[2] else []
    return whole, not early, tuple(_part(each) for each in early)


def _part(identifier: str) -> tuple[int, int, str]:
    """Numbers sort by value and before texts; the end of a list before what goes on."""
    return (0, int(identifier), "") if identifier.isdecimal() else (1, 0, identifier)
