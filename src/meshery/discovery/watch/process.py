"""The process `meshery discovery`: one cluster's watch, in the cluster or beside it.

It tells a NATS server: the stream DISCOVERY, which whoever was away reads on from, and MeshSync's
own messages beside it. Or it writes a file. Of several replicas the holder of a lease works.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec

from meshery.connections.model import ConnectionState
from meshery.connections.reach import look
from meshery.core.bus import Bus
from meshery.core.bus_address import BusAddress
from meshery.core.errors import ForbiddenError, MesheryError
from meshery.core.probes import serve_probes
from meshery.core.settings import Settings, load_settings
from meshery.core.telemetry import configure_logging, gauge, get_logger
from meshery.discovery.watch.agent import Agent
from meshery.discovery.watch.broker import broker_address, connected
from meshery.discovery.watch.choice import EVERYTHING, Choice
from meshery.discovery.watch.options import Options, read_options
from meshery.discovery.watch.snapshot import SnapshotFile, free_name
from meshery.discovery.watch.watchlist import WatchList
from meshery.kube.access import Access, in_cluster
from meshery.kube.backoff import Backoff
from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import OWN, read_kubeconfigs, usual_paths
from meshery.kube.lease import Lease

ASK_S = 5.0
"""How often the API server is asked whether it answers, and how long it may take."""

_log = get_logger("discovery.process")
_active = gauge("discovery_active", "1 while this process watches, 0 while it stands by")


def run(arguments: Sequence[str]) -> int:
    """Watch until SIGTERM or SIGINT, or `-stopAfter`; the exit code.

    InvalidInputError for options that cannot be used, UnavailableError without a cluster or broker
    to go to. A cluster or broker that does not answer is waited for.
    """
    options = read_options(arguments, os.environ)
    settings = load_settings(file=options.config, flags={"home": options.home}).settings
    log = settings.log
    if os.environ.get("DEBUG", "").lower() in {"true", "1"}:
        log = msgspec.structs.replace(log, level="debug")
    configure_logging(log, process="discovery")
    access = _access(options)
    address = (
        None
        if options.is_file
        else broker_address(settings, environment=os.environ, given=options.broker_url)
    )
    asyncio.run(_run(Process(options, settings, access), address))
    return 0


async def _run(process: "Process", address: BusAddress | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if process.options.stop_after_s is not None:
        loop.call_later(process.options.stop_after_s, stop.set)
    paths = {"/healthz": lambda: True, "/readyz": lambda: process.was_ready}
    async with serve_probes(
        process.options.listen, ready=lambda: process.is_ready, more=paths
    ) as port:
        _log.info("discovery.listens", port=port)
        work = asyncio.create_task(process.work(address), name="discovery")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        has_ended = work.done()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        if has_ended:
            work.result()


class Process:
    """What it is to do, and how far it has come."""

    def __init__(self, options: Options, settings: Settings, access: Access) -> None:
        self.options = options
        self.was_ready = False
        self._settings = settings
        self._access = access
        self._bus: Bus | None = None
        self._answers = False

    @property
    def is_ready(self) -> bool:
        """Whether broker (where there is one) and API server answer now."""
        return self.was_ready and self._answers and (self._bus is None or self._bus.connected)

    async def work(self, address: BusAddress | None) -> None:
        """To a broker, or to a file where there is no address."""
        async with KubeClient(self._access) as client:
            asking = asyncio.create_task(self._ask(client), name="ask")
            try:
                await (self._write(client) if address is None else self._tell(client, address))
            finally:
                asking.cancel()
                await asyncio.wait({asking})

    async def _ask(self, client: KubeClient) -> None:
        """Know whether the API server answers, also while another replica watches."""
        while True:
            try:
                await client.request("GET", "/version", timeout_s=ASK_S)
                self._answers = True
            except MesheryError as error:
                self._answers = isinstance(error, ForbiddenError)
            await asyncio.sleep(ASK_S)

    async def _tell(self, client: KubeClient, address: BusAddress) -> None:
        bus = self._bus = await connected(self._settings, address)
        self.was_ready = True
        try:
            await self._publish(client, bus)
        finally:
            await bus.close()

    async def _publish(self, client: KubeClient, bus: Bus) -> None:
        place = self.options.lease
        if place is None:
            await self._publish_alone(client, bus)
            return
        lease = Lease(client, place.name, namespace=place.namespace, holder=self.options.holder)
        await lease.hold(lambda: self._publish_alone(client, bus))

    async def _publish_alone(self, client: KubeClient, bus: Bus) -> None:
        cluster_id = await _cluster_id(self._access)
        wanted = self.options.meshsync
        watch_list = (
            WatchList(client, namespace=wanted.namespace, name=wanted.name) if wanted else None
        )
        agent = Agent(
            client,
            cluster_id,
            choice=self._given or await _first(watch_list),
            namespaces=self.options.namespaces,
            watch_list=None if self._given else watch_list,
        )
        _active.set(1)
        _log.info("discovery.watches", cluster=cluster_id)
        try:
            await agent.publish(bus)
        finally:
            _active.set(0)

    async def _write(self, client: KubeClient) -> None:
        path = self.options.output_file or free_name(Path())
        with SnapshotFile(path, extended=self.options.is_extended) as file:
            agent = Agent(
                client,
                await _cluster_id(self._access),
                choice=self._given or EVERYTHING,
                namespaces=self.options.namespaces,
            )
            self.was_ready = True
            _active.set(1)
            await agent.write(file)

    @property
    def _given(self) -> Choice | None:
        """The choice of the command line, if it makes one."""
        if not self.options.resources:
            return None
        return Choice(only=dict.fromkeys(self.options.resources, frozenset()))


async def _first(watch_list: WatchList | None) -> Choice:
    """What the watch-list says already, so that nothing is told that was not asked for."""
    if watch_list is None:
        return EVERYTHING
    try:
        return await watch_list.now()
    except MesheryError as error:
        _log.warning("watchlist.not_read", what=error.what, cause=error.cause)
        return EVERYTHING


async def _cluster_id(access: Access) -> str:
    """Waits until the cluster answers; empty where its identity may not be read."""
    backoff = Backoff(most_s=10.0)
    while True:
        finding = await look(access)
        if finding.state is ConnectionState.REACHABLE:
            if finding.reason:
                _log.warning("discovery.nameless", reason=finding.reason)
            return finding.cluster_id
        _log.info("discovery.waits", reason=finding.reason)
        await backoff.wait()


def _access(options: Options) -> Access:
    """The kubeconfig that was given, else the pod's own account, else the usual kubeconfig."""
    is_given = options.kubeconfig or options.context or os.environ.get("KUBECONFIG")
    if not is_given and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return in_cluster(os.environ)
    paths = [options.kubeconfig] if options.kubeconfig else usual_paths(os.environ)
    return read_kubeconfigs(paths).access(options.context, trust=OWN)
