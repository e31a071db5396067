"""Versions of charts (semver.org 2.0.0, section 11), and those near to one that is not there."""

import difflib
import re
from collections.abc import Iterable, Sequence

_PARTS = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?")

Key = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def key_of(version: str) -> Key:
    """For sorting; what is no semantic version comes first."""
    found = _PARTS.fullmatch(version.strip())
    if found is None:
        return (-1, 0, 0, False, ())
    major, minor, patch = (int(part or 0) for part in found.group(1, 2, 3))
    return (major, minor, patch, found[4] is None, tuple(_identifiers(found[4] or "")))


def is_same(left: str, right: str) -> bool:
    """Whether two texts name one version; a leading `v` does not matter."""
    return left.strip().removeprefix("v") == right.strip().removeprefix("v")


def newest(versions: Iterable[str]) -> str:
    """The newest one that is no pre-release, else the newest; empty for none."""
    ordered = sorted(versions, key=key_of)
    finished = [version for version in ordered if key_of(version)[3]]
    return (finished or ordered or [""])[-1]


def near(wanted: str, known: Sequence[str], *, count: int = 5) -> list[str]:
    """The versions nearest to one that is not there, newest first."""
    key = key_of(wanted)
    if key[0] < 0:
        return difflib.get_close_matches(wanted, known, n=count, cutoff=0.4)

    def distance(version: str) -> tuple[int, int, int]:
        other = key_of(version)
        return (abs(other[0] - key[0]), abs(other[1] - key[1]), abs(other[2] - key[2]))

    nearest = sorted(dict.fromkeys(known), key=distance)[:count]
    return sorted(nearest, key=key_of, reverse=True)


def _identifiers(text: str) -> Iterable[tuple[bool, int, str]]:
    """Numbers before words, numbers by size, words by letters."""
    for part in text.split(".") if text else ():
        yield (False, int(part), "") if part.isdigit() else (True, 0, part)
