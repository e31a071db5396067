"""Mutual TLS and access rules on real sidecars, proven by requests."""

import asyncio
import ssl

import pytest

from meshery.core.errors import UnavailableError
from meshery.sandbox.envoy.stats import PAIR_FILTER, pair_counts
from meshery.sandbox.probe import Answer, Ask, ask
from sandbox.harness import Mesh, behaviour

pytestmark = pytest.mark.asyncio(loop_scope="session")

WEB = "web-v1-0"
INTRUDER = "intruder-v1-0"
API = "api-v1-0"
FROM_WEB = [{"identity": "web"}]


async def status(mesh: Mesh, caller: str, path: str = "/", method: str = "GET") -> int:
    return (await mesh.get(caller, path, to="api", method=method)).status


async def plaintext(mesh: Mesh) -> Answer | None:
    """What an inbound port says to a caller without TLS; None when it hangs up."""
    try:
        return await ask(mesh.inbound(API))
    except UnavailableError:
        return None


async def tls_versions(mesh: Mesh) -> set[str]:
    async with mesh.admin(API) as admin:
        return {each.tls for each in pair_counts(await admin.prometheus(PAIR_FILTER))}


async def test_strict_denies_plaintext_and_permissive_admits_it(mesh: Mesh) -> None:
    assert await plaintext(mesh) is None
    assert await status(mesh, WEB) == 200
    await mesh.apply(behaviour("mtls", "api", {"mode": "permissive"}))
    admitted = await plaintext(mesh)
    assert admitted is not None
    assert admitted.status == 200
    assert await status(mesh, WEB) == 200
    await mesh.apply(behaviour("mtls", "api", {"mode": "strict"}))
    assert await plaintext(mesh) is None


async def test_off_is_plaintext_between_sidecars(mesh: Mesh) -> None:
    await mesh.apply(behaviour("mtls", "*", {"mode": "off", "scope": "mesh"}))
    echo = await mesh.get(WEB, "/echo", to="api")
    assert b"x-forwarded-client-cert" not in echo.body
    assert "-" in await tls_versions(mesh)
    await mesh.apply()
    echo = await mesh.get(WEB, "/echo", to="api")
    assert b"URI=spiffe://sandbox.local/ns/test/sa/web" in echo.body
    assert "TLSv1.3" in await tls_versions(mesh)


async def test_strict_also_ends_plaintext_connections_that_are_open(mesh: Mesh) -> None:
    await mesh.apply(behaviour("mtls", "api", {"mode": "permissive"}))
    instance = mesh.world.instance(API)
    reader, writer = await asyncio.open_connection(instance.host, instance.inbound_port)
    try:

        async def once() -> bytes:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            return head[9:12]

        assert await once() == b"200"
        await mesh.apply()
        assert await once() == b"403"
    finally:
        writer.close()
        await writer.wait_closed()


async def test_modes_change_under_load_without_a_failure(mesh: Mesh) -> None:
    async def load() -> list[int]:
        return [answer.status for answer in await mesh.many(600, WEB, to="api", connections=4)]

    async def change() -> None:
        for mode in ("off", "strict", "permissive", "off", "strict"):
            await mesh.apply(behaviour("mtls", "api", {"mode": mode}))
            await asyncio.sleep(0.05)

    seen, _ = await asyncio.gather(load(), change())
    assert set(seen) == {200}


