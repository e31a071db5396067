"""Whom the bus takes for its server, on real NATS servers and on one that lies."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from fixtures.nats import NatsServer
from meshery.core.bus import Bus
from meshery.core.bus_link import Trust
from meshery.core.certificates import Signer, certificate_pem, name_of
from meshery.core.errors import UnavailableError
from meshery.core.settings import BusSettings, Settings

NAME = "broker.example"


@pytest.fixture
def signer() -> Signer:
    return Signer.create(name_of("an authority"), lifetime=timedelta(days=1))


@pytest.fixture
def secured(private_nats: NatsServer, signer: Signer) -> NatsServer:
    private_nats.secure(signer, NAME)
    private_nats.restart()
    return private_nats


def pem_of(signer: Signer) -> str:
    return certificate_pem(signer.certificate).decode()


async def connect(server: NatsServer, trust: Trust | None, *, reconnects: bool = False) -> None:
    bus = await Bus.connect(
        Settings(),
        url=server.url,
        token=server.token,
        trust=trust,
        reconnects=reconnects,
        wait_s=3,
    )
    await bus.close()


async def test_a_server_of_the_right_authority_and_name(
    secured: NatsServer, signer: Signer, tmp_path: Path
) -> None:
    await connect(secured, Trust(pem_of(signer), NAME))
    file = tmp_path / "ca.crt"
    file.write_text(pem_of(signer))
    settings = Settings(bus=BusSettings(tls_ca_file=str(file), tls_hostname=NAME))
    bus = await Bus.connect(settings, url=secured.url, token=secured.token)
    await bus.close()


@pytest.mark.parametrize("reconnects", [False, True])
async def test_a_server_of_another_authority_is_refused(
    secured: NatsServer, reconnects: bool
) -> None:
    other = Signer.create(name_of("an authority"), lifetime=timedelta(days=1))
    with pytest.raises(UnavailableError) as raised:
        await connect(secured, Trust(pem_of(other), NAME), reconnects=reconnects)
    assert "certificate verify failed" in raised.value.cause


async def test_a_server_of_another_name_is_refused(secured: NatsServer, signer: Signer) -> None:
    with pytest.raises(UnavailableError) as raised:
        await connect(secured, Trust(pem_of(signer)))
    assert "127.0.0.1" in raised.value.cause


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_a_token_is_not_told_to_who_offers_no_tls(signer: Signer, scheme: str) -> None:
    heard = bytearray()

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"X","max_payload":8388608,"proto":1}\r\n')
        heard.extend(await reader.read(1000))
        writer.close()

    trust = Trust(pem_of(signer), NAME) if scheme == "nats" else Trust()
    server = await asyncio.start_server(lie, "127.0.0.1", 0)
    async with server:
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(UnavailableError) as raised:
            await Bus.connect(Settings(), url=url, token="hidden", trust=trust, reconnects=False)
    assert "no TLS" in raised.value.cause
    assert not heard
