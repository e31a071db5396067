"""The tables that come with Meshery, read once; and how to read further ones."""

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import YamlDocument, parse_yaml
from meshery.discovery.fingerprints.rows import Row
from meshery.discovery.fingerprints.table import AddOnTable, CommonTable, Fingerprints, MeshTable

T = TypeVar("T", bound=Row)


@cache
def bundled_fingerprints() -> Fingerprints:
    """All tables of this package."""
    data = resources.files("meshery.discovery.fingerprints") / "data"
    return Fingerprints(
        common=_read(data / "common.yaml", CommonTable),
        meshes=tuple(_read(file, MeshTable) for file in _files(data / "meshes")),
        addons=tuple(_read(file, AddOnTable) for file in _files(data / "addons")),
    )


def parse_table(document: YamlDocument, kind: type[T]) -> T:
    """A table from a YAML document. InvalidInputError names the key that is wrong."""
    try:
        return msgspec.convert(document.data, kind)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            f"{document.source} is not a fingerprint table",
            cause=str(error),
            remedy="correct the key that the cause names",
        ) from error


def _files(folder: Traversable) -> list[Traversable]:
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")),
        key=lambda file: file.name,
    )


def _read(file: Traversable, kind: type[T]) -> T:
    return parse_table(parse_yaml(file.read_bytes(), source=file.name), kind)
