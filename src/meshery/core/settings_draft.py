"""A tree of settings while it is gathered: values, where each came from, and all faults so far."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from meshery.core.durations import parse_duration
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import YamlDocument, read_yaml

LENGTH = "length"
"""The key in `Meta.extra` of a setting that is a Go duration: which ones are allowed."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Draft:
    """What was read so far. `types` are the annotated types of all settings by dotted name."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self.tree: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._types = types
        self._document = YamlDocument({}, {}, "")

    def read_file(self, source: Path) -> None:
        """Take over the values of a YAML file. InvalidInputError when it cannot be read at all."""
        self._document = document = read_yaml(source)
        if not isinstance(document.data, dict | None):
            self.problems.append(Problem("", f"{source} is not a mapping of settings", 1))
            return
        sections = {name.split(".")[0] for name in self._types if "." in name}
        for name, value in _flatten(document.data):
            if name in self._types:
                self._place(name, value, f"file {source}")
            else:
                what = "is a section, not a value" if name in sections else "unknown setting"
                hint = _nearest(name, self._types)
                self.problems.append(Problem(name, what, document.line(name), hint))

    def read_environment(self, environment: Mapping[str, str]) -> None:
        """Take over what the environment names."""
        for name, hint in self._types.items():
            text = environment.get(environment_name(name))
            if text is not None:
                self._place(name, _from_text(text, hint), f"environment {environment_name(name)}")

    def read_flags(self, flags: Mapping[str, Any]) -> None:
        """Take over flags, by dotted names."""
        for name, value in flags.items():
            self._place(name, value, "flag")

    def check(self) -> None:
        """Note every value that its type refuses."""
        for name, value in _flatten(self.tree):
            hint = self._types[name]
            try:
                _check_length(msgspec.convert(value, hint), hint)
            except (msgspec.ValidationError, InvalidInputError) as error:
                self.fault(name, str(error))

    def fault(self, name: str, what: str) -> None:
        """Note a fault of a value, with where that came from."""
        origin = self.origins.get(name, "default")
        line = self._document.line(name) if origin.startswith("file") else 0
        self.problems.append(Problem(name, f"{what} (from {origin})", line))

    def finish(self) -> None:
        """InvalidInputError with all faults, if there are any."""
        if not self.problems:
            return
        raise InvalidInputError(
            f"{len(self.problems)} setting{'s' if len(self.problems) > 1 else ''} cannot be used",
            cause="; ".join(f"{problem.path}: {problem.message}" for problem in self.problems),
            remedy="correct them; `mesheryctl system settings` lists every name and its meaning",
            code="meshery.settings",
            problems=self.problems,
        )

    def _place(self, name: str, value: Any, origin: str) -> None:
        node = self.tree
        *parents, leaf = name.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
        self.origins[name] = origin


def environment_name(name: str) -> str:
    """`server.port` -> `MESHERY_SERVER_PORT`."""
    return "MESHERY_" + name.upper().replace(".", "_")


def _check_length(value: Any, hint: Any) -> None:
    allowed = (hint.__metadata__[0].extra or {}).get(LENGTH)
    if allowed is None:
        return
    seconds = parse_duration(value)
    if seconds < 0 or (seconds == 0 and allowed == "more than zero"):
        raise InvalidInputError(f"{value} is too short: it must be {allowed}")


def _flatten(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in (tree or {}).items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _from_text(text: str, hint: Any) -> Any:
    kind = hint.__origin__
    if kind is bool:
        return _TRUTHS.get(text.lower(), text)
    if kind is int:
        return int(text) if _WHOLE.fullmatch(text) else text
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else ""
