"""Where clusters connect to us as leaf nodes: a NATS server of its own, and who may connect to it.

It is a wall: nothing of our own bus is there. Each cluster has an account of its own, hears there
what is asked of its JetStream and its watcher, and answers; nothing else comes or goes. It keeps no
stream. Clients, which are the followers of this home, reach it on loopback alone.
"""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from meshery.connections.leaves import SUBJECT, Leaf, Leaves
from meshery.core.bus_address import BusAddress, leaf_file
from meshery.core.errors import MesheryError
from meshery.core.paths import private_dir, write_private
from meshery.core.settings import LeafSettings, Settings
from meshery.core.streams import DISCOVERY_STREAM
from meshery.core.telemetry import get_logger
from meshery.discovery.watch.wire import SUBJECT_REQUEST
from meshery.operations.platform import Platform
from meshery.operator.broker_parts import MAX_PAYLOAD_BYTES
from meshery.processes.client import SupervisorClient
from meshery.server.nats_child import HOST, free_port, run_nats

NAME = "nats-leaf"
LOOK_S = 2.0
"""How soon a change of who may connect acts, should nobody have told of it."""
_MAX_PENDING_BYTES = 256 * 1024**2
"""Of what waits for one follower or cluster; a fetch may bring 64 messages of the largest."""
_ANSWERS = "_INBOX.>"

_log = get_logger("server.leaf_hub")


class LeafHub:
    """The one of a server."""

    def __init__(self, settings: Settings, supervisor: SupervisorClient) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._file = private_dir(settings.home_path / "nats") / "leaf-hub.json"
        self._address = BusAddress(
            f"nats://{HOST}:{free_port(leaf_file(settings))}", secrets.token_urlsafe(32)
        )
        self._leaves: Sequence[Leaf] | None = None

    async def start(self, leaves: Sequence[Leaf]) -> None:
        """Have it running; notes for followers where it is."""
        self._write(leaves)
        port = int(self._address.url.rpartition(":")[2])
        await run_nats(
            self._settings, self._supervisor, name=NAME, configuration=self._file, port=port
        )
        write_private(leaf_file(self._settings), msgspec.json.encode(self._address))
        self._leaves = leaves

    async def admit(self, leaves: Sequence[Leaf]) -> None:
        """Let these connect, and nobody else.

        NATS leaves connected leaf nodes alone when it reads its configuration anew: to revoke one
        all are disconnected. Those that may come again in a moment, and nothing of theirs is lost.
        """
        if leaves == self._leaves:
            return
        if self._leaves is not None and set(self._leaves) <= set(leaves):
            self._write(leaves)
            await self._supervisor.signal(NAME, signal.SIGHUP)
            self._leaves = leaves
        else:
            self._leaves = None
            await self._supervisor.stop(NAME)
            await self.start(leaves)
        _log.info("leaf_hub.admits", clusters=len(leaves))

    def _write(self, leaves: Sequence[Leaf]) -> None:
        document = configuration(self._settings, address=self._address, leaves=leaves)
        write_private(self._file, msgspec.json.encode(document))


async def start_leaf_hub(platform: Platform, supervisor: SupervisorClient) -> LeafHub | None:
    """Start it where the settings ask for one; else nobody is led to one of before."""
    leaf_file(platform.settings).unlink(missing_ok=True)
    if not platform.settings.leaf.listen:
        return None
    hub = LeafHub(platform.settings, supervisor)
    await hub.start(await Leaves(platform.database).all())
    return hub


async def keep_leaf_hub(platform: Platform, hub: LeafHub) -> None:
    """Admit whom the rows name, as soon as they change, until cancelled."""
    while True:
        try:
            async with platform.bus.listen(SUBJECT) as told:
                while True:
                    await hub.admit(await Leaves(platform.database).all())
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_S):
                            await anext(told)
        except (MesheryError, OSError) as error:
            _log.warning("leaf_hub.again", cause=str(error))
            await asyncio.sleep(LOOK_S)


def configuration(
    settings: Settings, *, address: BusAddress, leaves: Sequence[Leaf]
) -> dict[str, Any]:
    """The server's whole configuration; NATS reads JSON as its own form."""
    leaf = settings.leaf
    accounts = {each.connection_id: _account(each, address.token) for each in leaves}
    return {
        "host": HOST,
        "port": int(address.url.rpartition(":")[2]),
        "server_name": "meshery-leaf-hub",
        "max_payload": max(settings.bus.max_payload_bytes, MAX_PAYLOAD_BYTES),
        "max_pending": _MAX_PENDING_BYTES,
        "leafnodes": {"listen": leaf.listen, "no_advertise": True, **_tls(leaf)},
        # Without any user everybody may connect.
        "accounts": {"nobody": {"users": [{"user": "nobody", "password": address.token}]}}
        | accounts,
    }


def _account(leaf: Leaf, token: str) -> dict[str, Any]:
    """A cluster's account: the cluster by its key, and whoever follows it."""
    api = f"$JS.{leaf.cluster_id}.API"
    asks = [
        f"{api}.STREAM.INFO.{DISCOVERY_STREAM}",
        f"{api}.CONSUMER.CREATE.{DISCOVERY_STREAM}",
        f"{api}.CONSUMER.CREATE.{DISCOVERY_STREAM}.>",
        f"{api}.CONSUMER.INFO.{DISCOVERY_STREAM}.>",
        f"{api}.CONSUMER.MSG.NEXT.{DISCOVERY_STREAM}.>",
        SUBJECT_REQUEST,
    ]
    cluster = _permissions(publishes=[_ANSWERS], hears=[f"{api}.>", SUBJECT_REQUEST])
    follower = _permissions(publishes=asks, hears=[_ANSWERS])
    return {
        "users": [
            {"nkey": leaf.key, "permissions": cluster},
            {"user": leaf.connection_id, "password": token, "permissions": follower},
        ]
    }


def _permissions(*, publishes: list[str], hears: list[str]) -> dict[str, Any]:
    return {"publish": {"allow": publishes}, "subscribe": {"allow": hears}}


def _tls(leaf: LeafSettings) -> dict[str, Any]:
    if not leaf.certificate_file:
        return {}
    certificate, key = (
        str(Path(file).expanduser()) for file in (leaf.certificate_file, leaf.key_file)
    )
    return {"tls": {"cert_file": certificate, "key_file": key, "timeout": 5}}
