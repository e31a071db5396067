"""Routes of the Gateway API read back: conditions, changes, backends, and ways in by a Gateway."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.gateway_api import GROUP
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation, target

Native = Mapping[str, Any]
Document = dict[str, Any]

_PATHS = {"Exact": "exact", "RegularExpression": "regex", "PathPrefix": "prefix"}


def match_of(entry: Native) -> Document:
    """An entry of `matches` as a neutral match; empty where it takes all requests."""
    made: Document = {}
    path = entry.get("path") or {}
    if path and not takes_all_paths(path):
        made["path"] = {_PATHS[path.get("type", "PathPrefix")]: path.get("value", "/")}
    if entry.get("method"):
        made["method"] = entry["method"]
    for field, name in (("headers", "headers"), ("queryParams", "query")):
        if entry.get(field):
            made[name] = [
                {"name": each["name"], _PATHS[each.get("type", "Exact")]: each["value"]}
                for each in entry[field]
            ]
    return made


def takes_all_paths(path: Native) -> bool:
    """Whether a path is that of every request."""
    return (path.get("type", "PathPrefix"), path.get("value", "/")) == ("PathPrefix", "/")


def matches_of(rule: Native) -> list[Document]:
    """Every condition of a rule; one that takes all where it names none."""
    return [match_of(each) for each in rule.get("matches") or [{}]]


def backend_name(ref: Native, home: str) -> str:
    """The service of a backendRef, with its namespace where that is another one."""
    namespace = ref.get("namespace") or home
    return str(ref["name"] if namespace == home else f"{ref['name']}.{namespace}")


def backends_of(rule: Native, home: str) -> list[Document]:
    """Backends of a rule with their weights."""
    return [
        {"service": backend_name(each, home), "weight": each.get("weight", 1)}
        for each in rule.get("backendRefs") or ()
    ]


def changes_of(notes: Translation, made: Object, rule: Native) -> Document:
    """What filters of a rule do, as parameters of a route; copies are told of by the caller."""
    params: Document = {}
    for each in rule.get("filters") or ():
        kind = each.get("type")
        if kind in {"RequestHeaderModifier", "ResponseHeaderModifier"}:
            side = "request" if kind.startswith("Request") else "response"
            field = f"{side}HeaderModifier"
            params.setdefault("headerOps", {})[side] = _headers(each.get(field) or {})
        elif kind == "RequestRedirect":
            params["redirect"] = _redirect(each.get("requestRedirect") or {})
        elif kind == "URLRewrite":
            params["rewrite"] = _rewrite(each.get("urlRewrite") or {})
        elif kind != "RequestMirror":
            notes.lost(made, f"filter {kind} is no behaviour")
    return params


def mirrors_of(rule: Native, home: str) -> Iterator[Document]:
    """Copies that filters of a rule make, as parameters."""
    for each in rule.get("filters") or ():
        copy = each.get("requestMirror") or {}
        if each.get("type") != "RequestMirror" or not copy.get("backendRef"):
            continue
        params: Document = {"to": {"service": backend_name(copy["backendRef"], home)}}
        fraction = copy.get("fraction") or {}
        if "percent" in copy:
            params["percent"] = copy["percent"]
        elif fraction:
            params["percent"] = 100 * fraction["numerator"] / fraction.get("denominator", 100)
        yield params


def parents(made: Object, kind: str, group: str = "") -> Iterator[Native]:
    """The parents of a route that are of a kind; a Gateway is what a parent is unless it says."""
    for each in dig(made, "spec.parentRefs") or ():
        own_kind, own_group = each.get("kind", "Gateway"), each.get("group", GROUP)
        if own_kind == kind and (not group or own_group == group):
            yield each


def read_ingress(notes: Translation, objects: Sequence[Object], *, own_class: str = "") -> None:
    """Gateways with their HTTPRoutes; `own_class` is the class that need not be named."""
    gateways = {(namespace_of(each), name_of(each)): each for each in _gateways(objects)}
    for route in of_kind(objects, "HTTPRoute", GROUP):
        home = namespace_of(route)
        for parent in parents(route, "Gateway"):
            place = (parent.get("namespace") or home, str(parent["name"]))
            _way_in(notes, route, gateways.get(place), own_class)


def _gateways(objects: Sequence[Object]) -> Iterator[Object]:
    return of_kind(objects, "Gateway", GROUP)


def _way_in(notes: Translation, made: Object, gateway: Object | None, own_class: str) -> None:
    home = namespace_of(made)
    routes: list[Document] = []
    for rule in dig(made, "spec.rules") or ():
        backends = backends_of(rule, home)
        if rule.get("filters") or len(backends) != 1:
            notes.lost(made, "a rule with filters, or with another number of backends than one")
            continue
        for match in matches_of(rule):
            path = match.get("path", {})
            if set(match) - {"path"} or set(path) - {"prefix"}:
                notes.lost(made, "an ingress matches by prefixes of paths only")
            else:
                below = {"path": path["prefix"]} if path else {}
                routes.append({**below, "service": backends[0]["service"]})
    if not routes:
        return
    params: Document = {"routes": routes}
    if dig(made, "spec.hostnames"):
        params["hosts"] = list(dig(made, "spec.hostnames"))
    listeners = dig(gateway or {}, "spec.listeners") or ()
    if any(each.get("protocol") in {"HTTPS", "TLS"} for each in listeners):
        params["tls"] = True
    name = dig(gateway or {}, "spec.gatewayClassName")
    if name and name != own_class:
        params["gatewayClass"] = name
    first = str(routes[0]["service"]).partition(".")
    notes.behaviour(name_of(made), "ingress", target(first[0], first[2] or home), params)


def _headers(changes: Native) -> Document:
    made: Document = {}
    for word in ("set", "add"):
        if changes.get(word):
            made[word] = {each["name"]: each["value"] for each in changes[word]}
    if changes.get("remove"):
        made["remove"] = list(changes["remove"])
    return made


def _path(given: Native) -> Document:
    if given.get("type") == "ReplacePrefixMatch":
        return {"prefix": given.get("replacePrefixMatch", "/")}
    return {"full": given.get("replaceFullPath", "/")}


def _redirect(given: Native) -> Document:
    made = {
        name: given[field]
        for name, field in (("scheme", "scheme"), ("host", "hostname"), ("port", "port"))
        if given.get(field)
    }
    if given.get("path"):
        made["path"] = _path(given["path"])
    made["status"] = given.get("statusCode", 302)
    return made


def _rewrite(given: Native) -> Document:
    made: Document = {}
    if given.get("path"):
        made["path"] = _path(given["path"])
    if given.get("hostname"):
        made["host"] = given["hostname"]
    return made
