"""Ranges of versions as charts write them: `kubeVersion: ">=1.28.0-0 <1.34.0 || ~1.35"`.

The grammar is that of github.com/Masterminds/semver (version 3), which Helm asks: spaces and commas
mean and, `||` means or; `^1.2`, `~1.2`, `1.2.x` and `1.2 - 1.4` are there. As Helm does it for
Kubernetes, a vendor's suffix (`v1.33.2-gke.100`, `v1.33.2+k3s1`) does not count.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from meshery.kube.helm.versions import Key, key_of

_VERSION = r"v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_TERM = re.compile(rf"(=>|=<|>=|<=|!=|~>|=|>|<|~|\^|)\s*({_VERSION})[\s,]*")
_BETWEEN = re.compile(rf"({_VERSION})\s+-\s+({_VERSION})")
_PARTS = re.compile(r"v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(-[^+]*)?")
_PLAIN = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class _Bound(msgspec.Struct, frozen=True):
    """A version in a range; `width` is how many of its three numbers are said."""

    major: int
    minor: int
    patch: int
    suffix: str
    width: int

    @property
    def key(self) -> Key:
        return key_of(f"{self.major}.{self.minor}.{self.patch}{self.suffix}")


_Numbers = tuple[int, int, int]


def fits(text: str, kubernetes: str) -> bool:
    """Whether a version of Kubernetes is within a chart's range; every one is in an empty range.

    False as well for what is no range or no version: Helm refuses those.
    """
    if not text:
        return True
    found = _PLAIN.match(kubernetes)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]), int(found[3] or 0))
    ways = [_terms(part) for part in text.split("||")]
    if any(way is None for way in ways):
        return False
    return any(all(_HOLDS[sign](version, bound) for sign, bound in way or ()) for way in ways)


def _terms(text: str) -> list[tuple[str, _Bound]] | None:
    """The conditions that must all hold; None when the text is no range."""
    text = _BETWEEN.sub(r">=\1 <=\2", text).strip()
    terms: list[tuple[str, _Bound]] = []
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            return None
        terms.append((found[1], _bound(found[2])))
        at = found.end()
    return terms or None


def _bound(text: str) -> _Bound:
    found = _PARTS.match(text)
    numbers: list[int] = []
    for part in found.groups()[:3] if found else ():
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    padded = [*numbers, 0, 0, 0]
    suffix = (found[4] or "") if found else ""
    return _Bound(padded[0], padded[1], padded[2], suffix, len(numbers))


def _order(version: _Numbers, bound: _Bound) -> int:
    own = key_of(".".join(str(number) for number in version))
    return (own > bound.key) - (own < bound.key)


def _equal(version: _Numbers, bound: _Bound) -> bool:
    return _order(version, bound) == 0 if bound.width == 3 else _tilde(version, bound)


def _different(version: _Numbers, bound: _Bound) -> bool:
    if bound.width == 3:
        return _order(version, bound) != 0
    said = (bound.major, bound.minor)[: max(bound.width, 1)]
    return version[: len(said)] != said


def _greater(version: _Numbers, bound: _Bound) -> bool:
    if bound.width in {0, 3}:
        return _order(version, bound) > 0
    return version[: bound.width] > (bound.major, bound.minor)[: bound.width]


def _at_most(version: _Numbers, bound: _Bound) -> bool:
    if bound.width == 3:
        return _order(version, bound) <= 0
    width = bound.width or 2
    return version[:width] <= (bound.major, bound.minor)[:width]


def _tilde(version: _Numbers, bound: _Bound) -> bool:
    if bound.width == 0:
        return True
    width = min(bound.width, 2)
    is_same = version[:width] == (bound.major, bound.minor)[:width]
    return is_same and _order(version, bound) >= 0


def _caret(version: _Numbers, bound: _Bound) -> bool:
    if _order(version, bound) < 0 or version[0] != bound.major:
        return False
    if bound.major > 0 or bound.width == 1:
        return True
    if bound.minor > 0 or bound.width == 2:
        return version[1] == bound.minor
    return version[1:] == (0, bound.patch)


_HOLDS: Mapping[str, Callable[[_Numbers, _Bound], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _different,
    ">": _greater,
    "<": lambda version, bound: _order(version, bound) < 0,
    ">=": lambda version, bound: _order(version, bound) >= 0,
    "=>": lambda version, bound: _order(version, bound) >= 0,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
