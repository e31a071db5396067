"""mtls and access: identities, what inbounds accept, and who may call."""

from collections.abc import Iterator, Sequence
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.model import Kind
from meshery.behaviours.security import Access, Caller, Mtls
from meshery.meshes.kuma import era, references
from meshery.meshes.kuma.policy import API_VERSION, anyone, inbound, put

Object = dict[str, Any]

OPEN = "allow-mesh"
_NEW: Object = {"name": "ca-1", "type": "builtin"}
_MODES = {"strict": "Strict", "permissive": "Permissive"}
_SAID = {"allow": "allow", "deny": "deny", "audit": "allowWithShadowDeny"}


def mtls(draft: Draft) -> None:
    """Identities for the whole mesh; what inbounds accept for a scope of it."""
    params = draft.params(Mtls)
    if draft.behaviour.target.subset is not None and params.scope in {"mesh", "namespace"}:
        draft.dropped("subset", f"the scope {params.scope} takes in every subset")
    if params.mode == "off":
        _off(draft, params)
    elif _is_whole(draft, params):
        _whole(draft, params)
    else:
        _inbounds(draft, params)


def _is_whole(draft: Draft, params: Mtls) -> bool:
    """Whether the whole mesh is meant: every service of one namespace is not."""
    return params.scope == "mesh" or (draft.is_whole_mesh and params.scope != "namespace")


def _off(draft: Draft, params: Mtls) -> None:
    if _is_whole(draft, params) and not era.knows_clients_by_identity(draft.world):
        draft.put(_mesh(draft, {}))
        draft.note(f"mode off: the Mesh {draft.world.mesh} says mtls without a backend")
        return
    draft.unsupported(
        "mode off: what has an identity uses it, and no object takes an identity away",
        "permissive, which takes plain requests too; or delete the MeshIdentity (2.x: Mesh.mtls)",
    )


def _whole(draft: Draft, params: Mtls) -> None:
    world = draft.world
    if params.scope != "mesh":
        draft.note(f"scope {params.scope}: the target is the mesh, so it is said for all of it")
    if not era.knows_clients_by_identity(world):
        mode = "PERMISSIVE" if params.mode == "permissive" else "STRICT"
        draft.put(_mesh(draft, _authorities(draft, mode)))
    else:
        _identities(draft)
        conf = {"mode": _MODES[params.mode]}
        spec = {"targetRef": references.WHOLE_MESH, "rules": {"all": {"default": conf}}}
        put(draft, "MeshTLS", era.system_namespace(world), spec, "mesh")
    _open(draft)


def _identities(draft: Draft) -> None:
    """A MeshIdentity by the control plane's own authority; MeshTrust follows from it."""
    world = draft.world
    bundled = {
        "meshTrustCreation": "Enabled",
        "insecureAllowSelfSigned": True,
        "autogenerate": {"enabled": True},
    }
    spec = {
        "selector": {"dataplane": {"matchLabels": {}}},
        "spiffeID": {
            "trustDomain": world.trust_domain,
            "path": "/ns/{{ .Namespace }}/sa/{{ .ServiceAccount }}",
        },
        "provider": {"type": "Bundled", "bundled": bundled},
    }
    put(draft, "MeshIdentity", era.system_namespace(world), spec, "identity")
    draft.note("the control plane makes a MeshTrust of the MeshIdentity, signed by itself")


def _open(draft: Draft) -> None:
    """With identities nothing is allowed by itself; what was open stays open by this."""
    world = draft.world
    said = [anyone(world)] if era.knows_clients_by_identity(world) else [references.WHOLE_MESH]
    spec = {"targetRef": references.WHOLE_MESH, "said": {"allow": said}}
    put(draft, "MeshTrafficPermission", era.system_namespace(world), spec, OPEN)


def open_unless_allowed(drafts: Sequence[Draft]) -> None:
    """Takes the permission for everyone away where some service says whom it allows.

    Permissions add up: one for the whole mesh would let everybody into that service too.
    """
    if not any(_allows(draft) for draft in drafts):
        return
    for draft in drafts:
        kept = [each for each in draft.objects if each["metadata"]["name"] != OPEN]
        if len(kept) < len(draft.objects):
            draft.objects[:] = kept
            draft.note("a service says whom it allows: every other one needs an access of its own")


def _allows(draft: Draft) -> bool:
    params = draft.behaviour.params
    is_allow = isinstance(params, Access) and params.action == "allow"
    return draft.behaviour.kind is Kind.ACCESS and is_allow and bool(draft.objects)


def _inbounds(draft: Draft, params: Mtls) -> None:
    """MeshTLS of a namespace, a workload or a port."""
    world = draft.world
    if not era.has(world, "2.9"):
        draft.unsupported(
            "before 2.9 the mode is one for the whole mesh", "mtls with the scope mesh"
        )
        return
    conf = {"mode": _MODES[params.mode]}
    needed = "a MeshIdentity" if era.knows_clients_by_identity(world) else "Mesh.mtls"
    draft.note(f"it takes {needed}: mtls with the scope mesh")
    if params.scope == "namespace":
        draft.note(f"scope namespace: every proxy of {draft.namespace}")
        side = "rules" if era.has(world, "2.10") else "from"
        entry = {"default": conf}
        if side == "from":
            entry = {"targetRef": references.WHOLE_MESH, **entry}
        spec = {"targetRef": references.WHOLE_MESH, side: {"all": entry}}
        put(draft, "MeshTLS", draft.namespace, spec, "namespace")
        return
    if params.scope == "port" and draft.behaviour.target.port is None:
        draft.dropped("scope", "no port is named, so it holds for the workload")
    old = None if era.has(world, "2.10") else {"targetRef": references.WHOLE_MESH}
    inbound(draft, "MeshTLS", conf, clients=old)


