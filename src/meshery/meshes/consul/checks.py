"""What is wrong in Consul's config entries, seen without a cluster."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.consul.parts import GROUP
from meshery.meshes.consul.weights import added
from meshery.meshes.look import at, name_of, namespace_of, of_kind

_HTTP = ("http", "http2", "grpc")
_CHAIN = ("ServiceRouter", "ServiceSplitter")
_PATHS = ("pathExact", "pathPrefix", "pathRegex")


def weights(objects: Sequence[Object]) -> Sequence[Problem]:
    """Splitters whose shares are not 100 as the controller adds them."""
    found = []
    for splitter in of_kind(objects, "ServiceSplitter", GROUP):
        shares = [float(each.get("weight", 0)) for each in _spec(splitter).get("splits") or ()]
        total = added(shares)
        if total != 100:
            hint = "another order may add up" if round(sum(shares), 6) == 100 else ""
            message = f"the weights come to {total:g}, not 100"
            found.append(Problem(at(splitter, "spec.splits"), message, hint=hint))
        for position, share in enumerate(shares):
            if share and not 0.01 <= share <= 100:
                place = at(splitter, f"spec.splits[{position}].weight")
                found.append(Problem(place, "is between 0.01 and 100"))
    return found


def subsets(objects: Sequence[Object]) -> Sequence[Problem]:
    """Subsets that no resolver has, where the service has a resolver."""
    known = {
        name_of(each): set(_spec(each).get("subsets") or {})
        for each in of_kind(objects, "ServiceResolver", GROUP)
    }
    found = []
    for place, service, subset in _named_subsets(objects):
        if service in known and subset not in known[service]:
            found.append(Problem(place, f"ServiceResolver {service} has no subset {subset}"))
    return found


def protocols(objects: Sequence[Object]) -> Sequence[Problem]:
    """Routers and splitters of services that are said to speak TCP, or nothing."""
    spoken = {
        name_of(each): _spec(each).get("protocol")
        for each in of_kind(objects, "ServiceDefaults", GROUP)
    }
    everywhere = any(
        (_spec(each).get("config") or {}).get("protocol") in _HTTP
        for each in of_kind(objects, "ProxyDefaults", GROUP)
    )
    found = []
    for kind in _CHAIN:
        for each in of_kind(objects, kind, GROUP):
            own = spoken.get(name_of(each))
            if own not in _HTTP and not (everywhere and own is None):
                message = f"{name_of(each)} speaks {own or 'tcp'}, and this is for HTTP"
                hint = "ServiceDefaults of the service with protocol: http"
                found.append(Problem(at(each, "metadata.name"), message, hint=hint))
    return found


def routes(objects: Sequence[Object]) -> Sequence[Problem]:
    """Routes with two paths, rewrites without a path, and routes behind one that takes all."""
    return [
        problem
        for router in of_kind(objects, "ServiceRouter", GROUP)
        for problem in _routes(router)
    ]


def intentions(objects: Sequence[Object]) -> Sequence[Problem]:
    """Sources twice, permissions where none may be, and denies that an allow goes before."""
    return [
        problem
        for each in of_kind(objects, "ServiceIntentions", GROUP)
        for problem in _intentions(each)
    ]


def entries(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two resources of one config entry: without Enterprise namespaces do not tell them apart."""
    seen: dict[tuple[str, str], str] = {}
    found = []
    for each in objects:
        if str(each.get("apiVersion", "")).partition("/")[0] != GROUP:
            continue
        kind, name = str(each.get("kind")), name_of(each)
        if kind == "ServiceIntentions":
            name = str((_spec(each).get("destination") or {}).get("name"))
        wanted = {"Mesh": "mesh", "ProxyDefaults": "global"}.get(kind)
        if wanted and name != wanted:
            found.append(Problem(at(each, "metadata.name"), f"a {kind} is named {wanted}"))
        if (kind, name) in seen:
            message = f"is the config entry of {seen[kind, name]} as well"
            found.append(Problem(at(each, "metadata.name"), message))
        seen.setdefault((kind, name), f"{namespace_of(each)}/{name_of(each)}")
    return found


