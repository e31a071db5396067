"""Who may call: tokens, TLS, mutual TLS, and what stays open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from adapters.acme import Bench, adapter
from meshery.adapters.client import AdapterClient
from meshery.adapters.legacy_client import LegacyClient
from meshery.adapters.security import ClientSecurity, ServerSecurity
from meshery.adapters.serving import Serving, serve
from meshery.core.certificates import Signer, certificate_pem, key_pem, name_of, new_key
from meshery.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    UnavailableError,
)

TOKEN = "a-token"


class Authority:
    def __init__(self) -> None:
        self._signer = Signer.create(name_of("authority"), lifetime=timedelta(days=1))
        self.pem = certificate_pem(self._signer.certificate)

    def issue(self, *names: str) -> dict[str, Any]:
        key = new_key()
        made = self._signer.sign(key, names, lifetime=timedelta(days=1))
        return {"certificate": certificate_pem(made), "key": key_pem(key)}


@asynccontextmanager
async def asking(serving: Serving, **security: Any) -> AsyncIterator[AdapterClient]:
    async with AdapterClient(
        serving.address, security=ClientSecurity(**security), timeout_s=5
    ) as client:
        yield client


async def test_without_the_token_nothing_is_answered_but_health(bench: Bench) -> None:
    async with serve(adapter(bench), port=0, security=ServerSecurity(token=TOKEN)) as serving:
        for given in ("", "another"):
            async with asking(serving, token=given) as client:
                with pytest.raises(NotAuthenticatedError, match="wants a token"):
                    await client.describe()
        async with LegacyClient(serving.address) as legacy:
            with pytest.raises(NotAuthenticatedError):
                await legacy.name()
            with pytest.raises(NotAuthenticatedError):
                _ = [event async for event in legacy.events()]
        async with asking(serving, token=TOKEN) as client:
            assert (await client.health()).is_ready
        async with grpc.aio.insecure_channel(serving.address) as channel:
            health = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service="meshery.adapter.v1.Adapter")
            )
    assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_tls_is_spoken_with_whom_is_trusted(bench: Bench) -> None:
    authority, stranger = Authority(), Authority()
    own = authority.issue("127.0.0.1", "adapter.test")
    security = ServerSecurity(token=TOKEN, **own)
    async with serve(adapter(bench), port=0, security=security) as serving:
        async with asking(serving, authority=authority.pem, token=TOKEN) as client:
            assert (await client.health()).is_ready
        async with asking(
            serving, authority=authority.pem, token=TOKEN, server_name="adapter.test"
        ) as client:
            assert (await client.health()).is_ready
        async with asking(serving, authority=stranger.pem, token=TOKEN) as client:
            with pytest.raises(UnavailableError):
                await client.health()
        async with asking(serving, token=TOKEN) as client:
            with pytest.raises(UnavailableError):
                await client.health()


async def test_callers_can_be_asked_for_certificates(bench: Bench) -> None:
    authority, stranger = Authority(), Authority()
    security = ServerSecurity(client_authority=authority.pem, **authority.issue("127.0.0.1"))
    async with serve(adapter(bench), port=0, security=security) as serving:
        async with asking(serving, authority=authority.pem, **authority.issue("server")) as client:
            assert (await client.health()).is_ready
        for given in ({}, stranger.issue("server")):
            async with asking(serving, authority=authority.pem, **given) as client:
                with pytest.raises(UnavailableError):
                    await client.health()


async def test_others_reach_an_adapter_only_when_it_is_protected(bench: Bench) -> None:
    authority = Authority()
    for security in (
        ServerSecurity(),
        ServerSecurity(token=TOKEN),
        ServerSecurity(**authority.issue("0.0.0.0")),
    ):
        with pytest.raises(ForbiddenError, match="could be called by anybody"):
            async with serve(adapter(bench), host="0.0.0.0", port=0, security=security):
                pass
    allowed = ServerSecurity(allows_plain=True)
    async with serve(adapter(bench), host="0.0.0.0", port=0, security=allowed) as serving:
        assert serving.port


def test_half_of_what_tls_needs_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="certificate and its key"):
        ServerSecurity(certificate=b"x")
    with pytest.raises(InvalidInputError, match="with TLS only"):
        ServerSecurity(client_authority=b"x")


async def test_a_taken_port_is_told(serving: Serving, bench: Bench) -> None:
    with pytest.raises(ConflictError, match="cannot listen"):
        async with serve(adapter(bench), port=serving.port):
            pass


async def test_tools_see_what_is_served(serving: Serving) -> None:
    async with grpc.aio.insecure_channel(serving.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = [each async for each in stub.ServerReflectionInfo(iter([asked]))]
    names = {each.name for each in answer.list_services_response.service}
    assert {
        "meshes.MeshService",
        "meshery.adapter.v1.Adapter",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    } == names


async def test_an_adapter_on_ipv6(bench: Bench) -> None:
    async with serve(adapter(bench), host="::1", port=0) as serving:
        assert serving.address.startswith("[::1]:")
        async with AdapterClient(serving.address) as client:
            assert (await client.health()).is_ready
