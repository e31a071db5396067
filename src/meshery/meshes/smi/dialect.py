"""Which versions of SMI a mesh serves, and how it reads regular expressions."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from meshery.behaviours.match import Match, PathMatch, ValueMatch


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """The SMI of one mesh.

    `regex` says against what a path's regular expression is held: the `whole` path, `anywhere`
    within it, or a `prefix` of it. `splits_by_match` tells whether a split may have matches.
    """

    split: str
    specs: str
    access: str
    regex: Literal["whole", "anywhere", "prefix"]
    splits_by_match: bool = True

    @property
    def has_route_ports(self) -> bool:
        """Whether a TCPRoute says ports (specs v1alpha4)."""
        return self.specs >= "v1alpha4"

    @property
    def has_target_port(self) -> bool:
        """Whether a TrafficTarget's destination says a port (access before v1alpha3)."""
        return self.access < "v1alpha3"

    def whole(self, regex: str) -> str:
        """A regular expression for a whole path or value, as the mesh has to be given it."""
        return f"^{regex}$" if self.regex == "anywhere" else regex


def path_regex(path: PathMatch, dialect: Dialect) -> str:
    """The regular expression of a path; a prefix means whole elements."""
    if path.exact is not None:
        return dialect.whole(re.escape(path.exact))
    if path.prefix is not None:
        elements = re.escape(path.prefix.rstrip("/"))
        if dialect.regex == "prefix":
            return elements or "/"
        return dialect.whole(f"{elements}(?:/.*)?" if elements else "/.*")
    return dialect.whole(f"(?:{path.regex})" if dialect.regex == "anywhere" else path.regex or "")


def pattern_regex(pattern: str, dialect: Dialect) -> str:
    """The regular expression of `/x`, `/x*` or `*x`."""
    head = ".*" if pattern.startswith("*") else ""
    tail = ".*" if pattern.endswith("*") and len(pattern) > 1 else ""
    return dialect.whole(f"{head}{re.escape(pattern.strip('*'))}{tail}")


def header_regex(header: ValueMatch, dialect: Dialect) -> str:
    """The regular expression of a header's value."""
    if header.exact is not None:
        return dialect.whole(re.escape(header.exact))
    if header.prefix is not None:
        return dialect.whole(re.escape(header.prefix) + ".*")
    if header.suffix is not None:
        return dialect.whole(".*" + re.escape(header.suffix))
    if header.contains is not None:
        return dialect.whole(f".*{re.escape(header.contains)}.*")
    return dialect.whole(header.regex if header.regex is not None else ".*")


def not_sayable(match: Match) -> list[str]:
    """The parts of a match that SMI has no words for, by their names in documents."""
    found = ["match.query"] if match.query else []
    for position, header in enumerate(match.headers):
        if header.invert:
            found.append(f"match.headers[{position}].invert")
        if header.present is False:
            found.append(f"match.headers[{position}].present: false")
    return found


def route_match(name: str, match: Match, dialect: Dialect) -> Mapping[str, Any]:
    """A match of an HTTPRouteGroup; what is `not_sayable` is not in it.

    The custom resource takes headers as a list of mappings, though the text shows a mapping.
    """
    found: dict[str, Any] = {"name": name}
    if match.path is not None:
        found["pathRegex"] = path_regex(match.path, dialect)
    if match.method is not None:
        found["methods"] = [match.method]
    if match.headers:
        found["headers"] = [
            {header.name: header_regex(header, dialect)} for header in match.headers
        ]
    return found
