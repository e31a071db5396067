"""Proofs of the mesh's edge: ingress at the gateway, egress from a service."""

from pathlib import Path

import msgspec

from meshery.behaviours.edge import Egress, Ingress, IngressRoute
from meshery.behaviours.model import Behaviour
from meshery.behaviours.traffic import Backend
from meshery.core.errors import UnavailableError
from meshery.sandbox.envoy.files import read_file
from meshery.sandbox.model import Instance, World
from meshery.sandbox.probe import Answer, Ask
from meshery.sandbox.proof import Proof, prove_always
from meshery.sandbox.proving.requests import no_proof, server_of, word
from meshery.sandbox.render.names import TRUST
from meshery.sandbox.render.outbound import NO_SUCH_HOST, single_address
from meshery.sandbox.ways import first_instance

_ANY_HOST = "proof.invalid"
"""A name that no server has, now or ever (RFC 2606)."""
_BELOW = "/proof"
_FEW = 3
"""Requests to each host outside: they are other people's servers."""
_OTHER_PORTS = (9, 7, 1)
_LET_OUT = "let out"
_REFUSED = "refused"
_OUTSIDE = "x-envoy-upstream-service-time"


async def ingress(world: World, behaviour: Behaviour, params: Ingress, samples: int) -> Proof:
    """Requests at the gateway are answered by the service that their host and path lead to.

    With TLS they are so over TLS; without they are only told where to go.
    """
    gateway = next(each for each in world.instances if each.role == "gateway")
    trust = _trust(gateway) if params.tls else ""
    requests: dict[str, Ask] = {}
    expected: dict[str, str] = {}
    backends: dict[str, Backend] = {}
    for host in params.hosts or (_ANY_HOST,):
        for path in params.routes or (IngressRoute(subset=behaviour.target.subset),):
            place = f"{'https' if trust else 'http'}://{host}{path.path}"
            request = Ask(
                gateway.host,
                gateway.inbound_port,
                host.replace("*", "proof"),
                path.path.rstrip("/") + _BELOW,
                trust=trust,
            )
            backend = Backend(path.service or behaviour.target.service, path.subset)
            requests[place], backends[place] = request, backend
            expected[place] = word(behaviour, backend)
            if trust:
                plain = place.replace("https", "http", 1)
                requests[plain] = msgspec.structs.replace(request, trust="")
                backends[plain], expected[plain] = backend, "status 301"
    return await prove_always(
        requests,
        expected,
        lambda place, answer: server_of(world, behaviour, backends[place], answer),
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, 20),
    )


async def egress(world: World, behaviour: Behaviour, params: Egress, samples: int) -> Proof:
    """Hosts that are opened answer by way of the caller's sidecar, others are refused by it."""
    caller = first_instance(world, behaviour.target.service)
    if not caller.outbound_port:
        raise no_proof(behaviour, f"{caller.name} calls nothing outside")
    hosts = [host for host in params.hosts if not host.startswith("*")]
    hosts += [address for cidr in params.cidrs if (address := single_address(cidr))]
    places = [f"{host}:{port}" if port else host for host in hosts for port in params.ports or (0,)]
    if not places:
        raise no_proof(behaviour, "it names no single host to ask")
    expected = dict.fromkeys(places, _LET_OUT)
    if params.default_deny:
        expected[_ANY_HOST] = _REFUSED
        if params.ports:
            closed = next(port for port in _OTHER_PORTS if port not in params.ports)
            expected |= {f"{host}:{closed}": _REFUSED for host in hosts}
    return await prove_always(
        {place: Ask(caller.host, caller.outbound_port, place) for place in expected},
        expected,
        _way_out,
        kind=behaviour.kind.value,
        name=behaviour.name,
        samples=min(samples, _FEW),
    )


def _way_out(_place: str, answer: Answer) -> str:
    """Whether the host outside answered, or the sidecar refused to ask it."""
    if _OUTSIDE in answer.headers:
        return _LET_OUT
    if answer.status == NO_SUCH_HOST and answer.body.startswith(b"mesh: "):
        return _REFUSED
    return f"status {answer.status}, and no answer of the host"


def _trust(gateway: Instance) -> str:
    """The authorities (PEM) that signed the gateway's certificate, on the sandbox's host."""
    file = read_file(Path(gateway.directory), TRUST)
    if file is None:
        raise UnavailableError(
            f"the certificates of {gateway.name} are not on this machine",
            remedy="prove it on the sandbox's host",
        )
    context = file["resources"][0]["validation_context"]
    return str(context["trusted_ca"]["inline_string"])
