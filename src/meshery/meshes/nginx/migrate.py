"""From NGINX Service Mesh to Istio: its objects read back into behaviours."""

import re
from collections.abc import Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.nginx.objects import DIALECT, GROUP, MTLS_MODE
from meshery.meshes.smi.reading import read_smi
from meshery.meshes.translation import Answer, Translation, target

_RATE = re.compile(r"([0-9]+)r/([sm])")


def read(objects: Sequence[Object]) -> Answer:
    """The behaviours of NGINX's objects, and what has no equivalent."""
    translation = Translation(objects)
    read_smi(translation, DIALECT)
    for limit in of_kind(objects, "RateLimit", GROUP):
        _rate_limit(translation, limit)
    for breaker in of_kind(objects, "CircuitBreaker", GROUP):
        _circuit_breaker(translation, breaker)
    for config in of_kind(objects, "MeshConfig", "nsm.nginx.com"):
        _mesh_config(translation, config)
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for workload in of_kind(objects, kind):
            _mode(translation, workload)
    return translation.answer()


def _rate_limit(translation: Translation, limit: Object) -> None:
    spec, namespace = limit.get("spec") or {}, namespace_of(limit)
    service = _service(translation, limit, spec.get("destination") or {})
    rate = _RATE.fullmatch(str(spec.get("rate")))
    if service is None or rate is None:
        translation.lost(limit, "has no Service as its destination, or no rate")
        return
    if spec.get("rules"):
        translation.lost(limit, "rules limits some requests; a behaviour would limit all of them")
        return
    requests, burst = int(rate[1]), int(spec.get("burst") or 0)
    params: dict[str, Any] = {
        "requests": max(1, requests),
        "per": {"s": "second", "m": "minute"}[rate[2]],
        "burst": max(0, burst - requests + 1),
        "status": 503,
    }
    if burst + 1 < requests:
        told = f"lets {burst + 1} through at once, the behaviour {requests}: it spreads no requests"
        translation.lost(limit, told)
    if spec.get("delay") not in ("nodelay", None):
        translation.lost(limit, "delay holds requests back instead of refusing them")
    place = target(service, str((spec.get("destination") or {}).get("namespace") or namespace))
    sources = spec.get("sources") or []
    if not sources:
        translation.behaviour(name_of(limit), "ratelimit", place, params)
    for source in sources:
        caller = _service(translation, limit, source)
        if caller is None:
            told = f"source {source.get('kind')} {source.get('name')} has no Service"
            translation.lost(limit, told)
            continue
        share = {**params, "requests": max(1, requests // len(sources))}
        translation.behaviour(name_of(limit), "ratelimit", place, share, source=caller)


def _circuit_breaker(translation: Translation, breaker: Object) -> None:
    spec = breaker.get("spec") or {}
    destination = spec.get("destination") or {}
    place = target(
        str(destination.get("name")), str(destination.get("namespace") or namespace_of(breaker))
    )
    params: dict[str, Any] = {
        "count": max(1, int(spec.get("errors") or 1)),
        "openFor": f"{max(1, int(spec.get('timeoutSeconds') or 1))}s",
    }
    fallback = str(dig(spec, "fallback.service") or "")
    if fallback:
        params["fallback"] = fallback.rpartition("/")[2]
    translation.behaviour(name_of(breaker), "trip", place, params)


def _mesh_config(translation: Translation, config: Object) -> None:
    mode = dig(config, "spec.mtls.mode")
    if mode:
        params = {"mode": mode, "scope": "mesh"}
        translation.behaviour("mesh-mtls", "mtls", {"service": "*"}, params)
    if dig(config, "spec.accessControlMode") == "deny":
        told = "refuses what no TrafficTarget allows, also for services without one"
        translation.lost(config, f"accessControlMode deny {told}")


def _mode(translation: Translation, workload: Object) -> None:
    annotations = dig(workload, "spec.template.metadata.annotations") or {}
    mode = annotations.get(MTLS_MODE)
    if mode:
        reference = {"kind": workload.get("kind"), "name": name_of(workload)}
        service = _service(translation, workload, reference) or name_of(workload)
        params = {"mode": mode, "scope": "workload"}
        place = target(service, namespace_of(workload))
        translation.behaviour(f"{name_of(workload)}-mtls", "mtls", place, params)


def _service(translation: Translation, found: Object, reference: Object) -> str | None:
    """The Service of what a policy refers to: itself, or the one that selects its pods."""
    kind, name = str(reference.get("kind")), str(reference.get("name"))
    home = str(reference.get("namespace") or namespace_of(found))
    if kind == "Service":
        return name
    for workload in of_kind(translation.objects, kind):
        if (namespace_of(workload), name_of(workload)) != (home, name):
            continue
        labels = dig(workload, "spec.template.metadata.labels") or {}
        for service in of_kind(translation.objects, "Service", ""):
            selector = dig(service, "spec.selector") or {}
            if namespace_of(service) == home and selector and selector.items() <= labels.items():
                return name_of(service)
    return None


MIGRATIONS = (
    Migration(
        to="istio",
        why="it says by the same identities who may call whom, and what NGINX's breakers and "
        "limits say",
        read=read,
    ),
    Migration(
        to="linkerd",
        why="a smaller proxy; mutual TLS and access by identity without settings",
        read=read,
    ),
)
