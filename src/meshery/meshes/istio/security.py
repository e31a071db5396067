"""Trust: mtls and access.

Source: Istio's references of PeerAuthentication, AuthorizationPolicy and RequestAuthentication, and
its guides of ambient mode, 1.31, read on 2026-11-22.
"""

from collections.abc import Sequence
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.security import Access, Caller, Mtls, Operation
from meshery.meshes.istio.drafting import (
    WAYPOINT_CLASS,
    is_ambient,
    pod_labels,
    waypoint,
)
from meshery.meshes.istio.naming import has, principal_of, root_namespace, security

Native = dict[str, Any]

MODES = {"strict": "STRICT", "permissive": "PERMISSIVE", "off": "DISABLE"}
ACTIONS = {"allow": "ALLOW", "deny": "DENY", "audit": "AUDIT"}

_SPIFFE = "spiffe://"


def mtls(draft: Draft) -> None:
    """PeerAuthentication: one of the mesh, of each namespace, and of each workload.

    Two of one scope would be read by their age, so the names are fixed by the scope.
    """
    params = draft.params(Mtls)
    target = draft.behaviour.target
    if params.mode == "off" and is_ambient(draft):
        draft.unsupported(
            "in ambient mode DISABLE is not heeded: the node encrypts what joins the mesh",
            "label the pods istio.io/dataplane-mode: none, which takes them out of the mesh",
        )
        return
    mode = {"mode": MODES[params.mode]}
    scope = _scope(draft, params)
    if scope in {"mesh", "namespace"}:
        whole_mesh = scope == "mesh"
        namespace = root_namespace(draft.world) if whole_mesh else draft.namespace
        _told_unused(draft, scope)
        draft.put(_peers(draft, "default", namespace, {"mtls": mode}))
        return
    spec: Native = {"selector": {"matchLabels": pod_labels(draft)}}
    if scope == "port":
        port = target.port or draft.service.port.number
        spec["portLevelMtls"] = {str(port): mode}
        draft.note(f"port {port} is that of the pods here, taken to be that of the service")
    else:
        spec["mtls"] = mode
    draft.put(_peers(draft, _workload(draft), draft.service.namespace, spec))


def access(draft: Draft) -> None:
    """An AuthorizationPolicy of the behaviour's name, with RequestAuthentication for claims."""
    params = draft.params(Access)
    if params.action == "audit":
        draft.nearly(
            "audit is told only by a telemetry provider that supports it, such as Stackdriver"
        )
    if is_ambient(draft) and _needs_waypoint(params):
        waypoint(draft)
        where = _target_refs(draft)
    else:
        where = _selector(draft)
        if is_ambient(draft):
            draft.note("the node's proxy does this; behind a waypoint it sees the waypoint call")
    rule = _rule(draft, params)
    if params.claims:
        _authentication(draft, params, where)
    spec = {**where, "action": ACTIONS[params.action], "rules": [rule]}
    api = security(draft.world)
    draft.put(native(api, "AuthorizationPolicy", draft.behaviour.name, _namespace(draft), spec))


def _scope(draft: Draft, params: Mtls) -> str:
    if draft.is_whole_mesh:
        if params.scope == "port":
            draft.dropped("scope", "Istio has modes of ports only for named workloads")
        of_namespace = draft.behaviour.target.namespace or params.scope == "namespace"
        return "namespace" if of_namespace else "mesh"
    return "port" if draft.behaviour.target.port and params.scope == "workload" else params.scope


def _told_unused(draft: Draft, scope: str) -> None:
    for field in ("port", "subset"):
        if getattr(draft.behaviour.target, field) is not None:
            draft.dropped(f"target.{field}", f"the scope is the {scope}")


def _peers(draft: Draft, name: str, namespace: str, spec: Native) -> Native:
    return native(security(draft.world), "PeerAuthentication", name, namespace, spec)


def _namespace(draft: Draft) -> str:
    if draft.is_whole_mesh:
        return draft.behaviour.target.namespace or root_namespace(draft.world)
    return draft.service.namespace


def _selector(draft: Draft) -> Native:
    if not draft.is_whole_mesh:
        return {"selector": {"matchLabels": pod_labels(draft)}}
    if draft.behaviour.target.subset is not None:
        draft.dropped("target.subset", "subsets belong to one service")
    return {}


