"""Who may call: Servers, and policies that allow. What no policy allows is refused.

Linkerd's policies only allow. A deny is said by not allowing: everything at once is possible, a
part of what others allow is not.
"""

import re
from typing import Any

from msgspec.structs import replace

from meshery.adapters.draft import Draft, native
from meshery.behaviours.security import Access, Caller, Mtls, Operation
from meshery.meshes.linkerd.parts import (
    POLICY,
    SERVER_LINE,
    each_service,
    line_of,
    nothing_known,
    reference,
    server,
)

_SPIFFE = re.compile(r"spiffe://([^/]+)/ns/([^/]+)/sa/([^/]+)")
_PLAIN = re.compile(r"[a-z0-9-]+")
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_MODES = {"strict": "all-authenticated", "permissive": "all-unauthenticated"}
STRICTEST = ("deny", "audit", "cluster-authenticated", "all-authenticated", "all-unauthenticated")
"""Policies of a Server: where several are wished for, the first of these that is holds."""


def mtls(draft: Draft) -> None:
    """What happens to callers without an identity: at a port, at a workload, or in a namespace."""
    params = draft.params(Mtls)
    if params.mode == "off":
        draft.unsupported(
            "mode off is not possible: meshed pods always speak TLS to each other",
            "leave the pods out of the mesh (linkerd.io/inject: disabled), or let ports pass it by "
            "with config.linkerd.io/skip-inbound-ports",
        )
        return
    if params.scope in {"mesh", "namespace"} or draft.is_whole_mesh:
        _namespaces(draft, params)
        return
    if params.scope == "workload" and draft.behaviour.target.port is None:
        for port in draft.service.ports:
            _server(draft, params.mode, port.number)
        draft.note("ports of the pods that no Service names keep the namespace's policy")
        return
    number = draft.behaviour.target.port or draft.service.port.number
    draft.note(f"the policy (scope {params.scope}) is that of port {number}")
    _server(draft, params.mode, number)


def access(draft: Draft) -> None:
    """Policies that allow callers at a Server, or at some of its requests."""
    params = draft.params(Access)
    if draft.behaviour.source is not None:
        draft.dropped("source", "the callers are those in from")
    if draft.is_whole_mesh and not draft.world.services:
        nothing_known(draft)
    elif params.claims:
        draft.unsupported(
            "claims are not read by Linkerd: it knows identities of workloads only",
            "check the token in the service or at the gateway, and allow by identity here",
        )
    elif draft.is_whole_mesh:
        each_service(draft, _with_homes(params, draft.namespace), access)
    elif params.action == "audit":
        _audit(draft, params)
    elif params.action == "deny":
        _deny(draft, params)
    else:
        _allow(draft, params)


def _with_homes(params: Access, namespace: str) -> Access:
    """Callers that are named plainly with the namespace that they are looked for in."""
    callers = [
        replace(each, namespace=namespace)
        if each.namespace is None and _PLAIN.fullmatch(each.identity or "")
        else each
        for each in params.from_
    ]
    return replace(params, from_=tuple(callers))


