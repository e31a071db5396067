"""The outbound forward proxy: services by any of their names, hosts outside by egress."""

from meshery.behaviours.edge import Egress
from meshery.behaviours.model import Behaviour, Kind
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.clusters import visible_services
from meshery.sandbox.render.effect import aims_at
from meshery.sandbox.render.matching import exact_header, regex_header
from meshery.sandbox.render.names import EGRESS_CLUSTER, ROUTES_TYPE, Json, discovery_file, seconds
from meshery.sandbox.render.routes import REQUEST_TIMEOUT_MS, service_routes

NO_SUCH_HOST = 502
_HTTP_PORT = 80


def render_outbound(world: World, caller: Instance) -> Json:
    """The route file of a caller's outbound listener."""
    hosts: list[Json] = [
        {
            "name": service.name,
            "domains": service_names(service.name, world.space),
            "routes": service_routes(world, service.name, caller=caller.service),
        }
        for service in visible_services(world, caller)
    ]
    taken = {domain for host in hosts for domain in host["domains"]}
    return discovery_file(
        ROUTES_TYPE,
        [
            {
                "name": "outbound",
                # `Host: api:80` and `Host: api` are the same service.
                "ignore_port_in_host_matching": True,
                "virtual_hosts": [*hosts, *_outside(world, caller, taken)],
            }
        ],
    )


def service_names(name: str, namespace: str) -> list[str]:
    """All names of a service, as in a cluster."""
    full = f"{name}.{namespace}.svc.cluster.local"
    return [name, f"{name}.{namespace}", f"{name}.{namespace}.svc", full, f"{full}."]


def egress_for(world: World, service: str) -> list[Behaviour]:
    """The egress behaviours whose target, a caller, is this service."""
    return [
        behaviour
        for behaviour in world.behaviours
        if behaviour.kind is Kind.EGRESS and aims_at(world, behaviour.target, service)
    ]


def single_address(cidr: str) -> str | None:
    """The address of a network that has only one, else None."""
    address, _, bits = cidr.partition("/")
    return address if bits in {"", "32", "128"} else None


def _outside(world: World, caller: Instance, taken: set[str]) -> list[Json]:
    """Hosts outside the mesh, and last everything else."""
    ports: dict[str, set[int]] = {host.lower(): set() for host in world.external_hosts}
    is_open = False
    for behaviour in egress_for(world, caller.service):
        params = behaviour.params
        if not isinstance(params, Egress):
            continue
        is_open = is_open or not params.default_deny
        addresses = [each for cidr in params.cidrs if (each := single_address(cidr))]
        for host in (*(each.lower() for each in params.hosts), *addresses):
            given = set(params.ports)
            known = ports.get(host)
            ports[host] = given if known is None else (known | given if known and given else set())
    named = [
        {
            "name": f"outside {host}",
            "domains": [host],
            "routes": _outside_routes(caller, frozenset(allowed)),
        }
        for host, allowed in ports.items()
        if host not in taken
    ]
    rest = [_self_call(caller), _forward([]) if is_open else _refusal("not in this mesh")]
    return [*named, {"name": "other", "domains": ["*"], "routes": rest}]


def _outside_routes(caller: Instance, ports: frozenset[int]) -> list[Json]:
    if not ports:
        return [_self_call(caller), _forward([])]
    numbers = "|".join(str(port) for port in sorted(ports))
    allowed = rf"[^:]+:({numbers})"
    if _HTTP_PORT in ports:
        allowed = rf"[^:]+(:({numbers}))?"
    return [
        _self_call(caller),
        _forward([regex_header(":authority", allowed)]),
        _refusal("not on this port"),
    ]


def _forward(headers: list[Json]) -> Json:
    match: Json = {"prefix": "/"}
    if headers:
        match["headers"] = headers
    return {
        "match": match,
        "route": {"cluster": EGRESS_CLUSTER, "timeout": seconds(REQUEST_TIMEOUT_MS)},
    }


def _self_call(caller: Instance) -> Json:
    """A request for the proxy itself; forwarded, it would go round for ever."""
    own = exact_header(":authority", f"{caller.host}:{caller.outbound_port}")
    return {
        **_refusal("name a service in the Host header"),
        "match": {"prefix": "/", "headers": [own]},
    }


def _refusal(why: str) -> Json:
    return {
        "match": {"prefix": "/"},
        "direct_response": {"status": NO_SUCH_HOST, "body": {"inline_string": f"mesh: {why}\n"}},
    }
