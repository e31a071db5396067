"""`meshery operator`: keeps the Brokers and MeshSyncs of the cluster it runs in.

Of several replicas the holder of one Lease acts; the others stand by, and one of them takes over.
"""

import argparse
import asyncio
import os
import signal
import socket
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from meshery.core.errors import UnavailableError
from meshery.core.probes import serve_probes
from meshery.core.settings import LogSettings
from meshery.core.telemetry import configure_logging, get_logger
from meshery.kube.access import Access, in_cluster
from meshery.kube.client import KubeClient
from meshery.kube.kubeconfig import OWN, read_kubeconfigs, usual_paths
from meshery.kube.lease import TTL_S, Lease
from meshery.operator import metrics
from meshery.operator.broker import BrokerKeeper
from meshery.operator.children import (
    ACCOUNTS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
)
from meshery.operator.controller import Controller
from meshery.operator.images import Images
from meshery.operator.meshsync import MeshSyncKeeper
from meshery.operator.names import (
    BROKERS,
    LEASE,
    MESHSYNCS,
    NAMESPACE,
    OLD_BROKERS,
    OLD_MESHSYNCS,
)

_log = get_logger("operator")


def run(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    options = _parser().parse_args(arguments)
    level = "debug" if os.environ.get("DEBUG", "").lower() in {"1", "true"} else "info"
    configure_logging(LogSettings(level=level), process="operator")
    asyncio.run(_serve(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meshery operator",
        description="Keeps the Brokers and MeshSyncs of a cluster.",
        epilog="Images: BROKER_IMAGE and MESHSYNC_IMAGE, each with a tag, a digest, or both.",
    )
    parser.add_argument("--namespace", default="", help="serve this one alone (default: all)")
    parser.add_argument("--kubeconfig", metavar="FILE", help="default: the pod's own account")
    parser.add_argument("--kube-context", metavar="NAME", default="", help="default: the current")
    parser.add_argument(
        "--health-probe-bind-address", metavar="HOST:PORT", default=":8081",
        help="health, and metrics for Prometheus (default :8081)",
    )  # fmt: skip
    parser.add_argument(
        "--metrics-addr", metavar="HOST:PORT", default="", help="another address for both"
    )
    parser.add_argument(
        "--enable-leader-election", action="store_true",
        help="of several replicas one acts, by the Lease " + LEASE,
    )  # fmt: skip
    parser.add_argument(
        "--lease-seconds", type=float, default=TTL_S, help="how long the Lease lasts (default 15)"
    )
    return parser


async def _serve(options: argparse.Namespace) -> None:
    access = _access(options)
    images = Images.of(os.environ)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(KubeClient(access, user_agent="meshery-operator"))
        operator = Operator(client, images, namespace=options.namespace)
        addresses = {options.health_probe_bind_address, options.metrics_addr} - {""}
        for address in sorted(addresses):
            checks = {"/healthz": lambda: True, "/readyz": lambda: operator.is_ready}
            await stack.enter_async_context(
                serve_probes(address, ready=lambda: operator.is_ready, more=checks)
            )
        work = _elected(operator, client, options) if options.enable_leader_election else None
        await _until_told_to_stop(work or operator.act())


class Operator:
    """Both controllers."""

    def __init__(self, client: KubeClient, images: Images, *, namespace: str) -> None:
        self._client = client
        self._images = images
        self._namespace = namespace
        self._controllers: tuple[Controller, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether it stands by, or knows the objects that it serves."""
        return all(each.is_synced for each in self._controllers)

    async def act(self) -> None:
        """Serve until cancelled."""
        brokers = Controller(
            "broker",
            BrokerKeeper(self._client, self._images),
            self._client,
            resources=(BROKERS, OLD_BROKERS),
            makes=(STATEFUL_SETS, SERVICES, CONFIG_MAPS, SECRETS),
            namespace=self._namespace,
        )
        meshsyncs = Controller(
            "meshsync",
            MeshSyncKeeper(self._client, self._images),
            self._client,
            resources=(MESHSYNCS, OLD_MESHSYNCS),
            makes=(DEPLOYMENTS, ACCOUNTS, SECRETS),
            after=(BROKERS, OLD_BROKERS),
            namespace=self._namespace,
        )
        self._controllers = (brokers, meshsyncs)
        metrics.leading.set(1)
        _log.info("operator.acts", namespace=self._namespace or "all")
        try:
            async with asyncio.TaskGroup() as group:
                for each in self._controllers:
                    group.create_task(each.run())
        finally:
            self._controllers = ()
            metrics.leading.set(0)


async def _elected(operator: Operator, client: KubeClient, options: argparse.Namespace) -> None:
    namespace = os.environ.get("POD_NAMESPACE") or client.access.namespace or NAMESPACE
    name = os.environ.get("POD_NAME") or socket.gethostname()
    lease = Lease(
        client,
        LEASE,
        namespace=namespace,
        holder=f"{name}_{uuid4()}",
        ttl_s=options.lease_seconds,
    )
    await lease.hold(operator.act)


async def _until_told_to_stop(work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    acting = asyncio.create_task(work, name="operator")
    stop = asyncio.create_task(told.wait(), name="stop")
    try:
        await asyncio.wait({acting, stop}, return_when=asyncio.FIRST_COMPLETED)
        if acting.done():
            acting.result()
    finally:
        stop.cancel()
        acting.cancel()
        await asyncio.wait({acting, stop})


def _access(options: argparse.Namespace) -> Access:
    """The pod's own account; a kubeconfig where one is named, or where this is no pod."""
    if not options.kubeconfig and not os.environ.get("KUBECONFIG"):
        with suppress(UnavailableError):
            return in_cluster(os.environ)
    paths = [Path(options.kubeconfig)] if options.kubeconfig else usual_paths(os.environ)
    return read_kubeconfigs(paths).access(options.kube_context, trust=OWN)