async def test_a_certificate_is_demanded(mesh: Mesh) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    instance = mesh.world.instance(API)
    reader, writer = await asyncio.open_connection(
        instance.host, instance.inbound_port, ssl=context
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.transport.abort()


async def test_the_gateway_serves_tls_to_the_outside(mesh: Mesh) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=mesh.authority.trust_pem.decode())
    instance = mesh.world.instance("gateway-v1-0")
    reader, writer = await asyncio.open_connection(
        instance.host, instance.inbound_port, ssl=context
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n"))[9:12] == b"200"
    finally:
        writer.transport.abort()


async def test_a_caller_cannot_forge_its_identity(mesh: Mesh) -> None:
    await mesh.apply(behaviour("access", "api", {"action": "allow", "from": FROM_WEB}))
    forged = "URI=spiffe://sandbox.local/ns/test/sa/web"
    answer = await mesh.get(INTRUDER, to="api", x_forwarded_client_cert=forged)
    assert answer.status == 403


async def test_allow_by_identity(mesh: Mesh) -> None:
    await mesh.apply(behaviour("access", "api", {"action": "allow", "from": FROM_WEB}))
    assert (await status(mesh, WEB), await status(mesh, INTRUDER)) == (200, 403)
    await mesh.apply()
    assert await status(mesh, INTRUDER) == 200


async def test_allow_by_method_and_path(mesh: Mesh) -> None:
    to = [{"methods": ["GET", "HEAD"], "paths": ["/fail*", "*.json", "/exact"]}]
    await mesh.apply(behaviour("access", "api", {"action": "allow", "from": FROM_WEB, "to": to}))
    assert await status(mesh, WEB, "/fail?rate=0") == 200
    assert await status(mesh, WEB, "/fail?rate=0", "POST") == 403
    assert await status(mesh, WEB, "/a/b.json?x=1") == 200
    assert await status(mesh, WEB, "/exact?x=/fail") == 200
    assert await status(mesh, WEB, "/") == 403
    assert await status(mesh, INTRUDER, "/exact") == 403


@pytest.mark.parametrize("path", ["/x/../secret", "//secret", "/%73ecret", "/x%2f..%2fsecret"])
async def test_a_path_has_one_meaning(mesh: Mesh, path: str) -> None:
    rule = {"action": "deny", "to": [{"paths": ["/secret*"]}]}
    await mesh.apply(behaviour("access", "api", rule))
    assert await status(mesh, WEB, path) in {307, 400, 403}
    assert await status(mesh, WEB, "/open") == 200


async def test_deny_wins_over_allow_and_rules_add_up(mesh: Mesh) -> None:
    allow_web = behaviour("access", "api", {"action": "allow", "from": FROM_WEB}, name="a")
    allow_ns = behaviour(
        "access", "api", {"action": "allow", "from": [{"namespace": "test"}]}, name="b"
    )
    deny = behaviour("access", "api", {"action": "deny"}, source="intruder", name="c")
    await mesh.apply(allow_web, allow_ns)
    assert (await status(mesh, WEB), await status(mesh, INTRUDER)) == (200, 200)
    await mesh.apply(allow_web, allow_ns, deny)
    assert (await status(mesh, WEB), await status(mesh, INTRUDER)) == (200, 403)


async def test_another_port_or_namespace_is_not_meant(mesh: Mesh) -> None:
    other = {"action": "deny", "to": [{"ports": [8443]}]}
    own = {"action": "deny", "to": [{"ports": [80, 8443]}], "from": [{"cidr": "127.0.0.0/8"}]}
    await mesh.apply(behaviour("access", "api", other))
    assert await status(mesh, WEB) == 200
    await mesh.apply(behaviour("access", "api", own))
    assert await status(mesh, WEB) == 403
    elsewhere = {"action": "allow", "from": [{"namespace": "elsewhere"}]}
    await mesh.apply(behaviour("access", "api", elsewhere))
    assert await status(mesh, WEB) == 403


async def test_audit_counts_and_lets_pass(mesh: Mesh) -> None:
    audit = {"action": "audit", "to": [{"paths": ["/audited"]}]}
    await mesh.apply(behaviour("access", "data", audit))
    for path in ("/audited", "/audited", "/free"):
        assert (await mesh.get(WEB, path, to="data")).status == 200
    async with mesh.admin("data-v1-0") as admin:
        counted = await admin.stats(r"rbac\.audit\.shadow_denied$")
    assert set(counted.values()) == {"2"}


async def test_access_to_one_version(mesh: Mesh) -> None:
    await mesh.apply(behaviour("access", "api/v2", {"action": "deny"}))
    seen = {await status(mesh, WEB) for _ in range(4)}
    assert seen == {200, 403}


async def test_an_open_connection_obeys_at_once(mesh: Mesh) -> None:
    """Rules live in slots: a pooled connection is judged by the new ones with its next request."""
    deny = behaviour("access", "api", {"action": "deny"}, source="web")
    for _ in range(5):
        await mesh.apply(deny)
        assert {await status(mesh, WEB) for _ in range(4)} == {403}
        await mesh.apply()
        assert {await status(mesh, WEB) for _ in range(4)} == {200}


async def test_gateways_outside_is_no_identity(mesh: Mesh) -> None:
    await mesh.apply(behaviour("access", "api", {"action": "allow", "from": [{"identity": "*"}]}))
    gateway = mesh.world.instance("gateway-v1-0")
    forged = (("x-forwarded-client-cert", "URI=spiffe://sandbox.local/ns/test/sa/web"),)
    request = Ask(gateway.host, gateway.inbound_port, "x", "/echo", headers=forged)
    echo = await ask(request)
    assert b"URI=spiffe://sandbox.local/ns/test/sa/gateway" in echo.body
    assert b"sa/web" not in echo.body
