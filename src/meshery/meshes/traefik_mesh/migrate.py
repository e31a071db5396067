"""From Traefik Mesh to Linkerd: annotations and SMI objects read back into behaviours."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Migration
from meshery.meshes.look import name_of, namespace_of, of_kind
from meshery.meshes.smi.reading import read_smi
from meshery.meshes.traefik_mesh.table import BREAKER, BURST, DIALECT, PREFIX, RATE, RETRY
from meshery.meshes.translation import Answer, Translation, target

_RATIO = re.compile(r"ResponseCodeRatio\(\s*500,\s*600,\s*0,\s*600\s*\)\s*>\s*([0-9.]+)")
_LATENCY = re.compile(r"LatencyAtQuantileMS\(\s*([0-9.]+)\s*\)\s*>\s*([0-9.]+)")
_OPEN_FOR = "10s"


def read(objects: Sequence[Object]) -> Answer:
    """The behaviours of annotations and SMI objects, and what has no equivalent."""
    translation = Translation(objects)
    for service in of_kind(objects, "Service", ""):
        given = (service.get("metadata") or {}).get("annotations") or {}
        _service(translation, service, {str(key): str(value) for key, value in given.items()})
    read_smi(translation, DIALECT)
    return translation.answer()


def _service(translation: Translation, service: Object, given: Mapping[str, str]) -> None:
    name, place = name_of(service), target(name_of(service), namespace_of(service))
    tries = given.get(RETRY, "")
    if tries.isdecimal() and int(tries) > 1:
        params: dict[str, Any] = {"attempts": int(tries) - 1, "on": ["connect-failure"]}
        translation.behaviour(f"{name}-retry", "retry", place, params)
    if BREAKER in given:
        _breaker(translation, service, given[BREAKER])
    if given.get(RATE, "").isdecimal():
        _rate(translation, service, int(given[RATE]), given.get(BURST, ""))
    for word in ("traffic-type", "scheme"):
        if f"{PREFIX}{word}" in given:
            told = f"{word} {given[PREFIX + word]}: name the port or set appProtocol instead"
            translation.lost(service, told)


def _breaker(translation: Translation, service: Object, expression: str) -> None:
    name, place = name_of(service), target(name_of(service), namespace_of(service))
    ratio = _RATIO.fullmatch(expression.strip())
    latency = _LATENCY.fullmatch(expression.strip())
    if ratio is not None:
        params = {"errorRatio": float(ratio[1]) * 100, "openFor": _OPEN_FOR}
    elif latency is not None and float(latency[1]) == 50:
        params = {"latency": f"{latency[2]}ms", "openFor": _OPEN_FOR}
    else:
        translation.lost(service, f"the breaker {expression!r} is more than one neutral reason")
        return
    translation.behaviour(f"{name}-trip", "trip", place, params)


def _rate(translation: Translation, service: Object, average: int, burst: str) -> None:
    if average == 0:
        return  # in Traefik's words: no limit
    name, place = name_of(service), target(name_of(service), namespace_of(service))
    more = max(0, int(burst) - average) if burst.isdecimal() else 0
    params = {"requests": average, "per": "second", "burst": more}
    translation.behaviour(f"{name}-rate", "ratelimit", place, params)
    told = "the limit counts each caller's address apart; the behaviour counts all together"
    translation.lost(service, told)


MIGRATIONS = (
    Migration(
        to="linkerd",
        why="it asks as little of workloads, and adds what Traefik Mesh lacks: mutual TLS",
        read=read,
    ),
    Migration(
        to="istio",
        why="its ambient mode keeps proxies on the nodes, as Traefik Mesh does",
        read=read,
    ),
)
