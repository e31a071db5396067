"""From OSM to Istio, as its own project advises: its objects read back into behaviours."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.osm.objects import DIALECT
from meshery.meshes.smi.reading import read_smi
from meshery.meshes.translation import Answer, Translation, target

_GROUP = "policy.openservicemesh.io"
_CONDITIONS = {
    "5xx",
    "gateway-error",
    "connect-failure",
    "refused-stream",
    "reset",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
}


def read(objects: Sequence[Object]) -> Answer:
    """The behaviours of OSM's objects, and what has no equivalent."""
    translation = Translation(objects)
    for config in of_kind(objects, "MeshConfig", "config.openservicemesh.io"):
        _mesh_config(translation, config)
    read_smi(translation, DIALECT)
    for retry in of_kind(objects, "Retry", _GROUP):
        _retry(translation, retry)
    for setting in of_kind(objects, "UpstreamTrafficSetting", _GROUP):
        _upstream(translation, setting)
    for egress in of_kind(objects, "Egress", _GROUP):
        _egress(translation, egress)
    for backend in of_kind(objects, "IngressBackend", _GROUP):
        told = "lets a gateway in; a gateway that is a member of the mesh needs no leave"
        translation.lost(backend, told)
    return translation.answer()


def _mesh_config(translation: Translation, config: Object) -> None:
    params = {"mode": "strict", "scope": "mesh"}
    translation.behaviour("mesh-mtls", "mtls", {"service": "*"}, params)
    traffic = dig(config, "spec.traffic") or {}
    if traffic.get("enableEgress") is False:
        told = "closes every host outside: each caller needs an egress of its own"
        translation.lost(config, f"traffic.enableEgress false {told}")
    if traffic.get("enablePermissiveTrafficPolicyMode") is False:
        told = "refuses what no TrafficTarget allows, also for services without one"
        translation.lost(config, f"traffic.enablePermissiveTrafficPolicyMode false {told}")
    if traffic.get("inboundExternalAuthorization", {}).get("enable"):
        translation.lost(config, "traffic.inboundExternalAuthorization asks a server outside")


def _retry(translation: Translation, retry: Object) -> None:
    policy = dig(retry, "spec.retryPolicy") or {}
    words = [word.strip() for word in str(policy.get("retryOn", "")).split(",")]
    for word in words:
        if word not in _CONDITIONS:
            translation.lost(retry, f"retryOn {word} has no neutral word")
    params: dict[str, Any] = {
        "attempts": max(1, int(policy.get("numRetries") or 1)),
        "perTryTimeout": policy.get("perTryTimeout"),
    }
    known = [word for word in words if word in _CONDITIONS]
    if known:
        params["on"] = known
    base = re.fullmatch(r"([0-9.]+)(ns|us|ms|s|m|h)", str(policy.get("retryBackoffBaseInterval")))
    if base is not None:
        highest = f"{float(base[1]) * 10:g}{base[2]}"
        params["backoff"] = {"base": policy["retryBackoffBaseInterval"], "max": highest}
    params = {name: value for name, value in params.items() if value is not None}
    account = dig(retry, "spec.source") or {}
    home = str(account.get("namespace") or namespace_of(retry))
    source = translation.service_of(retry, str(account.get("name")), home)
    for each in dig(retry, "spec.destinations") or []:
        place = target(str(each.get("name")), str(each.get("namespace") or home))
        caller = source if place["namespace"] == home else f"{source}.{home}"
        translation.behaviour(name_of(retry), "retry", place, params, source=caller)


def _upstream(translation: Translation, setting: Object) -> None:
    service, _, rest = str(dig(setting, "spec.host") or "").partition(".")
    place = target(service, rest.partition(".")[0] or namespace_of(setting))
    name = name_of(setting)
    tcp = dig(setting, "spec.connectionSettings.tcp") or {}
    http = dig(setting, "spec.connectionSettings.http") or {}
    if tcp.get("connectTimeout"):
        params = {"connect": tcp["connectTimeout"]}
        translation.behaviour(f"{name}-timeout", "timeout", place, params)
    _limits(translation, setting, place, {**http, **tcp})
    local = dig(setting, "spec.rateLimit.local") or {}
    if local.get("tcp"):
        translation.lost(setting, "rateLimit.local.tcp counts connections, not requests")
    if local.get("http"):
        limit = local["http"]
        params = {"requests": limit.get("requests"), "per": limit.get("unit", "second")}
        params["burst"] = limit.get("burst", 0)
        params["status"] = limit.get("responseStatusCode", 429)
        translation.behaviour(f"{name}-rate", "ratelimit", place, params)
        if limit.get("responseHeadersToAdd"):
            translation.lost(setting, "rateLimit adds headers to its refusals")
    if dig(setting, "spec.httpRoutes"):
        translation.lost(setting, "httpRoutes limits single paths; a behaviour limits a service")


def _limits(
    translation: Translation, setting: Object, place: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    names = {
        "maxConnections": "maxConnections",
        "maxPendingRequests": "maxPending",
        "maxRequests": "maxRequests",
        "maxRetries": "maxRetries",
        "maxRequestsPerConnection": "perConnectionRequests",
    }
    found = {names[key]: value for key, value in given.items() if key in names}
    zeros = ("maxConnections", "maxRequests", "perConnectionRequests")
    for name in [each for each in zeros if found.get(each) == 0]:
        translation.lost(setting, f"{name} 0 refuses everything")
        del found[name]
    if found:
        translation.behaviour(f"{name_of(setting)}-limits", "limits", place, found)


def _egress(translation: Translation, egress: Object) -> None:
    spec = egress.get("spec") or {}
    if spec.get("matches"):
        translation.lost(egress, "matches limits egress to some requests")
    params: dict[str, Any] = {}
    if spec.get("hosts"):
        params["hosts"] = list(spec["hosts"])
    if spec.get("ipAddresses"):
        params["cidrs"] = list(spec["ipAddresses"])
    if not params:
        translation.lost(egress, "opens ports to every host")
        return
    params["ports"] = [port.get("number") for port in spec.get("ports") or []]
    for source in spec.get("sources") or []:
        home = str(source.get("namespace") or namespace_of(egress))
        service = translation.service_of(egress, str(source.get("name")), home)
        translation.behaviour(name_of(egress), "egress", target(service, home), params)


MIGRATIONS = (
    Migration(
        to="istio",
        why="the project named Istio as its successor when it ended; both drive Envoy as a sidecar",
        read=read,
    ),
    Migration(
        to="linkerd",
        why="a smaller proxy and fewer settings; it is installed as quickly as OSM was",
        read=read,
    ),
)