def _mesh(draft: Draft, mtls: Object) -> Object:
    return native(API_VERSION, "Mesh", draft.world.mesh, "", {"mtls": mtls})


def _authorities(draft: Draft, mode: str) -> Object:
    """Mesh.mtls with the mode: of the authority in use, or of a new one of the control plane."""
    mesh = era.live_mesh(draft.world) or {}
    found = (mesh.get("spec") or {}).get("mtls") or {}
    enabled = found.get("enabledBackend")
    if not enabled:
        return {"enabledBackend": "ca-1", "backends": [_NEW | {"mode": mode}]}
    backends = [
        each | {"mode": mode} if each.get("name") == enabled else each
        for each in found.get("backends") or []
    ]
    return {"enabledBackend": enabled, "backends": backends}


def access(draft: Draft) -> None:
    """MeshTrafficPermission: clients by their identity; of a request it knows nothing."""
    params = draft.params(Access)
    if params.claims:
        draft.unsupported(
            "claims: tokens are not read by the mesh", "the client's identity, in from"
        )
        return
    if any(each.methods or each.paths for each in params.to):
        draft.unsupported(
            "to: a client may send every request or none; methods and paths are not looked at",
            "a service of its own for what is guarded, or a rule in the gateway or the application",
        )
        return
    found = list(_clients(draft, params))
    if not found:
        draft.unsupported(
            "from: none of these callers can be said; addresses are not looked at",
            "identities or namespaces, or a NetworkPolicy of Kubernetes",
        )
        return
    ports = [port for each in params.to for port in each.ports]
    asked = draft.behaviour.target.port
    wanted: list[int | None] = [*ports] or [asked]
    for port in wanted:
        _permission(draft, params, found, port)
    if ports and asked is not None and asked not in ports:
        draft.dropped("port", "to.ports says which ports are meant")


def _permission(draft: Draft, params: Access, clients: list[Object], port: int | None) -> None:
    if params.action == "audit":
        draft.nearly("what is audited is let in and logged as if it were denied; so it is allowed")
    if era.knows_clients_by_identity(draft.world):
        draft.note("only clients with an identity are known: a MeshIdentity has to select them")
    else:
        draft.note("clients are known by tags: the Mesh has to have mtls")
    said = {_SAID[params.action]: clients}
    if draft.is_whole_mesh:
        system = era.system_namespace(draft.world)
        spec = {"targetRef": references.WHOLE_MESH, "said": said}
        put(draft, "MeshTrafficPermission", system, spec, "mesh")
        return
    target, service = draft.behaviour.target, draft.service
    top = references.proxies(draft, service, target.subset, port)
    parts = [service.name, *(str(each) for each in (target.subset, port) if each is not None)]
    spec = {"targetRef": top, "said": said}
    put(draft, "MeshTrafficPermission", service.namespace, spec, "-".join(parts))


def _clients(draft: Draft, params: Access) -> Iterator[Object]:
    callers = params.from_
    source = draft.behaviour.source
    if source is not None and callers:
        draft.dropped("source", "from says who calls")
    elif source is not None:
        callers = (Caller(identity=source),)
    elif not callers:
        callers = (Caller(identity="*"),)
    for caller in callers:
        if caller.cidr is not None:
            draft.dropped("from", f"{caller.cidr}: clients are known by identity, not by address")
        elif era.knows_clients_by_identity(draft.world):
            yield {"spiffeID": _spiffe(draft, caller)}
        else:
            yield _tags(draft, caller)


def _spiffe(draft: Draft, caller: Caller) -> Object:
    domain = f"spiffe://{draft.world.trust_domain}"
    if caller.identity is None:
        return {"type": "Prefix", "value": f"{domain}/ns/{caller.namespace}/"}
    if caller.identity.startswith("spiffe://"):
        return {"type": "Exact", "value": caller.identity}
    if caller.identity != "*":
        service = draft.world.service(caller.identity, caller.namespace or "")
        return {"type": "Exact", "value": references.identity(draft.world, service)}
    below = f"{domain}/ns/{caller.namespace}/" if caller.namespace else f"{domain}/"
    return {"type": "Prefix", "value": below}


def _tags(draft: Draft, caller: Caller) -> Object:
    """A client by its tags (2.x): its service, or its namespace."""
    if caller.identity in {None, "*"}:
        if caller.namespace is None:
            return references.WHOLE_MESH
        return {"kind": "MeshSubset", "tags": {"k8s.kuma.io/namespace": caller.namespace}}
    identity = caller.identity or ""
    if identity.startswith("spiffe://"):
        tag = identity.rsplit("/", 1)[-1]
        draft.nearly(f"{identity}: the tag kuma.io/service {tag} is what stands for it here")
        return {"kind": "MeshSubset", "tags": {"kuma.io/service": tag}}
    return references.client_tags(draft, draft.world.service(identity, caller.namespace or ""))