def permissive(objects: Sequence[Object]) -> Sequence[Problem]:
    """Permissive services where the mesh does not allow that."""
    allowed = any(
        _spec(each).get("allowEnablingPermissiveMutualTLS")
        for each in of_kind(objects, "Mesh", GROUP)
    )
    return [
        Problem(
            at(each, "spec.mutualTLSMode"),
            "is refused while the mesh does not allow it",
            hint="Mesh with allowEnablingPermissiveMutualTLS: true",
        )
        for kind in ("ServiceDefaults", "ProxyDefaults")
        for each in of_kind(objects, kind, GROUP)
        if _spec(each).get("mutualTLSMode") == "permissive" and not allowed
    ]


VALIDATORS = {
    "weights": weights,
    "subsets": subsets,
    "protocols": protocols,
    "routes": routes,
    "intentions": intentions,
    "entries": entries,
    "permissive": permissive,
}


def _spec(each: Object) -> dict[str, Any]:
    return each.get("spec") or {}


def _named_subsets(objects: Sequence[Object]) -> Iterator[tuple[str, str, str]]:
    for splitter in of_kind(objects, "ServiceSplitter", GROUP):
        for position, part in enumerate(_spec(splitter).get("splits") or ()):
            if part.get("serviceSubset"):
                place = at(splitter, f"spec.splits[{position}].serviceSubset")
                yield place, part.get("service") or name_of(splitter), part["serviceSubset"]
    for router in of_kind(objects, "ServiceRouter", GROUP):
        for position, part in enumerate(_spec(router).get("routes") or ()):
            goal = part.get("destination") or {}
            if goal.get("serviceSubset"):
                place = at(router, f"spec.routes[{position}].destination.serviceSubset")
                yield place, goal.get("service") or name_of(router), goal["serviceSubset"]


def _routes(router: Object) -> Iterator[Problem]:
    taken = -1
    for position, route in enumerate(_spec(router).get("routes") or ()):
        place = f"spec.routes[{position}]"
        http = (route.get("match") or {}).get("http") or {}
        given = [word for word in _PATHS if http.get(word)]
        if len(given) > 1:
            yield Problem(at(router, f"{place}.match.http"), f"has {' and '.join(given)}: take one")
        rewrites = (route.get("destination") or {}).get("prefixRewrite")
        if rewrites and not {"pathExact", "pathPrefix"} & set(given):
            message = "prefixRewrite needs pathPrefix or pathExact"
            yield Problem(at(router, f"{place}.destination"), message)
        if taken >= 0:
            message = f"is never reached: spec.routes[{taken}] takes every request"
            yield Problem(at(router, place), message)
        elif not http:
            taken = position


def _intentions(each: Object) -> Iterator[Problem]:
    sources = _spec(each).get("sources") or ()
    if not sources:
        yield Problem(at(each, "spec.sources"), "names nobody")
    seen: dict[Any, int] = defaultdict(int)
    for position, source in enumerate(sources):
        place = f"spec.sources[{position}]"
        seen[source.get("name"), source.get("namespace"), source.get("peer")] += 1
        if seen[source.get("name"), source.get("namespace"), source.get("peer")] > 1:
            yield Problem(at(each, f"{place}.name"), f"{source.get('name')} is given twice")
        permissions = source.get("permissions") or ()
        if bool(permissions) == bool(source.get("action")):
            yield Problem(at(each, place), "has either an action or permissions")
        if permissions and (_spec(each).get("destination") or {}).get("name") == "*":
            message = "permissions are refused where the destination is *"
            yield Problem(at(each, place), message, hint="write them for each service")
        for number, permission in enumerate(permissions):
            http = permission.get("http") or {}
            earlier = [one for one in permissions[:number] if one.get("action") == "allow"]
            if permission.get("action") == "deny" and http != {"pathPrefix": "/"} and earlier:
                where = at(each, f"{place}.permissions[{number}]")
                message = "a deny behind an allow: the first that matches is followed"
                yield Problem(where, message, hint="put denies first")
