"""Which fields the form of each kind of behaviour shows, and the document they make.

The forms hold what people set most; everything else is said in the document itself, which the page
offers as text. Pure: no page, no I/O.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from meshery.behaviours.model import Kind

FieldType = Literal["text", "list", "number", "whole", "choice"]
Values = Mapping[str, Any]


class FormField(msgspec.Struct, frozen=True):
    """One field: its dotted path in `params`, its words, what it holds, and its first value.

    An empty field leaves its parameter out. `list` is text with commas.
    """

    path: str
    label: str
    type: FieldType = "text"
    value: str | float | None = None
    suffix: str = ""
    hint: str = ""
    choices: tuple[str, ...] = ()


_DURATION = "such as 100ms or 2s"

FIELDS: dict[Kind, tuple[FormField, ...]] = {
    Kind.SPLIT: (),
    Kind.FAULT: (
        FormField("delay.duration", "Delay", value="100ms", hint=_DURATION),
        FormField("delay.percent", "Delayed share", "number", 50, "%"),
        FormField("abort.status", "Abort with status", "whole", None, "", "such as 503"),
        FormField("abort.percent", "Aborted share", "number", None, "%"),
    ),
    Kind.ROUTE: (
        FormField("match.path.prefix", "Path begins with", hint="such as /v2"),
        FormField("header.name", "Header", hint="such as x-user"),
        FormField("header.exact", "Header's value", hint="such as beta"),
        FormField("subset", "Goes to version", hint="such as v2"),
        FormField("rewrite.path.prefix", "Prefix becomes", hint="such as /"),
    ),
    Kind.RETRY: (
        FormField("attempts", "Retries", "whole", 2),
        FormField("perTryTimeout", "Time of each try", hint=_DURATION),
        FormField("on", "On", "list", "5xx, connect-failure, reset"),
    ),
    Kind.TIMEOUT: (FormField("request", "Whole request", value="1s", hint=_DURATION),),
    Kind.LIMITS: (
        FormField("maxConnections", "Connections", "whole", 100),
        FormField("maxPending", "Waiting requests", "whole", 100),
        FormField("maxRequests", "Requests at once", "whole", None),
    ),
    Kind.EJECTION: (
        FormField("consecutiveErrors", "Errors in a row", "whole", 5),
        FormField("interval", "Looked at every", value="10s", hint=_DURATION),
        FormField("baseEjection", "Left out for", value="30s", hint=_DURATION),
        FormField("maxPercent", "At most", "number", 50, "% of instances"),
    ),
    Kind.TRIP: (
        FormField("errorRatio", "Opens at errors of", "number", 50, "%"),
        FormField("openFor", "Stays open for", value="30s", hint=_DURATION),
    ),
    Kind.MIRROR: (
        FormField("to.service", "Copies to service"),
        FormField("to.subset", "Copies to version", hint="such as v2"),
        FormField("percent", "Copied share", "number", 100, "%"),
    ),
    Kind.RATELIMIT: (
        FormField("requests", "Requests", "whole", 100),
        FormField("per", "Per", "choice", "second", choices=("second", "minute", "hour")),
        FormField("burst", "More at once", "whole", 0),
    ),
    Kind.ACCESS: (
        FormField("action", "Callers are", "choice", "deny", choices=("allow", "deny", "audit")),
        FormField("from", "Callers", "list", hint="services, or * for all"),
        FormField("paths", "Only for paths", "list", hint="such as /admin*"),
    ),
    Kind.MTLS: (
        FormField(
            "mode", "Mutual TLS", "choice", "strict", choices=("strict", "permissive", "off")
        ),
    ),
    Kind.EGRESS: (FormField("hosts", "Hosts that may be called", "list", hint="example.com"),),
    Kind.INGRESS: (FormField("hosts", "Hosts let in", "list", hint="empty: all"),),
    Kind.LOCALITY: (
        FormField("mode", "Near instances", "choice", "prefer", choices=("prefer", "strict")),
    ),
}
"""The fields of each kind; a split has one weight for each version of its target instead."""


def make_document(
    kind: Kind,
    *,
    name: str,
    target: str,
    source: str = "",
    values: Values,
    weights: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The document that the fields say; judged by whoever parses it."""
    document: dict[str, Any] = {"name": name, "kind": kind.value, "target": {"service": target}}
    if source:
        document["source"] = source
    document["params"] = _params(kind, values, weights or {})
    return document


def _params(kind: Kind, values: Values, weights: Mapping[str, float]) -> dict[str, Any]:
    if kind is Kind.SPLIT:
        shares = [{"subset": subset, "weight": round(w)} for subset, w in weights.items()]
        return {"backends": shares}
    params: dict[str, Any] = {}
    for field in FIELDS[kind]:
        value = _read(field, values.get(field.path))
        if value not in (None, "", []):
            _place(params, field.path, value)
    return _SHAPES.get(kind, _same)(params)


def _read(field: FormField, value: Any) -> Any:
    if value in (None, ""):
        return None
    if field.type == "whole":
        return round(float(value))
    if field.type == "list":
        return [part.strip() for part in str(value).split(",") if part.strip()]
    return value


def _place(params: dict[str, Any], path: str, value: Any) -> None:
    *parents, leaf = path.split(".")
    node = params
    for parent in parents:
        node = node.setdefault(parent, {})
    node[leaf] = value


def _same(params: dict[str, Any]) -> dict[str, Any]:
    return params


def _fault(params: dict[str, Any]) -> dict[str, Any]:
    """A share without its fault says nothing."""
    if "duration" not in params.get("delay", {}):
        params.pop("delay", None)
    if "status" not in params.get("abort", {}):
        params.pop("abort", None)
    return params


def _route(params: dict[str, Any]) -> dict[str, Any]:
    header = params.pop("header", None)
    if header and "name" in header:
        params.setdefault("match", {})["headers"] = [header]
    if subset := params.pop("subset", None):
        params["backends"] = [{"subset": subset}]
    return params


def _access(params: dict[str, Any]) -> dict[str, Any]:
    callers: Sequence[str] = params.pop("from", [])
    paths: Sequence[str] = params.pop("paths", [])
    if callers:
        params["from"] = [{"identity": caller} for caller in callers]
    if paths:
        params["to"] = [{"paths": list(paths)}]
    return params


_SHAPES = {Kind.FAULT: _fault, Kind.ROUTE: _route, Kind.ACCESS: _access}
