"""Brokers with TLS as real processes: who is let in, who is refused, and a renewal under way."""

import asyncio
import base64
import json
import ssl
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import nats
import nats.errors
import pytest
from cryptography import x509
from nats.js.api import StreamConfig

from fixtures.kube import config_map
from fixtures.waiting import until
from meshery.core.certificates import Signer, certificate_pem, key_pem, name_of, new_key, read_key
from operators.cluster import Cluster, made_stream, state_of
from operators.objects import broker, made, meshsync
from operators.test_processes_storage import stored, volumes
from operators.test_tls import MINE, OWN, held, users_secret

pytestmark = [
    pytest.mark.timeout(300),
    # nats-py forgets the connection to a server that ends while it connects.
    pytest.mark.filterwarnings("ignore:unclosed <StreamWriter:ResourceWarning"),
]
NAME = "meshery-nats.meshery.svc"


async def served_at(address: str, authorities: bytes, name: str = NAME) -> str:
    """The serial number of the certificate that clients see at an address and verify."""
    context = ssl.create_default_context(cadata=authorities.decode())
    reader, writer = await asyncio.open_connection(address, 4222)
    try:
        await reader.readline()
        await writer.start_tls(context, server_hostname=name)
        peer: Any = writer.get_extra_info("ssl_object").getpeercert()
        return str(peer["serialNumber"])
    finally:
        writer.close()


async def refused(url: str, *, tls: ssl.SSLContext | None, token: str) -> str:
    """Why a client is not let in."""
    try:
        opened = await nats.connect(
            url, tls=tls, tls_hostname=NAME if tls else None, token=token, allow_reconnect=False
        )
    except (OSError, nats.errors.Error) as error:
        return str(error)
    await opened.close()
    raise AssertionError("it was let in")


async def test_three_servers_and_a_renewal(cluster: Cluster, tmp_path: Path) -> None:
    """They keep what they store: kwok calls them ready before they are, and all go at once."""
    async with volumes(cluster, tmp_path, 3):
        wanted = stored(size=3, tls=OWN)
        await cluster.namespace.create(wanted, meshsync())
        await cluster.ready(timeout_s=120)
        data = await held(cluster.namespace, "meshery-nats-tls")
        addresses = [await cluster.service(f"meshery-nats-{number}") for number in range(3)]
        await _speak_tls_alone(cluster, addresses, data)
        async with cluster.client() as client:
            kept = StreamConfig(name="ORDERS", subjects=["orders"], num_replicas=3)
            await made_stream(client.jetstream(), kept)
            await client.jetstream().publish("orders", b"one")
        before = {await served_at(address, data["ca.crt"]) for address in addresses}
        assert len(before) == 1
        await _age(cluster, data)

        async def is_renewed() -> bool:
            shown = {await served_at(address, data["ca.crt"]) for address in addresses}
            return len(shown) == 1 and shown.isdisjoint(before)

        await until(lambda: _quietly(is_renewed), timeout_s=90, what="a new certificate")
        await cluster.ready(timeout_s=120)
        assert (await held(cluster.namespace, "meshery-nats-tls"))["ca.crt"] == data["ca.crt"]
        async with cluster.client() as client:
            found = await state_of(client.jetstream(), "ORDERS")
            assert found.state.messages == 1
        await cluster.namespace.kubectl("delete", "broker,meshsync", "--all", "--timeout=60s")


async def _speak_tls_alone(
    cluster: Cluster, addresses: Sequence[str], data: dict[str, bytes]
) -> None:
    """The servers to one another, the watcher to them, and nobody who verifies something else."""
    token = (await held(cluster.namespace, "meshery-nats-auth"))["token"].decode()
    known = []
    for address in addresses:
        said = await cluster.monitor("varz", at=address)
        assert (said["tls_required"], said["cluster"]["tls_required"]) == (True, True)
        assert said["cluster"]["tls_verify"]
        known += (await cluster.monitor("connz", at=address))["connections"]
    assert [(each["name"], each["tls_version"]) for each in known] == [("meshsync", "1.3")]
    url = f"nats://{addresses[0]}:4222"
    wrong = Signer.create(name_of("wrong"), lifetime=timedelta(days=1)).certificate
    other = ssl.create_default_context(cadata=certificate_pem(wrong).decode())
    assert "certificate verify failed" in await refused(url, tls=other, token=token)
    right = ssl.create_default_context(cadata=data["ca.crt"].decode())
    assert "Authorization" in await refused(url, tls=right, token="wrong")


async def _quietly(condition: Any) -> bool:
    """Servers that begin anew do not answer for a while."""
    try:
        return bool(await condition())
    except OSError:
        return False


async def _age(cluster: Cluster, data: dict[str, bytes]) -> None:
    """Have a certificate of the same authority that ends within days."""
    authority = x509.load_pem_x509_certificate(data["ca.crt"])
    signer, key = Signer(authority, read_key(data["ca.key"])), new_key()
    old = signer.sign(key, [NAME], lifetime=timedelta(days=3))
    pair = {"tls.crt": certificate_pem(old), "tls.key": key_pem(key)}
    changed = {name: base64.b64encode(pem).decode() for name, pem in pair.items()}
    patch = ("patch", "secret", "meshery-nats-tls", "--type=merge")
    await cluster.namespace.kubectl(*patch, "-p", json.dumps({"data": changed}))


async def test_a_users_certificate_and_none_again(cluster: Cluster) -> None:
    await cluster.namespace.create(users_secret(NAME), broker(tls=MINE), meshsync())
    await cluster.ready()
    data = await held(cluster.namespace, "mine")
    address = await cluster.service("meshery-nats")
    first = await served_at(address, data["ca.crt"])
    assert "secret/meshery-nats-tls" not in await made(cluster.namespace)
    # Of another authority: the watcher comes to trust that one.
    await cluster.namespace.create(users_secret(NAME))
    new = await held(cluster.namespace, "mine")

    async def is_taken_over() -> bool:
        return await served_at(address, new["ca.crt"]) != first

    await until(lambda: _quietly(is_taken_over), timeout_s=60, what="the other certificate")
    await cluster.ready()
    await cluster.namespace.create(broker(), meshsync())
    await until(lambda: _is_plain(cluster), timeout_s=60, what="servers without TLS")
    await cluster.ready()
    async with cluster.client() as client:
        await cluster.namespace.create(config_map("plainly"))
        assert client.is_connected


async def _is_plain(cluster: Cluster) -> bool:
    try:
        return not (await cluster.monitor("varz")).get("tls_required")
    except (httpx2.TransportError, ValueError):
        return False
