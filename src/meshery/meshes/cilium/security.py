"""mtls and access: what identities prove, and who may call."""

from collections.abc import Sequence
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.adapters.ordering import is_at_least
from meshery.behaviours.model import Kind
from meshery.behaviours.security import Access, Caller, Mtls
from meshery.meshes.cilium.rule import (
    ACCOUNT,
    API_VERSION,
    NAMESPACE,
    POLICY,
    WHOLE,
    port,
    put_policy,
    selector,
    to_ports,
)

Object = dict[str, Any]

_LABEL = "io.cilium/mtls-enabled"


def mtls(draft: Draft) -> None:
    """Authentication in a policy; from 1.21 on by the ztunnel of a namespace."""
    params = draft.params(Mtls)
    if draft.behaviour.target.subset is not None and params.scope in {"mesh", "namespace"}:
        draft.dropped("subset", f"the scope {params.scope} takes in every subset")
    if is_at_least(draft.world.version, "1.21"):
        _ztunnel(draft, params)
        return
    mode = "required" if params.mode == "strict" else "disabled"
    if mode == "required":
        draft.nearly(
            "who calls proves an identity before the first packet is let through; what is sent is "
            "encrypted by encryption.type (wireguard, ipsec) for all nodes, not by this"
        )
        draft.note("it takes authentication.mutual.spire; deprecated in 1.20, ztunnel replaces it")
    else:
        draft.nearly(f"mode {params.mode}: nothing is demanded, and a wider policy is overruled")
    _authentication(draft, params, {"mode": mode})


def _authentication(draft: Draft, params: Mtls, said: Object) -> None:
    """The policy of the scope: it lets the cluster in, as it was without a policy."""
    spec: Object = {"authentication": said}
    target = draft.behaviour.target
    if params.scope == "mesh" or (draft.is_whole_mesh and params.scope != "namespace"):
        draft.note(f"scope {params.scope}: a policy of the whole cluster")
        rule = {"fromEntities": ["cluster" if said["mode"] == "required" else "all"]}
        whole = {"endpointSelector": {}, "ingress": [rule], **spec}
        draft.put(native(API_VERSION, WHOLE, "authentication", "", whole))
    elif params.scope == "namespace":
        draft.note(f"scope namespace: every pod of {draft.namespace}")
        rule = {"fromEntities": ["cluster" if said["mode"] == "required" else "all"]}
        whole = {"endpointSelector": {}, "ingress": [rule], **spec}
        draft.put(native(API_VERSION, POLICY, "authentication", draft.namespace, whole))
    else:
        if params.scope == "port" and target.port is None:
            draft.dropped("scope", "no port is named, so it holds for the workload")
        if target.port is not None:
            spec["ports"] = [port(target.port)]
            _leave_others(draft, spec)
        put_policy(draft, spec)


def _leave_others(draft: Draft, spec: Object) -> None:
    """What is said of a port must not shut the others."""
    if is_at_least(draft.world.version, "1.16"):
        spec["enableDefaultDeny"] = {"ingress": False}
    else:
        draft.nearly("port: before 1.16 a policy of one port shuts the others of these pods")


def _ztunnel(draft: Draft, params: Mtls) -> None:
    if params.mode == "permissive":
        draft.unsupported(
            "mode permissive: a namespace is joined or it is not", "strict, or off, of a namespace"
        )
        return
    if draft.is_whole_mesh or params.scope == "mesh":
        draft.unsupported(
            "scope mesh: namespaces join one by one",
            f"mtls with the scope namespace, or the label {_LABEL} on each",
        )
        return
    draft.nearly(
        f"scope {params.scope}: a namespace joins as a whole; what runs between joined ones is "
        "encrypted, what comes from others is let in all the same"
    )
    if params.scope != "namespace":
        draft.dropped("scope", "only a namespace joins")
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "only a namespace joins")
    if draft.behaviour.target.subset is not None and params.scope != "namespace":
        draft.dropped("subset", "only a namespace joins")
    made = native("v1", "Namespace", draft.namespace, "", {})
    del made["spec"]
    made["metadata"]["labels"] = {_LABEL: "true" if params.mode == "strict" else "false"}
    draft.put(made)


