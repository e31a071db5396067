"""What is wrong in Traefik Mesh's annotations, which no server checks, and in its SMI objects."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, of_kind
from meshery.meshes.smi import checks as smi
from meshery.meshes.traefik_mesh.table import BREAKER, BURST, PREFIX, RATE, RETRY

_WORDS = {
    f"{PREFIX}traffic-type": ("http", "tcp", "udp"),
    f"{PREFIX}scheme": ("http", "https", "h2c"),
}
_NUMBERS = (RETRY, RATE, BURST)
_TERM = re.compile(r"\b(NetworkErrorRatio|ResponseCodeRatio|LatencyAtQuantileMS)\s*\(")


def annotations(objects: Sequence[Object]) -> Sequence[Problem]:
    """Annotations that are unknown, of a wrong value, or of a Service that is not HTTP."""
    found: list[Problem] = []
    for service in of_kind(objects, "Service", ""):
        given = (service.get("metadata") or {}).get("annotations") or {}
        own = {key: value for key, value in given.items() if str(key).startswith(PREFIX)}
        found += _annotations(service, own)
    return tuple(found)


def _annotations(service: Object, given: Mapping[str, Any]) -> Iterator[Problem]:
    is_http = given.get(f"{PREFIX}traffic-type", "http") == "http"
    for key, value in given.items():
        path = at(service, f"metadata.annotations.{key}")
        if key in _WORDS:
            if value not in _WORDS[key]:
                words = ", ".join(_WORDS[key])
                yield Problem(path, f"{value!r} is not known", hint=f"one of {words}")
            continue
        if key not in (*_NUMBERS, BREAKER):
            known = ", ".join((*_NUMBERS, BREAKER, *_WORDS))
            yield Problem(path, "is no annotation of Traefik Mesh", hint=f"one of {known}")
        elif key in _NUMBERS and not (isinstance(value, str) and value.isdecimal()):
            yield Problem(path, f"{value!r} is no number in quotes", hint='write "3"')
        elif key == BREAKER and not _TERM.search(str(value)):
            hint = "such as ResponseCodeRatio(500, 600, 0, 600) > 0.25"
            yield Problem(path, "is no expression of a breaker", hint=hint)
        elif not is_http:
            hint = "take it away, or set traffic-type to http"
            yield Problem(path, "counts for nothing: the Service's traffic is not HTTP", hint=hint)
    if (RATE in given) != (BURST in given):
        missing = BURST if RATE in given else RATE
        path = at(service, "metadata.annotations")
        yield Problem(path, f"{missing} is missing", hint="a limit needs both")


VALIDATORS = {
    "splits": smi.splits,
    "targets": smi.targets,
    "route-groups": smi.route_groups,
    "annotations": annotations,
}