def _namespaces(draft: Draft, params: Mtls) -> None:
    whole = params.scope == "mesh" or (draft.is_whole_mesh and params.scope != "namespace")
    names = [draft.namespace]
    if whole:
        names = list(dict.fromkeys([*names, *(each.namespace for each in draft.world.services)]))
        draft.nearly(
            "scope mesh is these namespaces; the chart's proxy.defaultInboundPolicy "
            f"({_MODES[params.mode]}) is for all of them"
        )
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "a namespace's policy is for all ports")
    if draft.behaviour.target.subset is not None:
        draft.dropped("subset", "a namespace's policy is for all pods")
    for name in names:
        said = {"config.linkerd.io/default-inbound-policy": _MODES[params.mode]}
        metadata = {"name": name, "annotations": said}
        draft.put({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    draft.note("pods learn of the namespace's policy when they start: restart them")


def _server(draft: Draft, mode: str, number: int) -> None:
    name = server(draft, number, access=_MODES[mode])
    if line_of(draft) < SERVER_LINE:
        if mode == "strict":
            identities = native(
                f"{POLICY}/v1alpha1",
                "MeshTLSAuthentication",
                f"{name}-meshed",
                draft.namespace,
                {"identities": ["*"]},
            )
            draft.put(identities)
            refs = [reference("MeshTLSAuthentication", f"{name}-meshed")]
        else:
            refs = [_network(draft, f"{name}-all", _EVERYWHERE)]
        _policy(draft, f"{name}-{mode}", reference("Server", name), refs)


def _audit(draft: Draft, params: Access) -> None:
    for word, given in (("from", params.from_), ("to", params.to)):
        if given:
            draft.dropped(word, "an audit shows what no policy allows, whoever sends it")
    if line_of(draft) < SERVER_LINE:
        draft.unsupported("audit came with Linkerd 2.16", "upgrade, or watch the proxies' metrics")
        return
    draft.nearly("audit lets everything in and logs what no policy allows")
    for number in _ports(draft, Operation()):
        server(draft, number, access="audit")


def _deny(draft: Draft, params: Access) -> None:
    everyone = all(each.identity == "*" and not each.namespace for each in params.from_)
    if not everyone or any(each.methods or each.paths for each in params.to):
        draft.unsupported(
            "deny of some is not possible: Linkerd's policies only allow, from and to say whom",
            "an access that allows the others; what no policy allows is refused",
        )
        return
    if any(each.cidr for each in params.from_):
        draft.unsupported(
            "deny from networks (cidr) is not possible", "an access that allows the other networks"
        )
        return
    for operation in params.to or (Operation(),):
        for number in _ports(draft, operation):
            server(draft, number, access="deny")


def _allow(draft: Draft, params: Access) -> None:
    refs = _authentications(draft, params.from_)
    for position, operation in enumerate(params.to or (Operation(),)):
        for number in _ports(draft, operation):
            name = server(draft, number, access="deny")
            target = reference("Server", name)
            if operation.methods or operation.paths:
                target = _route(draft, name, operation, position)
            for number_of, needed in enumerate(refs):
                parts = [name, draft.behaviour.name, str(position), str(number_of)]
                _policy(draft, "-".join(parts), target, needed)
    for number in _ports(draft, Operation()):
        server(draft, number, access="deny")  # what no allow takes is refused at the others too


def _ports(draft: Draft, operation: Operation) -> tuple[int, ...]:
    if operation.ports:
        return operation.ports
    port = draft.behaviour.target.port
    return (port,) if port else tuple(each.number for each in draft.service.ports)


def _policy(draft: Draft, name: str, target: dict[str, Any], refs: list[dict[str, Any]]) -> None:
    spec = {"targetRef": target, "requiredAuthenticationRefs": refs}
    draft.put(
        native(f"{POLICY}/v1alpha1", "AuthorizationPolicy", name, draft.service.namespace, spec)
    )


def _route(draft: Draft, server_of: str, operation: Operation, position: int) -> dict[str, Any]:
    """A route at a Server: some of its requests, for a policy to allow."""
    version = {12: "v1beta1", 13: "v1beta2"}.get(line_of(draft), "v1beta3")
    matches = []
    for path in operation.paths or ("",):
        for method in operation.methods or ("",):
            entry: dict[str, Any] = {"path": _path(path)} if path else {}
            matches.append({**entry, **({"method": method} if method else {})})
    name = f"{server_of}-{draft.behaviour.name}-{position}"
    spec = {"parentRefs": [reference("Server", server_of)], "rules": [{"matches": matches}]}
    draft.put(native(f"{POLICY}/{version}", "HTTPRoute", name, draft.service.namespace, spec))
    draft.note(
        "a request matches one route only: probes of the kubelet that none of the routes takes "
        "need a route and a policy of their own"
    )
    return reference("HTTPRoute", name)


def _path(path: str) -> dict[str, str]:
    if path in {"*", "/*"}:
        return {"type": "PathPrefix", "value": "/"}
    if path.endswith("*"):
        return {"type": "RegularExpression", "value": f"{re.escape(path[:-1])}.*"}
    if path.startswith("*"):
        return {"type": "RegularExpression", "value": f".*{re.escape(path[1:])}"}
    return {"type": "Exact", "value": path}


def _authentications(draft: Draft, callers: tuple[Caller, ...]) -> list[list[dict[str, Any]]]:
    """What each policy demands: the entries of one list all at once, any of the lists is enough."""
    base = f"{draft.service.name}-{draft.behaviour.name}"
    if not callers:
        return [[_network(draft, f"{base}-anyone", _EVERYWHERE)]]
    identities = [each for each in callers if each.cidr is None]
    networks = [each for each in callers if each.identity is None and each.namespace is None]
    both = [each for each in callers if each.cidr is not None and each not in networks]
    needed = []
    if identities:
        names = [_identity(draft, each) for each in identities]
        needed.append([_meshed(draft, base, names)])
    if networks:
        cidrs = tuple(each.cidr for each in networks if each.cidr is not None)
        needed.append([_network(draft, base, cidrs)])
    for number, caller in enumerate(both):
        name = f"{base}-both-{number}"
        meshed = _meshed(draft, name, [_identity(draft, caller)])
        needed.append([meshed, _network(draft, name, (caller.cidr or "",))])
    return needed


def _meshed(draft: Draft, name: str, identities: list[str]) -> dict[str, Any]:
    spec = {"identities": list(dict.fromkeys(identities))}
    draft.put(
        native(f"{POLICY}/v1alpha1", "MeshTLSAuthentication", name, draft.service.namespace, spec)
    )
    return reference("MeshTLSAuthentication", name)


def _network(draft: Draft, name: str, cidrs: tuple[str, ...]) -> dict[str, Any]:
    spec = {"networks": [{"cidr": each} for each in cidrs]}
    draft.put(
        native(f"{POLICY}/v1alpha1", "NetworkAuthentication", name, draft.service.namespace, spec)
    )
    return reference("NetworkAuthentication", name)


def _identity(draft: Draft, caller: Caller) -> str:
    """A caller as its proxy's certificate names it."""
    control = draft.world.mesh_namespace or "linkerd"
    name = caller.identity
    if name == "*" and caller.namespace is None:
        return "*"
    domain = draft.world.trust_domain
    account, namespace = "*", caller.namespace or ""
    spiffe = _SPIFFE.fullmatch(name) if name else None
    if spiffe:
        domain, namespace, account = spiffe.groups()
        if caller.namespace not in {None, namespace}:
            draft.nearly(f"namespace {caller.namespace} contradicts {name}, which holds")
    elif name and name != "*":
        known = draft.world.service(name, caller.namespace or draft.namespace)
        account, namespace = known.account or known.name, known.namespace
        if known.is_assumed:
            draft.note(f"{name} is taken to run as the account {account} in {namespace}")
    return f"{account}.{namespace}.serviceaccount.identity.{control}.{domain}"