def access(draft: Draft) -> None:
    """Rules of a CiliumNetworkPolicy: by identity, address, port, method and path."""
    params = draft.params(Access)
    refused = _refused(draft, params)
    if refused is not None:
        draft.unsupported(*refused)
        return
    clients = _clients(draft, params)
    ports = to_ports(draft, params.to)
    rules = [{**each, **({"toPorts": ports} if ports else {})} for each in clients]
    if not rules:
        draft.unsupported("from: none of these callers can be said", "identities or namespaces")
        return
    if params.action == "deny":
        draft.note("a deny wins; what no policy allows is let in by a rule for all beside it")
        put_policy(draft, {"ingressDeny": rules})
    else:
        put_policy(draft, {"ingress": rules})


def _refused(draft: Draft, params: Access) -> tuple[str, str] | None:
    if params.action == "audit":
        return (
            "audit: Cilium audits all policies of a node at once (policy-audit-mode) or none",
            "Hubble, which shows each verdict, or deny",
        )
    if params.claims:
        return "claims: tokens are not read by policies", "the client's identity, in from"
    sees_requests = any(each.methods or each.paths for each in params.to)
    if params.action == "deny" and sees_requests:
        return "to: a deny is of ports, not of methods and paths", "an allow of the others"
    if draft.is_whole_mesh and sees_requests and any(not each.ports for each in params.to):
        return (
            "to: methods and paths are looked at where a port is named",
            "name the ports too, in to",
        )
    return None


def _clients(draft: Draft, params: Access) -> list[Object]:
    callers, source = params.from_, draft.behaviour.source
    if source is not None and callers:
        draft.dropped("source", "from says who calls")
    elif source is not None:
        callers = (Caller(identity=source),)
    elif not callers:
        callers = (Caller(identity="*"),)
    endpoints, rules = [], []
    for each in callers:
        if each.cidr is not None and (each.identity is not None or each.namespace is not None):
            draft.dropped("from", f"{each.cidr}: pods are known by identity, not by address")
        if each.identity is None and each.namespace is None:
            draft.note("cidr: addresses outside the cluster; pods are known by identity")
            rules.append({"fromCIDR": [each.cidr]})
        elif each.identity == "*" and each.namespace is None:
            rules.append({"fromEntities": ["cluster" if params.action == "allow" else "all"]})
        else:
            found = _endpoint(draft, each)
            endpoints += [found] if found is not None else []
    return [*([{"fromEndpoints": endpoints}] if endpoints else []), *rules]


def _endpoint(draft: Draft, caller: Caller) -> Object | None:
    identity = caller.identity or "*"
    if identity == "*":
        return {"matchLabels": {NAMESPACE: caller.namespace}}
    if not identity.startswith("spiffe://"):
        return selector(draft, draft.world.service(identity, caller.namespace or ""))
    parts = identity.removeprefix("spiffe://").split("/")
    if len(parts) != 5 or (parts[1], parts[3]) != ("ns", "sa"):
        draft.dropped("from", f"{identity}: pods are known by namespace and account")
        return None
    draft.note(f"{identity} is said by its namespace and account")
    return {"matchLabels": {ACCOUNT: parts[4], NAMESPACE: parts[2]}}


def keep_closed(drafts: Sequence[Draft]) -> None:
    """Keeps policies of a wider scope from letting everybody into what says whom it allows.

    Policies add up. The wider one leaves those pods out, and its demand is made of their own rules.
    """
    allowed = [
        (draft, each)
        for draft in drafts
        for each in draft.objects
        if draft.behaviour.kind is Kind.ACCESS and "ingress" in each["spec"]
    ]
    for wide in drafts:
        for made in wide.objects if wide.behaviour.kind is Kind.MTLS else ():
            if made["metadata"]["name"] == "authentication":
                _leave_out(wide, made, [each for each in allowed if _is_below(made, each[1])])


def _is_below(made: Object, other: Object) -> bool:
    home = made["metadata"].get("namespace")
    return other["kind"] == POLICY and home in {None, other["metadata"]["namespace"]}


def _leave_out(wide: Draft, made: Object, allowed: Sequence[tuple[Draft, Object]]) -> None:
    without: dict[str, list[str]] = {}
    for draft, each in allowed:
        labels = each["spec"]["endpointSelector"]["matchLabels"]
        key = next(iter(labels))
        if labels[key] not in without.setdefault(key, []):
            without[key].append(labels[key])
        each["spec"]["authentication"] = made["spec"]["authentication"]
        draft.note(
            f"{wide.behaviour.name} is demanded of its callers too; addresses outside the cluster "
            "have no identity to prove"
        )
    if without:
        expressions = [
            {"key": key, "operator": "NotIn", "values": values} for key, values in without.items()
        ]
        made["spec"]["endpointSelector"] = {"matchExpressions": expressions}
        wide.note("pods of services that say whom they allow are left out, and asked there")
