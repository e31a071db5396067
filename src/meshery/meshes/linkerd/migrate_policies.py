"""Linkerd's policies read back: who may call what, at which rate, and who needs an identity."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.gateway_reading import Document, match_of, parents
from meshery.meshes.linkerd.parts import POLICY
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation, identity, target

_IDENTITY = re.compile(r"([^.]+)\.([^.]+)\.serviceaccount\.identity\.([^.]+)\.(.+)")
_EVERYWHERE = {"0.0.0.0/0", "::/0"}
_APP = ("app", "app.kubernetes.io/name", "component", "k8s-app")
_MODES = {
    "all-authenticated": "strict",
    "cluster-authenticated": "strict",
    "all-unauthenticated": "permissive",
    "cluster-unauthenticated": "permissive",
}
_DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy"


def read_policies(notes: Translation, objects: Sequence[Object]) -> None:
    """Servers with what is allowed at them, rates, and the policies of namespaces."""
    servers = {(namespace_of(each), name_of(each)): each for each in of_kind(objects, "Server")}
    routes = {
        (namespace_of(each), name_of(each)): each
        for each in of_kind(objects, "HTTPRoute")
        if any(parents(each, "Server", POLICY))
    }
    policies = list(of_kind(objects, "AuthorizationPolicy", POLICY))
    allowed = [
        _server_of(each, routes) for each in policies if _read_policy(notes, each, servers, routes)
    ]
    for place, server in servers.items():
        _read_server(notes, server, is_allowed=place in allowed)
    for each in of_kind(objects, "HTTPLocalRateLimitPolicy", POLICY):
        _read_rate(notes, each, servers)
    for each in of_kind(objects, "Namespace"):
        _read_namespace(notes, each)


def _read_server(notes: Translation, made: Object, *, is_allowed: bool) -> None:
    access = str(dig(made, "spec.accessPolicy") or "deny")
    to = _target_of(notes, made)
    if access.startswith("cluster-"):
        notes.lost(made, f"{access} is for callers of the cluster; it is read for all")
    if access in _MODES:
        params = {"mode": _MODES[access], **({"scope": "port"} if "port" in to else {})}
        notes.behaviour(f"{name_of(made)}-mtls", "mtls", to, params)
    elif access == "audit":
        notes.behaviour(f"{name_of(made)}-audit", "access", to, {"action": "audit"})
    elif access == "deny" and not is_allowed:
        notes.behaviour(f"{name_of(made)}-deny", "access", to, {"action": "deny"})
    elif access != "deny":
        notes.lost(made, f"accessPolicy {access} is no behaviour")


def _target_of(notes: Translation, server: Object) -> Document:
    """The service whose pods a Server selects, with the port where that has several."""
    home = namespace_of(server)
    labels = dig(server, "spec.podSelector.matchLabels") or {}
    port = dig(server, "spec.port")
    for service in of_kind(notes.objects, "Service"):
        selector = dig(service, "spec.selector") or {}
        same = namespace_of(service) == home and selector
        if same and (selector.items() <= labels.items() or labels.items() <= selector.items()):
            ports = dig(service, "spec.ports") or []
            numbers = [
                each["port"]
                for each in ports
                if port in {each.get("targetPort", each["port"]), each.get("name")}
            ]
            several = {"port": numbers[0]} if numbers and len(ports) > 1 else {}
            return target(name_of(service), home, **several)
    name = next((labels[each] for each in _APP if each in labels), name_of(server))
    notes.lost(server, f"its pods are taken to be those of the service {name}")
    if not isinstance(port, int):
        notes.lost(server, f"the port {port} is known to its pods only; it is read for all ports")
        return target(str(name), home)
    return target(str(name), home, port=port)


def _server_of(policy: Object, routes: Mapping[tuple[str, str], Object]) -> tuple[str, str]:
    home, ref = namespace_of(policy), dig(policy, "spec.targetRef") or {}
    place = (home, str(ref.get("name")))
    if ref.get("kind") == "HTTPRoute" and place in routes:
        return home, str(next(parents(routes[place], "Server", POLICY))["name"])
    return place if ref.get("kind") == "Server" else (home, "")


def _read_policy(
    notes: Translation,
    made: Object,
    servers: Mapping[tuple[str, str], Object],
    routes: Mapping[tuple[str, str], Object],
) -> bool:
    """Read what is allowed, and answer whether it came to a behaviour."""
    server = servers.get(_server_of(made, routes))
    if server is None:
        notes.lost(made, "it is for a namespace, or for what is not among the objects")
        return False
    params: Document = {"action": "allow"}
    callers = _callers(notes, made)
    if callers is None:
        return False
    if callers:
        params["from"] = callers
    ref = dig(made, "spec.targetRef") or {}
    if ref.get("kind") == "HTTPRoute":
        operations = _operations(notes, routes[namespace_of(made), str(ref["name"])])
        if not operations:
            return False
        params["to"] = operations
    notes.behaviour(name_of(made), "access", _target_of(notes, server), params)
    return True


def _callers(notes: Translation, made: Object) -> list[Document] | None:
    """Who is allowed: everyone where the list is empty; None where it cannot be said."""
    identities: list[Document] = [{}]
    networks: list[Document] = [{}]
    for ref in dig(made, "spec.requiredAuthenticationRefs") or ():
        found = _authentication(notes, made, ref)
        if ref.get("kind") == "ServiceAccount":
            home = ref.get("namespace") or namespace_of(made)
            identities = [{"identity": identity(home, str(ref["name"]))}]
        elif found is None:
            notes.lost(made, f"{ref.get('kind')} {ref.get('name')} is not among the objects")
            return None
        elif ref.get("kind") == "MeshTLSAuthentication":
            identities = list(_identities(notes, found))
        else:
            given = dig(found, "spec.networks") or ()
            if any(each.get("except") for each in given):
                notes.lost(found, "what is taken out of a network (except) is no behaviour")
                return None
            is_open = _EVERYWHERE & {each["cidr"] for each in given}
            networks = [{}] if is_open else [{"cidr": each["cidr"]} for each in given]
    asked = [{**one, **two} for one, two in product(identities, networks)]
    return [each for each in asked if each] if asked else None


def _authentication(notes: Translation, made: Object, ref: Mapping[str, Any]) -> Object | None:
    home = ref.get("namespace") or namespace_of(made)
    for each in of_kind(notes.objects, str(ref.get("kind")), POLICY):
        if (namespace_of(each), name_of(each)) == (home, ref.get("name")):
            return each
    return None


def _identities(notes: Translation, made: Object) -> Iterator[Document]:
    for name in dig(made, "spec.identities") or ():
        found = _IDENTITY.fullmatch(str(name))
        if name == "*":
            yield {"identity": "*"}
        elif found is None:
            notes.lost(made, f"the identity {name} is no account's and no namespace's")
        elif found[1] == "*":
            yield {"namespace": found[2]}
        else:
            yield {"identity": f"spiffe://{found[4]}/ns/{found[2]}/sa/{found[1]}"}
    for ref in dig(made, "spec.identityRefs") or ():
        home = ref.get("namespace") or namespace_of(made)
        if ref.get("kind") == "Namespace":
            yield {"namespace": str(ref.get("name") or home)}
        else:
            yield {"identity": identity(home, str(ref["name"]))}


def _operations(notes: Translation, route: Object) -> list[Document]:
    made: list[Document] = []
    for rule in dig(route, "spec.rules") or ():
        for entry in rule.get("matches") or [{}]:
            match = match_of(entry)
            path = _path(match.get("path"))
            if path is None or set(match) - {"path", "method"}:
                notes.lost(route, "an access knows methods and paths; a match asks for more")
                continue
            operation: Document = {"methods": [match["method"]]} if "method" in match else {}
            if path or not operation:
                operation["paths"] = path or ["/*"]
            made.append(operation)
    return made


def _path(match: Mapping[str, str] | None) -> list[str] | None:
    """Paths of an access; None where a regex says more than they can."""
    if not match:
        return []
    if "exact" in match:
        return [match["exact"]]
    if "prefix" in match:
        prefix = match["prefix"].rstrip("/")
        return [prefix, f"{prefix}/*"]
    regex = match["regex"]
    plain = re.sub(r"\\(.)", r"\1", regex.removesuffix(".*").removeprefix(".*"))
    if regex == f"{re.escape(plain)}.*":
        return [f"{plain}*"]
    return [f"*{plain}"] if regex == f".*{re.escape(plain)}" else None


def _read_rate(notes: Translation, made: Object, servers: Mapping[tuple[str, str], Object]) -> None:
    home = namespace_of(made)
    server = servers.get((home, str(dig(made, "spec.targetRef.name"))))
    if server is None:
        notes.lost(made, "its Server is not among the objects")
        return
    to, name = _target_of(notes, server), name_of(made)
    for field, more in (("total", {}), ("identity", {"keyBy": ["source"]})):
        rate = dig(made, f"spec.{field}.requestsPerSecond")
        if rate:
            params = {"requests": rate, "per": "second", **more}
            notes.behaviour(f"{name}-rate", "ratelimit", to, params)
    for override in dig(made, "spec.overrides") or ():
        for client in override.get("clientRefs") or ():
            place = client.get("namespace") or home
            caller = notes.service_of(made, str(client["name"]), place)
            source = caller if place == home else f"{caller}.{place}"
            params = {"requests": override["requestsPerSecond"], "per": "second"}
            notes.behaviour(f"{name}-rate-{caller}", "ratelimit", to, params, source=source)


def _read_namespace(notes: Translation, made: Object) -> None:
    policy = dig(made, "metadata.annotations") or {}
    mode = _MODES.get(policy.get(_DEFAULT_POLICY, ""))
    if mode is None:
        return
    home = name_of(made)
    service = next(
        (name_of(e) for e in of_kind(notes.objects, "Service") if namespace_of(e) == home), ""
    )
    if not service:
        notes.lost(made, f"{_DEFAULT_POLICY} is mtls {mode} of a namespace; name a service of it")
        return
    params = {"mode": mode, "scope": "namespace"}
    notes.behaviour(f"{home}-mtls", "mtls", target(service, home), params)
