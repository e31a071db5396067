"""CiliumEnvoyConfig as it grows: what several behaviours say of one port becomes one object.

While behaviours are rendered its `spec` holds parts: `retry`, `timeouts` and `settings` by subset
(empty for the whole service), `rules`, `aborts` and `mirrors` by a key of their own, `clusters` by
name, `limit`. `finished` makes Envoy's resources of them: a listener, its routes, and clusters.
What Envoy would bound by itself is bounded only where somebody says so: requests without a limit of
time or number, as they were before a proxy took them over.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.rendering import World
from meshery.meshes.cilium.places import Cluster, Place, own_cluster
from meshery.meshes.look import name_of, namespace_of, told
from meshery.sandbox.render.names import HTTP_OPTIONS, RATELIMIT_FILTER, TYPE

Object = dict[str, Any]

API_VERSION = "cilium.io/v2"
LISTENER = TYPE + "envoy.config.listener.v3.Listener"
ROUTES = TYPE + "envoy.config.route.v3.RouteConfiguration"
CLUSTER = TYPE + "envoy.config.cluster.v3.Cluster"
_HTTP = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_TCP = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_CONNECT_TIMEOUT = "5s"
_NO_LIMIT = 4_294_967_295
_THRESHOLDS = ("max_connections", "max_pending_requests", "max_requests", "max_retries")


def put(draft: Draft, place: Place, said: Mapping[str, Any], *clusters: Cluster) -> None:
    """A part of the object of one port, with the clusters that it names."""
    of = {
        "service": place.service.name,
        "name": place.name,
        "ports": (place.port.number,) if place.is_named else (),
        "is_tcp": place.is_tcp,
    }
    named = {each.name: _named(each) for each in (own_cluster(place), *clusters)}
    spec = {"of": of, "own": own_cluster(place).name, "clusters": named, **said}
    draft.put(native(API_VERSION, "CiliumEnvoyConfig", place.name, place.service.namespace, spec))


def tell_of_others(drafts: Sequence[Draft], world: World) -> None:
    """Notes where an object that stands takes a service over already: they do not add up."""
    for each in world.live:
        if each.get("kind") != "CiliumEnvoyConfig":
            continue
        home = namespace_of(each)
        taken = {one.get("name") for one in (each.get("spec") or {}).get("services") or []}
        for draft in drafts:
            for made in draft.objects:
                if made["kind"] != "CiliumEnvoyConfig" or namespace_of(made) != home:
                    continue
                name = made["spec"]["of"]["service"]
                if name in taken and name_of(made) != name_of(each):
                    draft.note(f"{told(each)} takes over {name} too: one of them has to go")


def finished(made: Object) -> Object:
    """An object as it is sent."""
    if made["kind"] == "CiliumEnvoyConfig":
        made["spec"] = _spec(made)
    plain: Object = _plain(made)
    return plain


def _named(cluster: Cluster) -> Object:
    return {
        "endpoints": cluster.endpoints,
        "service": cluster.service.name,
        "namespace": cluster.service.namespace,
        "number": () if cluster.number is None else (str(cluster.number),),
        "subset": cluster.subset,
    }


def _spec(made: Object) -> Object:
    parts, namespace = made["spec"], made["metadata"]["namespace"]
    of = parts["of"]
    taken: Object = {"name": of["service"], "namespace": namespace, "listener": of["name"]}
    if of["ports"]:
        taken["ports"] = of["ports"]
    backends = list(_backends(parts))
    resources = [_tcp_listener(parts)] if of["is_tcp"] else [_listener(parts), _routes(parts)]
    resources += [_cluster(name, parts) for name in parts["clusters"]]
    spec: Object = {"services": [taken]}
    if backends:
        spec["backendServices"] = backends
    return {**spec, "resources": resources}


def _backends(parts: Object) -> Iterator[Object]:
    """Services whose endpoints are wanted beside those of the service that is taken over."""
    for name, each in parts["clusters"].items():
        if name == parts["own"] and not each["number"]:
            continue
        found = {"name": each["service"], "namespace": each["namespace"]}
        yield {**found, **({"number": each["number"]} if each["number"] else {})}


def _listener(parts: Object) -> Object:
    name = parts["of"]["name"]
    manager: Object = {
        "@type": TYPE + _HTTP,
        "stat_prefix": name,
        "rds": {"route_config_name": name},
        "use_remote_address": True,
        "skip_xff_append": True,
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_filters": list(_filters(parts)),
    }
    chain = {
        "filters": [{"name": "envoy.filters.network.http_connection_manager", **_typed(manager)}]
    }
    return {"@type": LISTENER, "name": name, "filter_chains": [chain]}


def _filters(parts: Object) -> Iterator[Object]:
    if "limit" in parts:
        yield {"name": RATELIMIT_FILTER, **_typed(parts["limit"])}
    yield {"name": "envoy.filters.http.router", **_typed({"@type": TYPE + _ROUTER})}


def _typed(config: Object) -> Object:
    return {"typed_config": config}


def _tcp_listener(parts: Object) -> Object:
    name = parts["of"]["name"]
    proxy: Object = {"@type": TYPE + _TCP, "stat_prefix": name, **parts.get("tcp", {})}
    (shares,) = (rule["shares"] for rule in parts.get("rules", {"": {"shares": ()}}).values())
    proxy |= _action(shares or ((parts["own"], 1),))
    chain = {"filters": [{"name": "envoy.filters.network.tcp_proxy", **_typed(proxy)}]}
    return {"@type": LISTENER, "name": name, "filter_chains": [chain]}


def _routes(parts: Object) -> Object:
    """Routes, the more specific first: faults, rules, and the service itself for what is left."""
    name = parts["of"]["name"]
    said = [abort for (abort,) in parts.get("aborts", {}).values()]
    aborts = sorted(said, key=lambda each: each["order"])
    rules = sorted(parts.get("rules", {}).values(), key=lambda each: each["order"])
    if not any(rule["match"] == {"prefix": "/"} for rule in rules):
        rules.append({"match": {"prefix": "/"}})
    routes = [{key: each[key] for key in each if key != "order"} for each in aborts]
    routes += [_route(rule, parts) for rule in rules]
    host = {"name": name, "domains": ["*"], "routes": routes}
    return {"@type": ROUTES, "name": name, "virtual_hosts": [host]}


def _route(rule: Object, parts: Object) -> Object:
    found: Object = {"match": rule["match"], **rule.get("headers", {})}
    if "redirect" in rule:
        return {**found, "redirect": rule["redirect"]}
    shares = rule.get("shares") or ((parts["own"], 1),)
    subsets = {parts["clusters"][cluster]["subset"] for cluster, _ in shares}
    action: Object = {**_action(shares), **rule.get("change", {}), "timeout": "0s"}
    for subset, times in parts.get("timeouts", {}).items():
        if not subset or subset in subsets:
            action |= {key: value for key, value in times.items() if key != "per_try_timeout"}
    retry = _retry(parts, subsets)
    if retry:
        action["retry_policy"] = retry
    mirrors = list(parts.get("mirrors", {}).values())
    if mirrors:
        action["request_mirror_policies"] = mirrors
    return {**found, "route": action}


def _retry(parts: Object, subsets: set[str | None]) -> Object:
    """A limit of one try alone is no reason to try again."""
    found: Object = {}
    for subset, times in parts.get("timeouts", {}).items():
        if (not subset or subset in subsets) and "per_try_timeout" in times:
            found |= {"num_retries": 0, "per_try_timeout": times["per_try_timeout"]}
    for subset, policy in parts.get("retry", {}).items():
        if not subset or subset in subsets:
            found |= policy
    return found


def _action(shares: tuple[tuple[str, int], ...]) -> Object:
    if len(shares) == 1:
        return {"cluster": shares[0][0]}
    clusters = [{"name": name, "weight": weight} for name, weight in shares]
    return {"weighted_clusters": {"clusters": clusters}}


def _cluster(name: str, parts: Object) -> Object:
    """A cluster with what is said of its subset, over what is said of the whole service."""
    named = parts["clusters"][name]
    made: Object = {
        "@type": CLUSTER,
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"service_name": named["endpoints"]},
        "connect_timeout": _CONNECT_TIMEOUT,
        "lb_policy": "ROUND_ROBIN",
    }
    settings = parts.get("settings", {})
    found: Object = {}
    for subset in ("", named["subset"]) if named["subset"] else (named["subset"],):
        for key, value in settings.get(subset, {}).items():
            joined = isinstance(value, dict) and key in {"thresholds", "outlier_detection"}
            found[key] = {**found.get(key, {}), **value} if joined else value
    thresholds = dict.fromkeys(_THRESHOLDS, _NO_LIMIT) | found.pop("thresholds", {})
    per_connection = found.pop("max_requests_per_connection", None)
    made["circuit_breakers"] = {"thresholds": [thresholds]}
    if not parts["of"]["is_tcp"]:
        made["typed_extension_protocol_options"] = {HTTP_OPTIONS: _options(per_connection)}
    return {**made, **found}


def _options(per_connection: int | None) -> Object:
    """What callers speak is spoken with the service too."""
    found: Object = {
        "@type": TYPE + HTTP_OPTIONS,
        "use_downstream_protocol_config": {
            "http_protocol_options": {},
            "http2_protocol_options": {},
        },
    }
    if per_connection is not None:
        found["common_http_protocol_options"] = {"max_requests_per_connection": per_connection}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
