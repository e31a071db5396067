"""Bring sidecars to a new configuration, all of them or none.

Changes go in phases, each acknowledged by every sidecar it touches before the next begins:

    1 open      services that shall take plaintext from now on
    2 clusters  the old and the new ones together, so that no route points into nothing
    3 routes    routes, and rules that allow
    4 clusters  the new ones alone
    5 close     services that shall take plaintext no longer, after a moment for what is on its way

What is on disk is what serves. When one sidecar refuses, every file is put back and Envoy's own
reason is told.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from meshery.core.errors import DeadlineError, MesheryError
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.envoy.files import put_file, read_file, read_version
from meshery.sandbox.envoy.log import rejection_reason
from meshery.sandbox.envoy.sidecar import Sidecar
from meshery.sandbox.envoy.subscriptions import until_taken
from meshery.sandbox.render.names import (
    CLUSTER_TYPE,
    CLUSTERS,
    DENY,
    NETWORK,
    Json,
    discovery_file,
)
from meshery.sandbox.render.policies import demands_mtls
from meshery.sandbox.render.world import SidecarConfig

_RESTORE_S = 1.0
_ON_ITS_WAY_S = 0.02
_GUARDS = (NETWORK, DENY)

Files = dict[str, dict[str, Json]]
"""Content by sidecar and file."""


class Applied(msgspec.Struct, frozen=True):
    """What was changed: (sidecar, file) pairs, all acknowledged, and how long it took."""

    files: tuple[tuple[str, str], ...]
    elapsed_s: float


class RejectedError(MesheryError):
    """A sidecar refused its configuration; the old one serves on. `cause` is Envoy's reason."""

    code = "meshery.sandbox.rejected"
    title = "A sidecar refused the configuration"
    http_status = 422


async def apply_world(
    new: Mapping[str, SidecarConfig], *, sidecars: Mapping[str, Sidecar], timeout_s: float = 5.0
) -> Applied:
    """Bring the sidecars from what is on disk to `new`; done when each has acknowledged.

    RejectedError when one refuses, DeadlineError when one has not answered after `timeout_s`; in
    both cases, and when cancelled, the old files are back.
    """
    started = time.perf_counter()
    changed = _changed({name: config.files for name, config in new.items()}, sidecars)
    old = _on_disk(changed, sidecars)
    async with _all_or_none(sidecars, old, timeout_s=timeout_s) as writer:
        *phases, closing = _phases(old, changed)
        for phase in phases:
            await writer.write(phase)
        if closing:
            await asyncio.sleep(_ON_ITS_WAY_S if any(phases) else 0)
            await writer.write(closing)
    files = tuple((name, file) for name, files in changed.items() for file in files)
    return Applied(files, time.perf_counter() - started)


async def write_files(
    files: Files, *, sidecars: Mapping[str, Sidecar], timeout_s: float = 5.0
) -> None:
    """Write files and wait until they are acknowledged, without phases; errors as `apply_world`."""
    changed = _changed(files, sidecars)
    old = _on_disk(changed, sidecars)
    async with _all_or_none(sidecars, old, timeout_s=timeout_s) as writer:
        await writer.write(changed)


@asynccontextmanager
async def _all_or_none(
    sidecars: Mapping[str, Sidecar], old: Files, *, timeout_s: float
) -> AsyncIterator["_Writer"]:
    """What is written within stays only when all of it is acknowledged in time."""
    writer = _Writer(sidecars)
    try:
        async with asyncio.timeout(timeout_s):
            yield writer
    except BaseException as error:
        await writer.put_back(old)
        if isinstance(error, TimeoutError):
            raise _too_late(writer, timeout_s) from error
        raise
    finally:
        await writer.close()


