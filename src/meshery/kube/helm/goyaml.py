"""YAML as Kubernetes and Helm read it: the safe loader with the plain words of Go's decoder.

PyYAML and Go (sigs.k8s.io/yaml, a YAML 1.1 reader) disagree about plain words: Go leaves dates and
`12:30:45` as texts, takes `y` for true, `1e3` and `08` for numbers, and `1.0` for the integer 1.
"""

import math
import re
from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BOOLEANS = {
    word: value
    for value, words in ((True, "y yes true on"), (False, "n no false off"))
    for plain in words.split()
    for word in (plain, plain.capitalize(), plain.upper())
}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_INTEGER = re.compile(r"([-+]?)(0b[01]+|0o[0-7]+|0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LARGEST_WHOLE = 1e21
"""From here on Go writes a whole number with an exponent."""


class GoLoader(_Base):  # type: ignore[misc]  # the base is chosen above
    """Makes plain data of YAML. ValueError and yaml.YAMLError for what Go refuses as well."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, Any]]] = {}  # noqa: RUF012 - PyYAML's

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """A mapping of JSON: its names are texts, whatever they look like."""
        made = super().construct_mapping(node, deep=deep)
        return {_name(name): value for name, value in made.items()}


class _Word:
    """What PyYAML asks whether a plain word is of a kind."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def match(self, text: str) -> bool:
        return _kind(text) == self._tag


def _kind(text: str) -> str:
    """The kind that Go takes a plain word for; empty for a text."""
    if text in _BOOLEANS:
        return "bool"
    if text in _NULLS:
        return "null"
    if text[0] == "_" or text[0].isalpha():
        return ""
    bare = text.replace("_", "")
    if _INTEGER.fullmatch(bare) and -(2**63) <= _whole(bare) < 2**64:
        return "int"
    if _FRACTION.fullmatch(bare) and math.isfinite(float(bare)):
        return "float"
    return "float" if _NO_JSON.fullmatch(bare) else ""


def _name(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, str | int | float):
        return str(key)
    raise ValueError(f"{key!r:.60} is no name")


def _boolean(loader: Any, node: Any) -> bool:
    return _BOOLEANS[loader.construct_scalar(node)]


def _integer(loader: Any, node: Any) -> int:
    return _whole(loader.construct_scalar(node).replace("_", ""))


def _whole(bare: str) -> int:
    found = _INTEGER.fullmatch(bare)
    if found is None:  # `!!int` before something else
        raise ValueError(f"{bare} is no whole number")
    digits = found[2]
    is_octal = digits[0] == "0" and digits[1:2].isdigit()
    return (-1 if found[1] == "-" else 1) * int(digits, 8 if is_octal else 0)


def _fraction(loader: Any, node: Any) -> float:
    text = loader.construct_scalar(node).replace("_", "")
    if _NO_JSON.fullmatch(text):
        raise ValueError(f"{text} is no number of JSON")
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _LARGEST_WHOLE else value


for _tag in ("bool", "null", "int", "float"):
    GoLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _Word(_tag), None)
GoLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("^<<$"), ["<"])
GoLoader.add_constructor("tag:yaml.org,2002:bool", _boolean)
GoLoader.add_constructor("tag:yaml.org,2002:int", _integer)
GoLoader.add_constructor("tag:yaml.org,2002:float", _fraction)