def _target_refs(draft: Draft) -> Native:
    """What a policy at a waypoint is attached to: a Service, or every waypoint."""
    if draft.behaviour.target.subset is not None:
        draft.dropped("target.subset", "a waypoint's policy holds for the whole Service")
    if draft.is_whole_mesh:
        group = "gateway.networking.k8s.io"
        ref = {"group": group, "kind": "GatewayClass", "name": WAYPOINT_CLASS}
        if draft.behaviour.target.namespace:
            draft.dropped("target.namespace", "a policy of every waypoint stands in the root")
    else:
        ref = {"group": "", "kind": "Service", "name": draft.service.name}
    if not has(draft.world, "targetRefs"):
        return {"targetRef": ref}
    return {"targetRefs": [ref]}


def _needs_waypoint(params: Access) -> bool:
    """Whether the node's proxy, which sees connections only, cannot tell."""
    requests = any(each.methods or each.paths for each in params.to)
    return requests or bool(params.claims) or params.action == "audit"


def _rule(draft: Draft, params: Access) -> Native:
    rule: Native = {}
    callers = list(params.from_)
    when: list[Native] = []
    source = draft.behaviour.source
    if source is not None and callers:
        principal = principal_of(draft.world.service(source), draft.world)
        when.append({"key": "source.principal", "values": [principal]})
    elif source is not None:
        callers = [Caller(identity=source)]
    if callers:
        rule["from"] = [{"source": _source(draft, each)} for each in callers]
    operations = _operations(draft, params.to)
    if operations:
        rule["to"] = operations
    when += [
        {"key": f"request.auth.claims[{claim}]", "values": [value]}
        for claim, value in params.claims.items()
    ]
    if when:
        rule["when"] = when
    return rule


def _source(draft: Draft, caller: Caller) -> Native:
    made: Native = {}
    if caller.identity is not None:
        made["principals"] = [_principal(draft, caller.identity)]
    if caller.namespace is not None:
        made["namespaces"] = [caller.namespace]
    if caller.cidr is not None:
        made["ipBlocks"] = [caller.cidr]
    return made


def _principal(draft: Draft, identity: str) -> str:
    if identity == "*" or identity.startswith(_SPIFFE):
        return identity.removeprefix(_SPIFFE)
    service = draft.world.service(identity)
    if service.is_assumed:
        draft.note(f"{service.name} is taken to run as the ServiceAccount {service.account}")
    return principal_of(service, draft.world)


def _operations(draft: Draft, given: Sequence[Operation]) -> list[Native]:
    port = draft.behaviour.target.port
    given = given or ((Operation(ports=(port,)),) if port is not None else ())
    made: list[Native] = []
    for each in given:
        ports = each.ports or ((port,) if port is not None else ())
        if port is not None and each.ports and set(each.ports) != {port}:
            draft.dropped("target.port", "the operations name ports of their own")
        operation: Native = {}
        if each.methods:
            operation["methods"] = list(each.methods)
        if each.paths:
            operation["paths"] = list(each.paths)
        if ports:
            operation["ports"] = [str(number) for number in ports]
            draft.note("ports are those of the pods, taken to be those of the service")
        made.append({"operation": operation})
    return made


def _authentication(draft: Draft, params: Access, where: Native) -> None:
    """Tokens of the issuer are verified by the keys that it publishes (OpenID discovery)."""
    issuer = params.claims.get("iss")
    if issuer is None:
        draft.nearly(
            "claims hold for tokens that a RequestAuthentication of the target verifies; without "
            "the claim iss none can be written here"
        )
        return
    name = "all-services" if draft.is_whole_mesh else _workload(draft)
    spec = {**where, "jwtRules": [{"issuer": issuer}]}
    draft.note(f"the keys of {issuer} are asked of its OpenID discovery")
    api = security(draft.world)
    draft.put(native(api, "RequestAuthentication", name, _namespace(draft), spec))


def _workload(draft: Draft) -> str:
    """What objects are named after that select the target's pods."""
    subset = draft.behaviour.target.subset
    return f"{draft.service.name}-{subset}" if subset else draft.service.name
