"""The index of a chart repository (helm.sh/docs/topics/chart_repository), read in the child.

An index may be large and comes from a stranger: aliases and depth are bounded by the child's own
memory and time.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from meshery.core.errors import InvalidInputError
from meshery.kube.helm.manifest import load
from meshery.kube.helm.model import Entry, Offered

_MAX_URLS = 8


def read_index(file: Path, *, name: str) -> Offered:
    """What the index offers of the chart `name`. InvalidInputError when it is no index."""
    try:
        document = load(file.read_text("utf-8"), source="the index")
    except (UnicodeDecodeError, InvalidInputError) as error:
        raise _no_index(str(getattr(error, "cause", error))) from error
    listed = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(listed, dict):
        raise _no_index("it has no mapping `entries`")
    found = listed.get(name) or []
    if not isinstance(found, list):
        raise _no_index(f"entries.{name} is no list")
    return Offered(tuple(_entries(found)), tuple(str(each) for each in listed))


def _entries(found: list[Any]) -> Iterator[Entry]:
    for each in found:
        if isinstance(each, dict) and isinstance(each.get("version"), str):
            yield Entry(
                version=each["version"],
                app_version=_text(each, "appVersion"),
                kubernetes=_text(each, "kubeVersion"),
                urls=tuple(
                    url for url in _listed(each.get("urls"))[:_MAX_URLS] if isinstance(url, str)
                ),
                digest=_text(each, "digest").removeprefix("sha256:"),
                created=_text(each, "created"),
                deprecated=each.get("deprecated") is True,
            )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return str(value) if isinstance(value, str | int | float) else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _no_index(cause: str) -> InvalidInputError:
    return InvalidInputError(
        "this is no index of a chart repository",
        cause=cause,
        remedy="check the repository's address: it is the part before /index.yaml",
        code="meshery.helm.index",
    )
