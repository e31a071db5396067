"""Which versions of a mesh there are: the vendor's index now and then, the offline list meanwhile.

An index is read event by event: nothing of it is built but the versions of the one chart, and a
document that refers to itself is refused.
"""

import asyncio
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
import yaml

from meshery.adapters.choosing import is_early, latest_first
from meshery.adapters.description import offline_versions
from meshery.adapters.mesh import Index, Mesh, Version
from meshery.adapters.model import VersionList
from meshery.adapters.ordering import version_key
from meshery.core.errors import InvalidInputError, MesheryError, NotFoundError
from meshery.core.http import fetch

MAX_INDEX_BYTES = 32 * 1024 * 1024
FETCH_TIMEOUT_S = 30.0

_log = logging.getLogger("meshery.adapters")

_WANTED = ("version", "appVersion", "created", "kubeVersion")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Releases:
    """The versions of a mesh as they are known now; `refresh` asks the vendor's index.

    `registered` holds `host:port` pairs that may be private, such as a mirror's.
    """

    def __init__(self, mesh: Mesh, *, registered: Collection[str] = ()) -> None:
        self._mesh = mesh
        self._registered = registered
        self.current: VersionList = offline_versions(mesh)

    async def refresh(self) -> VersionList:
        """Ask the index. Without one, or when it does not answer, the list at hand stays.

        The note then says why; a list that an index gave before is kept.
        """
        index = self._mesh.versions.index
        if index is None:
            return self.current
        try:
            found = await self._found(index)
        except MesheryError as error:
            told = f"{error.what}: {error.cause}" if error.cause else error.what
            _log.warning("the index of %s was not read: %s", self._mesh.name, told)
            note = f"the index was not read: {told}"
            self.current = msgspec.structs.replace(self.current, note=note)
        else:
            self.current = msgspec.structs.replace(
                offline_versions(self._mesh),
                known=found,
                origin="index",
                source=index.url,
                as_of=max(each.released for each in found)[:10],
            )
        return self.current

    async def _found(self, index: Index) -> tuple[Version, ...]:
        answer = await fetch(
            index_address(index.url),
            registered=self._registered,
            max_bytes=MAX_INDEX_BYTES,
            timeout_s=FETCH_TIMEOUT_S,
        )
        if answer.status != 200:
            raise NotFoundError(f"{index.url} has no index", cause=f"status {answer.status}")
        return await asyncio.to_thread(versions_of, answer.body, index, self._mesh)


def index_address(url: str) -> str:
    """The address of the index of a chart repository; of the index itself as it is."""
    return url if url.endswith((".yaml", ".yml")) else url.rstrip("/") + "/index.yaml"


def versions_of(raw: bytes, index: Index, mesh: Mesh) -> tuple[Version, ...]:
    """The versions of a chart in an index, newest first.

    What the offline list knows beside (until when, for which Kubernetes) is kept. InvalidInputError
    for what is no index, NotFoundError when the chart is not in it.
    """
    ordering = mesh.versions.ordering
    offline = {each.name: each for each in mesh.versions.known}
    found: dict[str, Version] = {}
    for entry in sorted(
        _entries(raw, index.chart), key=lambda each: version_key(each.get("version", ""))
    ):
        name = entry.get("appVersion" if index.of == "app" else "version", "").removeprefix("v")
        if name:
            # Of several charts with one application the newest stands.
            found[name] = _version(name, entry, index.chart, offline.get(name))
    if not found:
        raise NotFoundError(f"the index has no chart {index.chart}")
    return tuple(latest_first(found.values(), ordering))


def _version(name: str, entry: Mapping[str, str], chart: str, known: Version | None) -> Version:
    charts = {**(known.charts if known else {}), chart: entry.get("version", "")}
    base = known or Version(name=name, channel="preview" if is_early(name) else "stable")
    told = kubernetes_range(entry.get("kubeVersion", ""))
    return msgspec.structs.replace(
        base,
        charts=charts,
        released=base.released or entry.get("created", "")[:10],
        kubernetes=base.kubernetes if any(base.kubernetes) else told,
    )


def kubernetes_range(constraint: str) -> tuple[str, str]:
    """Lowest and highest minor version of a chart's `kubeVersion`, such as `>=1.29.0-0`."""
    low = re.search(r"(?:>=?|\^|~)\s*v?(\d+\.\d+)", constraint)
    high = re.search(r"<(=?)\s*v?(\d+)\.(\d+)", constraint)
    highest = ""
    if high:
        minor = int(high.group(3)) - (0 if high.group(1) else 1)
        highest = f"{high.group(2)}.{minor}"
    return (low.group(1) if low else "", highest)


def _entries(raw: bytes, chart: str) -> Iterator[dict[str, str]]:
    """The wanted texts of each version of a chart; everything else is passed over."""
    try:
        yield from _walk(yaml.parse(raw.decode("utf-8", "replace"), Loader=_Loader), chart)
    except (yaml.YAMLError, RecursionError, StopIteration) as error:
        raise InvalidInputError("the index is no YAML", cause=str(error)) from error


def _walk(events: Iterator[Any], chart: str) -> Iterator[dict[str, str]]:
    """`entries.CHART[*]`, by depth: 1 the document, 2 `entries`, 3 the list, 4 a version."""
    path: list[str | None] = []
    is_key: list[bool] = []
    made: dict[str, str] = {}
    place = ["entries", chart]
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise InvalidInputError("the index refers to itself")
        if isinstance(event, yaml.ScalarEvent):
            if is_key and is_key[-1]:
                path[-1] = event.value
                is_key[-1] = False
                continue
            if len(path) == 4 and path[:2] == place and path[3] in _WANTED:
                made[str(path[3])] = event.value
            _value_ends(path, is_key)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            path.append(None)
            is_key.append(isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            path.pop()
            is_key.pop()
            if len(path) == 3 and path[:2] == place and made:
                yield made
                made = {}
            _value_ends(path, is_key)


def _value_ends(path: list[str | None], is_key: list[bool]) -> None:
    """In a mapping a key comes next; a list's items have none."""
    if path and path[-1] is not None:
        is_key[-1] = True
