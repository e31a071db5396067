"""Proofs on real sidecars: a behaviour in effect passes, and the same one not in effect fails."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from meshery.behaviours.model import Behaviour, Kind
from meshery.core.errors import UnavailableError, UnsupportedError
from meshery.sandbox.authority import Authority
from meshery.sandbox.model import World
from meshery.sandbox.probe import Ask, ask
from meshery.sandbox.proof import MIN_SAMPLES, Proof
from meshery.sandbox.proving.kinds import prove
from sandbox.harness import Mesh, behaviour

pytestmark = pytest.mark.asyncio(loop_scope="session")

BELOW_OLD = {"match": {"path": {"prefix": "/old"}}}
HEADERS = {
    "request": {"set": {"x-set": "100%"}, "add": {"x-add": "b"}, "remove": ["x-gone"]},
    "response": {"set": {"x-version": "hidden"}, "add": {"x-new": "1"}},
}
QUICK = {"consecutiveErrors": 3, "interval": "100ms", "baseEjection": "5s"}

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "retry": ("retry", "api", {"attempts": 3, "backoff": {"base": "1ms"}}),
    "timeout": ("timeout", "api", {"request": "80ms"}),
    "limits": ("limits", "api", {"maxRequests": 5}),
    "ejection": ("ejection", "api", QUICK),
    "ejection of all": ("ejection", "api", {**QUICK, "maxPercent": 100}),
    "ejection of a version": ("ejection", "api/v2", {**QUICK, "maxPercent": 100}),
    "ejection by the gateway": (
        "ejection",
        "data",
        {**QUICK, "maxPercent": 100, "gatewayErrorsOnly": True},
    ),
    "trip on a count": ("trip", "data", {"count": 3, "openFor": "5s"}),
    "trip on a ratio": ("trip", "data", {"errorRatio": 40, "openFor": "5s"}),
    "split": ("split", "api", {"backends": [{"subset": "v1", "weight": 3}, {"service": "data"}]}),
    "mirror": ("mirror", "api", {"to": {"service": "data"}, "percent": 30}),
    "mirror of all": ("mirror", "api", {"to": {"service": "data"}}),
    "mirror within": ("mirror", "api", {"to": {"subset": "v2"}, "percent": 50}),
    "abort": ("fault", "api", {"abort": {"status": 418, "percent": 20}}),
    "rate limit": ("ratelimit", "api", {"requests": 7, "per": "minute"}),
    "rate limit of a version": ("ratelimit", "api/v2", {"requests": 5, "per": "hour"}),
    "rate limit by the second": ("ratelimit", "data", {"requests": 20, "burst": 5}),
    "rate limit by header": (
        "ratelimit",
        "data",
        {"requests": 3, "per": "hour", "burst": 1, "keyBy": ["header:x-user"], "status": 503},
    ),
    "rate limit by path": ("ratelimit", "api", {"requests": 3, "per": "hour", "keyBy": ["path"]}),
    "rate limit of all": ("ratelimit", "api", {"requests": 9, "per": "hour", "scope": "global"}),
    "rate limit at the gateway": ("ratelimit", "gateway", {"requests": 4, "per": "hour"}),
    "mtls": ("mtls", "api", {"mode": "permissive"}),
    "access": ("access", "api", {"action": "deny", "from": [{"identity": "other"}]}),
    "route": ("route", "api", {"backends": [{"subset": "v2"}]}),
    "route to a service": ("route", "api", {**BELOW_OLD, "backends": [{"service": "data"}]}),
    "route by weight": (
        "route",
        "api",
        {"backends": [{"subset": "v1", "weight": 9}, {"subset": "v2"}]},
    ),
    "redirect": (
        "route",
        "api",
        {**BELOW_OLD, "redirect": {"path": {"prefix": "/new"}, "host": "data", "status": 301}},
    ),
    "redirect elsewhere": (
        "route",
        "api",
        {"redirect": {"scheme": "https", "port": 8443, "path": {"full": "/x"}, "status": 308}},
    ),
    "rewrite of a prefix": ("route", "api", {**BELOW_OLD, "rewrite": {"path": {"prefix": "/new"}}}),
    "rewrite to the root": ("route", "api", {**BELOW_OLD, "rewrite": {"path": {"prefix": "/"}}}),
    "rewrite of all": ("route", "api", {"rewrite": {"path": {"full": "/metrics"}, "host": "new"}}),
    "headers": ("route", "api", {"headerOps": HEADERS, "backends": [{"subset": "v2"}]}),
    "egress": ("egress", "web", {"hosts": ["127.0.0.1"]}),
    "ingress": (
        "ingress",
        "api",
        {"hosts": ["shop.test"], "routes": [{"path": "/d", "service": "data"}, {"subset": "v2"}]},
    ),
    "ingress by TLS": ("ingress", "data", {"hosts": ["*.shop.test"], "tls": True}),
}


BY_CHANCE = {
    *("retry", "split", "mirror", "mirror of all", "mirror within", "abort", "route by weight"),
}
ALIKE = {
    *("ejection of all", "ejection of a version", "ejection by the gateway", "trip on a ratio"),
    *("mirror of all", "rate limit by the second", "rate limit of a version", "route by weight"),
}
"""Those that would fail as the others of their kind do."""


def as_if(world: World, *behaviours: Behaviour) -> World:
    """The world as it would be with these behaviours."""
    return msgspec.structs.replace(world, behaviours=behaviours)


def built(mesh: Mesh, name: str) -> Behaviour:
    kind, target, params = KINDS[name]
    if kind == "egress":  # an application off the mesh is the outside here
        params = {**params, "ports": [mesh.world.instance("data-v1-0").app_port]}
    source = {"source": "web"} if kind in {"retry", "split"} else {}
    return behaviour(kind, target, params, **source)


async def proven(mesh: Mesh, name: str) -> Proof:
    one = built(mesh, name)
    await mesh.apply(one)
    return await prove(mesh.world, one, samples=100)


@pytest.mark.parametrize("name", KINDS)
async def test_what_is_in_effect_passes(mesh: Mesh, name: str) -> None:
    proof = await proven(mesh, name)
    assert proof.passed, proof
    assert proof.samples > 0
    assert proof.expected.keys() <= proof.observed.keys()
    if name in BY_CHANCE:
        assert proof.samples >= MIN_SAMPLES
        assert proof.accepted


@pytest.mark.parametrize("name", [name for name in KINDS if name not in ALIKE])
async def test_what_is_not_in_effect_fails(mesh: Mesh, name: str) -> None:
    one = built(mesh, name)
    proof = await prove(as_if(mesh.world, one), one, samples=100)
    assert not proof.passed, proof
    assert proof.samples > 0


async def test_every_kind_is_proven_but_one_that_no_single_machine_shows() -> None:
    assert {kind for kind, *_ in KINDS.values()} == {kind.value for kind in Kind} - {"locality"}


async def test_a_share_that_is_another_one_fails(mesh: Mesh) -> None:
    await mesh.apply(behaviour("mirror", "api", {"to": {"service": "data"}, "percent": 30}))
    claimed = behaviour("mirror", "api", {"to": {"service": "data"}, "percent": 50})
    proof = await prove(as_if(mesh.world, claimed), claimed, samples=1000)
    assert not proof.passed
    assert 20 < proof.observed["copied"] < 40


async def test_an_allowance_that_is_used_up_is_no_proof_of_a_limit(mesh: Mesh) -> None:
    first = await proven(mesh, "rate limit")
    again = await prove(mesh.world, built(mesh, "rate limit"), samples=100)
    assert first.observed["answered"] == 14
    assert (again.passed, again.observed["answered"]) == (False, 0)
    assert again.notes == ("requests of the same minute before it count too",)


@pytest.mark.parametrize(
    ("kind", "target", "params", "why"),
    [
        ("retry", "flaky", {}, "fails by itself"),
        ("retry", "api", {"on": ["reset"]}, "does not retry every answer"),
        ("timeout", "api", {"idle": "1s"}, "no time of up to 2 s"),
        ("limits", "api", {"maxPending": 3}, "only maxRequests"),
        ("limits", "api/v2", {"maxRequests": 3}, "share of requests is not known"),
        ("ejection", "api", {"maxPercent": 10}, "none is ejected"),
        ("ejection", "api", {"minHealthyPercent": 60}, "minHealthyPercent"),
        ("ejection", "api", {"baseEjection": "10ms"}, "over too soon"),
        ("mirror", "api", {"to": {"service": "flaky"}}, "flaky fails by itself"),
        ("fault", "api", {"bandwidth": {"kbps": 9}}, "only delays and aborts"),
        ("ratelimit", "api", {"requests": 1_000_000}, "allows so much"),
        ("access", "api", {"action": "audit"}, "only one rule by callers"),
        ("route", "api", {"match": {"path": {"exact": "/x"}}}, "changes nothing"),
        ("route", "api", {**BELOW_OLD, "rewrite": {"host": "x"}, "backends": [
            {"subset": "v1"}, {"subset": "v2"}]}, "divides"),
        ("route", "api", {"match": {"path": {"regex": "/x"}}, "rewrite": {"host": "x"}}, "regular"),
        ("egress", "web", {"hosts": ["*.example.test"]}, "no single host"),
        ("egress", "gateway", {"hosts": ["example.test"]}, "calls nothing outside"),
        ("timeout", "*", {"request": "1s"}, "every service"),
        ("timeout", "ghost", {"request": "1s"}, "not in effect: there is no service ghost"),
        ("locality", "api", {}, "not in effect: one machine"),
    ],
)  # fmt: skip
async def test_what_cannot_be_proven_says_why(
    mesh: Mesh, kind: str, target: str, params: dict[str, Any], why: str
) -> None:
    one = behaviour(kind, target, params)
    with pytest.raises(UnsupportedError) as caught:
        await prove(as_if(mesh.world, one), one, samples=100)
    assert why in caught.value.cause
    assert caught.value.specific_code == "meshery.sandbox.no_proof"


@pytest.mark.parametrize("name", ["limits", "ejection", "trip on a count", "rate limit"])
async def test_a_proof_by_counts_wants_its_behaviour_alone(mesh: Mesh, name: str) -> None:
    one = built(mesh, name)
    beside = behaviour("retry", one.target.service, {}, name="beside")
    with pytest.raises(UnsupportedError) as caught:
        await prove(as_if(mesh.world, one, beside), one, samples=100)
    assert caught.value.cause.startswith("beside would change")


async def test_nobody_to_ask_proves_nothing(mesh: Mesh) -> None:
    alone = msgspec.structs.replace(
        mesh.world,
        services=(mesh.world.service("data"),),
        instances=mesh.world.instances_of("data"),
    )
    one = behaviour("access", "data", {"action": "allow"})
    with pytest.raises(UnsupportedError) as caught:
        await prove(as_if(alone, one), one, samples=100)
    assert caught.value.cause == "no other service is there to ask"


async def test_an_instance_that_answered_nothing_is_not_called_ejected(mesh: Mesh) -> None:
    await proven(mesh, "ejection of all")
    with pytest.raises(UnsupportedError) as caught:
        await prove(mesh.world, built(mesh, "ejection of all"), samples=100)
    assert "kept out already" in caught.value.cause


async def test_tls_is_answered_by_whom_the_authority_signed_alone(
    mesh: Mesh, tmp_path: Path
) -> None:
    gateway = mesh.world.instance("gateway-v1-0")
    trust = mesh.authority.trust_pem.decode()
    request = Ask(gateway.host, gateway.inbound_port, "shop.test", "/version", trust=trust)
    assert (await ask(request)).status == 200
    other = Authority.create(tmp_path / "other").trust_pem.decode()
    with pytest.raises(UnavailableError) as caught:
        await ask(msgspec.structs.replace(request, trust=other))
    assert "certificate verify failed" in caught.value.cause
