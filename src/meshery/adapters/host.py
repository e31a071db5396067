"""Many adapters in one process, each on its own port: those that are installed as entry points.

    [project.entry-points."meshery.adapters"]
    acme = "acme.adapter:ADAPTER"       # an Adapter, or the Mesh alone

What cannot be loaded or has no port is disabled and told, and nothing else is touched by it.
"""

import contextlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Self

import msgspec

from meshery.adapters.library import Adapter
from meshery.adapters.mesh import Mesh
from meshery.adapters.security import ServerSecurity
from meshery.adapters.serving import Serving, serve
from meshery.core.errors import InvalidInputError, MesheryError, NotFoundError

GROUP = "meshery.adapters"

_log = logging.getLogger("meshery.adapters")


class Hosted(msgspec.Struct, frozen=True, kw_only=True):
    """A mesh of the host: where it answers, or why it does not."""

    name: str
    state: Literal["serving", "disabled"]
    address: str = ""
    reason: str = ""


class HostOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a host serves. `ports` are others than the meshes' own, by name; `names` empty: all."""

    host: str = "127.0.0.1"
    ports: Mapping[str, int] = {}
    names: Sequence[str] = ()
    refresh_s: float = 0
    index_hosts: Collection[str] = ()


class Host:
    """All adapters of this process; `async with` serves them."""

    def __init__(self, options: HostOptions, security: ServerSecurity) -> None:
        self.hosted: list[Hosted] = []
        self.servings: list[Serving] = []
        self._options = options
        self._security = security
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Serve what can be. NotFoundError for a name that nobody brings."""
        self._security.check(self._options.host)
        async with contextlib.AsyncExitStack() as stack:
            for name, loaded in adapters(self._options.names):
                hosted = await self._start(name, loaded, stack)
                level = logging.INFO if hosted.state == "serving" else logging.ERROR
                told = hosted.address or hosted.reason
                _log.log(level, "%s is %s: %s", name, hosted.state, told)
                self.hosted.append(hosted)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *about: object) -> None:
        await self._stack.aclose()

    async def _start(
        self, name: str, loaded: Adapter | str, stack: contextlib.AsyncExitStack
    ) -> Hosted:
        if isinstance(loaded, str):
            return Hosted(name=name, state="disabled", reason=loaded)
        try:
            serving = await stack.enter_async_context(
                serve(
                    loaded,
                    host=self._options.host,
                    port=self._options.ports.get(name),
                    security=self._security,
                    refresh_s=self._options.refresh_s,
                    registered=self._options.index_hosts,
                )
            )
        except MesheryError as error:
            reason = f"{error.what}: {error.cause}; {error.remedy}"
            return Hosted(name=name, state="disabled", reason=reason)
        self.servings.append(serving)
        return Hosted(name=name, state="serving", address=serving.address)


def adapters(names: Sequence[str] = ()) -> Iterator[tuple[str, Adapter | str]]:
    """Installed adapters by name: what an entry point brings, or why that cannot be served.

    NotFoundError for a name that nobody brings.
    """
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    known = {entry.name for entry in entries}
    for name in names:
        if name not in known:
            raise NotFoundError(
                f"no adapter {name} is installed",
                remedy="installed: " + (", ".join(sorted(known)) or "none"),
            )
    taken: set[str] = set()
    for entry in entries:
        if names and entry.name not in names:
            continue
        if entry.name in taken:
            yield entry.name, f"two packages bring it; {entry.value} is left out"
            continue
        taken.add(entry.name)
        yield entry.name, _loaded(entry)


def read_ports(texts: Sequence[str]) -> dict[str, int]:
    """Ports by name, of texts such as `istio=10100`. InvalidInputError for what is none."""
    found: dict[str, int] = {}
    for text in texts:
        name, _, port = text.partition("=")
        if not name or not port.isdecimal() or int(port) > 65_535:
            raise InvalidInputError(
                f"{text} is no NAME=PORT", remedy="such as istio=10100; 0 takes a free port"
            )
        found[name] = int(port)
    return found


def _loaded(entry: EntryPoint) -> Adapter | str:
    try:
        found: Any = entry.load()
    except Exception as error:  # noqa: BLE001 - a plug-in may fail in any way
        return f"{entry.value} cannot be loaded: {type(error).__name__}: {error}"
    if isinstance(found, Mesh):
        return Adapter(found)
    return found if isinstance(found, Adapter) else f"{entry.value} is neither adapter nor mesh"
