"""The gateway's routes: which hosts and paths from outside lead to which service."""

from meshery.behaviours.edge import Ingress
from meshery.behaviours.model import Kind
from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.clusters import cluster_of, visible_services
from meshery.sandbox.render.inbound import filters, replicas, suffered
from meshery.sandbox.render.matching import below_path
from meshery.sandbox.render.names import ROUTES_TYPE, Json, discovery_file
from meshery.sandbox.render.routes import service_routes

Entry = tuple[str, str | None]
"""A service, and one version of it or None."""


def render_gateway(world: World, instance: Instance) -> Json:
    """The route file of the gateway's inbound listener."""
    domains, secure = _entries(world, instance)
    faults = suffered(world, Kind.FAULT, instance)
    limits = suffered(world, Kind.RATELIMIT, instance)
    config = filters(faults, limits, divisor=replicas(world, instance))
    hosts = []
    for domain, paths in domains.items():
        host: Json = {"name": domain, "domains": [domain], "routes": []}
        for path in sorted(paths, key=len, reverse=True):
            host["routes"] += _routes(world, instance, path, paths[path])
        if domain in secure:
            host["require_tls"] = "ALL"
        if config:
            host["typed_per_filter_config"] = config
        hosts.append(host)
    routes = {
        "name": "inbound",
        "ignore_port_in_host_matching": True,
        "virtual_hosts": hosts,
    }
    return discovery_file(ROUTES_TYPE, [routes])


def _entries(world: World, instance: Instance) -> tuple[dict[str, dict[str, Entry]], set[str]]:
    """What leads where: by domain and path; and the domains that demand TLS. Later ones win."""
    known = {service.name for service in visible_services(world, instance)}
    domains: dict[str, dict[str, Entry]] = {}
    secure: set[str] = set()

    def enter(hosts: tuple[str, ...], path: str, entry: Entry) -> None:
        for host in hosts or ("*",):
            if entry[0] in known:
                domains.setdefault(host.lower(), {})[path] = entry

    for route in world.gateway_routes:
        enter(route.hosts, route.path, (route.service, None))
    for behaviour in world.behaviours:
        params = behaviour.params
        if not isinstance(params, Ingress):
            continue
        target = behaviour.target
        if not params.routes:
            enter(params.hosts, "/", (target.service, target.subset))
        for path in params.routes:
            service = path.service or target.service
            enter(params.hosts, path.path, (service, path.subset))
        hosts = {host.lower() for host in params.hosts or ("*",)}
        secure = secure | hosts if params.tls else secure - hosts
    return domains, secure


def _routes(world: World, instance: Instance, path: str, entry: Entry) -> list[Json]:
    service, subset = entry
    routes = service_routes(world, service, caller=instance.service)
    if path.rstrip("/"):
        for route in routes:
            match = route["match"]
            match["headers"] = [*match.get("headers", []), below_path(path)]
    if subset is not None:
        for route in routes:
            action = route.get("route", {})
            action.pop("weighted_clusters", None)
            action["cluster"] = cluster_of(world, service, subset)
    return routes
