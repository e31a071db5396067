"""The server's process tree: the supervisor, and through it NATS and the worker.

    server - supervisor - nats
                        - worker
                        - whatever the worker starts: sidecars, apps, injectors

What dies comes back. The supervisor restarts its children; the server restarts the supervisor, and
the new one brings back what the old one kept running, on the same ports and with the same tokens.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from meshery.core.bus_address import read_address
from meshery.core.errors import MesheryError
from meshery.core.paths import private_dir
from meshery.core.settings import LoadedSettings, Settings
from meshery.core.settings_draft import environment_name
from meshery.core.telemetry import get_logger
from meshery.processes.client import SupervisorClient
from meshery.processes.model import ProcessEvent, ProcessSpec, ProcessStatus, Restart
from meshery.server import leaf_hub, nats_child
from meshery.server.supervisor_child import SupervisorChild

WORKER = "worker"

_WORKER_GRACE_S = 12.0
_BACK_OFF_S = (0.0, 0.2, 1.0, 5.0)
_QUICK_S = 5.0
_STOP_PATIENCE_S = 1.0
_STOP_S = 20.0
_NEWS = 256

_log = get_logger("server.tree")


class TreeInfo(msgspec.Struct, frozen=True):
    """Where the tree answers; `nats_token` is a secret."""

    nats_url: str
    nats_token: str
    socket_path: Path


class Restarted(msgspec.Struct, frozen=True):
    """Something of the tree died and is back (or is still tried: `has_trouble`)."""

    name: str
    reason: str
    at: float
    has_trouble: bool = False


Callback = Callable[[Restarted], Awaitable[None]]


@asynccontextmanager
async def process_tree(settings: Settings) -> AsyncIterator["ProcessTree"]:
    """A started tree (without its worker), stopped in order at the end."""
    tree = ProcessTree(settings)
    try:
        await tree.start()
        yield tree
    finally:
        await tree.stop()


class ProcessTree:
    """The tree of one server. Start it on the thread that lives as long as the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = private_dir(settings.home_path.resolve())
        self._child: SupervisorChild | None = None
        self._client: SupervisorClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._callbacks: list[Callback] = []
        self._news: asyncio.Queue[Restarted] = asyncio.Queue(_NEWS)

    @property
    def supervisor(self) -> SupervisorClient:
        """The supervisor of this tree, also when it was replaced meanwhile."""
        if self._client is None:
            raise RuntimeError("the process tree is not started")
        return self._client

    def on_restart(self, callback: Callback) -> None:
        """Have `callback` awaited whenever supervisor, NATS or worker died and came back."""
        self._callbacks.append(callback)

    async def start(self) -> TreeInfo:
        """Start the supervisor, and NATS unless the settings name one. A MesheryError says why not.

        Call `stop` also after a failure.
        """
        self._child = await SupervisorChild.start(self._home, is_restoring=False)
        self._client = SupervisorClient(self._child.socket_path)
        self._begin("news", self._call_back())
        self._begin("supervisor", self._keep_supervisor(self._child))
        if self._settings.bus.url:
            address = read_address(self._settings)
        else:
            address = await nats_child.start_nats(self._settings, self._client)
        self._begin("children", self._watch_children(self._client))
        return TreeInfo(address.url, address.token, self._child.socket_path)

    async def start_worker(self) -> ProcessStatus:
        """Start the embedded worker; the database must be migrated."""
        return await self.supervisor.start(self._worker_spec())

    async def stop(self) -> None:
        """Stop all: the worker first, then what it started, then NATS, then the supervisor."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._child is None:
            return
        client = SupervisorClient(self._child.socket_path, patience_s=_STOP_PATIENCE_S)
        try:
            async with asyncio.timeout(_STOP_S):
                await _stop_in_order(client)
        except (MesheryError, TimeoutError) as error:
            # The supervisor is gone or hangs: its end ends the rest.
            _log.warning("tree.stop_in_disorder", cause=str(error))
        finally:
            if self._client is not None:
                await self._client.close()
            await self._child.end()
            self._child = None

    async def _keep_supervisor(self, child: SupervisorChild) -> None:
        """Bring the supervisor back whenever it ends."""
        quick_ends = 0
        while True:
            began = time.monotonic()
            code = await child.wait()
            quick_ends = quick_ends + 1 if time.monotonic() - began < _QUICK_S else 0
            await asyncio.sleep(_BACK_OFF_S[min(max(quick_ends - 1, 0), len(_BACK_OFF_S) - 1)])
            _log.warning("tree.supervisor_lost", code=code)
            child = self._child = await self._new_supervisor()
            reason = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
            self._tell(Restarted("supervisor", reason, time.time()))

    async def _new_supervisor(self) -> SupervisorChild:
        while True:
            try:
                return await SupervisorChild.start(self._home, is_restoring=True)
            except (MesheryError, OSError) as error:
                _log.exception("tree.supervisor_not_back")
                self._tell(Restarted("supervisor", str(error), time.time(), has_trouble=True))
                await asyncio.sleep(_BACK_OFF_S[-1])

    async def _watch_children(self, client: SupervisorClient) -> None:
        """Tell of deaths of NATS and the worker; the supervisor itself brings them back."""
        while True:
            with suppress(MesheryError):
                ended: dict[str, ProcessEvent] = {}
                async for event in client.watch():
                    if event.name in {WORKER, nats_child.NAME, leaf_hub.NAME}:
                        self._on_child(event, ended)
            await asyncio.sleep(_BACK_OFF_S[1])

    def _on_child(self, event: ProcessEvent, ended: dict[str, ProcessEvent]) -> None:
        if event.what == "exited":
            ended[event.name] = event
        elif event.what in {"restarted", "gave_up"}:
            reason = event.reason or _reason(ended.get(event.name))
            _log.warning("tree.child_lost", child=event.name, what=event.what, reason=reason)
            has_trouble = event.what == "gave_up"
            self._tell(Restarted(event.name, reason, event.at, has_trouble=has_trouble))

    def _tell(self, restarted: Restarted) -> None:
        """Hand it to the callbacks, which may be slow: no watch waits for them."""
        try:
            self._news.put_nowait(restarted)
        except asyncio.QueueFull:
            _log.error("tree.news_dropped", child=restarted.name, reason=restarted.reason)

    async def _call_back(self) -> None:
        while True:
            restarted = await self._news.get()
            for callback in self._callbacks:
                try:
                    await callback(restarted)
                except Exception:  # noqa: BLE001 - a listener's fault must not end the others'
                    _log.exception("tree.callback_failed", child=restarted.name)

    def _begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=f"tree-{name}"))

    def _worker_spec(self) -> ProcessSpec:
        words = (sys.executable, "-P", "-m", "meshery.cli.process", "worker", "--embedded")
        # The environment holds every setting, whatever it came from; the file is not read again.
        where = ("--home", str(self._home), "--config", os.devnull)
        return ProcessSpec(
            name=WORKER,
            argv=words + where,
            environment=settings_environment(self._settings),
            directory=str(self._home),
            restart=Restart.ALWAYS,
            log_file=str(self._home / "logs" / "worker.log"),
            stop_grace_s=_WORKER_GRACE_S,
        )


async def _stop_in_order(client: SupervisorClient) -> None:
    await client.stop(WORKER)
    names = [status.name for status in await client.list()]
    await asyncio.gather(*(client.stop(name) for name in names if name != nats_child.NAME))
    await client.stop(nats_child.NAME)


def settings_environment(settings: Settings) -> dict[str, str]:
    """The whole tree of settings as the environment that reads back as the same tree."""

    def text(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple | list):
            return ",".join(map(str, value))
        return str(value)

    rows = LoadedSettings(settings, {}).rows()
    return {environment_name(row.name): text(row.value) for row in rows if row.name != "home"}


def _reason(ended: ProcessEvent | None) -> str:
    if ended is None:
        return "its supervisor was lost"
    if ended.signal is not None:
        return f"killed by signal {ended.signal}"
    return f"ended with code {ended.exit_code}"