class _Writer:
    """Writes phases and remembers which sidecars it touched."""

    def __init__(self, sidecars: Mapping[str, Sidecar]) -> None:
        self._sidecars = sidecars
        self._clients: dict[str, AdminClient] = {}
        self._written: dict[str, set[str]] = {}
        self.unheard: set[str] = set()

    async def write(self, phase: Files) -> None:
        """Write a phase to all its sidecars and wait for each. RejectedError when one refuses."""
        if phase:
            self.unheard = set(phase)
            names = list(phase)
            results = await asyncio.gather(
                *(self._write_one(name, phase[name]) for name in names), return_exceptions=True
            )
            for result in results:
                if result is not None:
                    raise result

    async def put_back(self, old: Files) -> None:
        """Restore what was written; waits a moment until that serves again.

        Clusters last, so that no new route points into nothing.
        """
        restored: Files = {}
        for name, files in self._written.items():
            for file in sorted(files, key=lambda each: each == CLUSTERS):
                if file in old[name]:
                    put_file(self._sidecars[name].directory, file, old[name][file])
                    restored.setdefault(name, {})[file] = old[name][file]
        with suppress(TimeoutError):
            async with asyncio.timeout(_RESTORE_S):
                for name, contents in restored.items():
                    await until_taken(self._clients[name], _versions(contents))

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    async def _write_one(self, name: str, files: dict[str, Json]) -> None:
        sidecar = self._sidecars[name]
        client = self._clients.setdefault(name, AdminClient(sidecar.instance.admin_socket))
        log_from = _size(sidecar.log_file)
        for file, content in files.items():
            self._written.setdefault(name, set()).add(file)
            put_file(sidecar.directory, file, content)
        refused = await until_taken(client, _versions(files))
        self.unheard.discard(name)
        if refused:
            raise RejectedError(
                f"the sidecar {name} refused {', '.join(refused)}",
                cause=await rejection_reason(sidecar.log_file, start=log_from),
                remedy="the old configuration serves on; correct the behaviour and apply it again",
            )


def _versions(files: Mapping[str, Json]) -> dict[str, str]:
    return {file: str(content["version_info"]) for file, content in files.items()}


def _changed(new: Mapping[str, Mapping[str, Json]], sidecars: Mapping[str, Sidecar]) -> Files:
    changed = {
        name: {
            file: content
            for file, content in files.items()
            if read_version(sidecars[name].directory, file) != content["version_info"]
        }
        for name, files in new.items()
    }
    return {name: files for name, files in changed.items() if files}


def _on_disk(changed: Files, sidecars: Mapping[str, Sidecar]) -> Files:
    """What is to be replaced, to put it back if need be."""
    return {
        name: {
            file: content
            for file in files
            if (content := read_file(sidecars[name].directory, file)) is not None
        }
        for name, files in changed.items()
    }


def _phases(old: Files, changed: Files) -> list[Files]:
    """The files of each phase; empty phases cost nothing."""
    opening: Files = {}
    united: Files = {}
    routes: Files = {}
    closing: Files = {}
    final: Files = {}
    for name, files in changed.items():
        for file, content in files.items():
            if file in _GUARDS:
                phase = closing if demands_mtls(content) else opening
                phase.setdefault(name, {})[file] = content
            elif file == CLUSTERS:
                both = _united(old[name].get(file), content)
                united.setdefault(name, {})[file] = both
                if both["version_info"] != content["version_info"]:
                    final.setdefault(name, {})[file] = content
            else:
                routes.setdefault(name, {})[file] = content
    return [opening, united, routes, final, closing]


def _united(old: Json | None, new: Json) -> Json:
    """The new clusters, and those old ones that are no longer among them."""
    names = {cluster["name"] for cluster in new["resources"]}
    kept = [each for each in (old or {}).get("resources", []) if each["name"] not in names]
    return discovery_file(CLUSTER_TYPE, [*new["resources"], *kept]) if kept else new


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _too_late(writer: _Writer, timeout_s: float) -> DeadlineError:
    names = ", ".join(sorted(writer.unheard))
    return DeadlineError(
        f"no acknowledgement from {names} within {timeout_s:g} s",
        cause="the sidecar is down or too busy",
        remedy="look at `mesheryctl sandbox status`; the old configuration is back",
        code="meshery.sandbox.unacknowledged",
    )
