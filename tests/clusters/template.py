"""Data with `${names}` in it, filled with values."""

import re
from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parent / "data"
_NAME = re.compile(r"\$\{([a-z0-9_]+)\}")

Document = dict[str, Any]


def documents_of(path: str, values: Mapping[str, str]) -> list[Document]:
    """The documents of a data file, filled; KeyError for a name without a value."""
    return [filled(each, values) for each in _parsed(path)]


def read(path: str) -> Any:
    """A data file of one document, as it is."""
    (found,) = _parsed(path)
    return deepcopy(found)


@cache
def _parsed(path: str) -> list[Any]:
    """The documents as they stand; what takes them copies them."""
    text = (DATA / path).read_text()
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]


def filled(node: Any, values: Mapping[str, str]) -> Any:
    """A copy of `node` where each `${name}` in a text, key or value, is the value of that name."""
    if isinstance(node, str):
        return _NAME.sub(lambda found: values[found[1]], node)
    if isinstance(node, list):
        return [filled(each, values) for each in node]
    if isinstance(node, dict):
        return {filled(key, values): filled(value, values) for key, value in node.items()}
    return node


def common_values() -> dict[str, str]:
    """Values for every file: images, and public certificates under `certificate_NAME` (as base64
    under `certificate_NAME_base64`)."""
    values: dict[str, str] = {}
    for name, image in read("images.yaml").items():
        values[name] = filled(image, values)
    for path in sorted((DATA / "certificates").glob("*.pem")):
        values[f"certificate_{path.stem}"] = path.read_text()
        values[f"certificate_{path.stem}_base64"] = b64encode(path.read_bytes()).decode()
    return values
