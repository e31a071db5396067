"""Who may call, and whether callers without an identity are taken."""

import re
from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.rendering import Service
from meshery.behaviours.security import Access, Caller, Mtls, Operation
from meshery.meshes.consul.intentions import ALL, put_rule
from meshery.meshes.consul.parts import (
    enterprise,
    entry,
    http_targets,
    mirrored,
    since,
    whole_service,
)

_CONNECTIONS = "an access without methods and paths, which holds for connections"
_CONSUL_SPIFFE = re.compile(r"spiffe://[^/]+/.*svc/([^/]+)")
_SPIFFE = re.compile(r"spiffe://[^/]+/ns/([^/]+)/sa/([^/]+)")


def mtls(draft: Draft) -> None:
    """Consul's proxies always speak mutual TLS; permissive lets others past them too."""
    params = draft.params(Mtls)
    if params.mode == "off":
        draft.unsupported(
            "mode off is not possible: proxies of Consul always speak mutual TLS",
            f"permissive, or leave the pods out of the mesh ({INJECT}: false)",
        )
        return
    if not since(draft, "1.16"):
        _before(draft, params)
        return
    if params.scope == "port":
        draft.dropped("scope", "the mode holds for the whole service")
    whole_service(draft)
    if params.mode == "permissive":
        spec = {"allowEnablingPermissiveMutualTLS": True}
        draft.put(entry("Mesh", "mesh", control_namespace(draft), spec))
        draft.note("intentions are not followed for connections without mutual TLS")
    mode = {"mutualTLSMode": params.mode}
    if params.scope == "mesh" or (draft.is_whole_mesh and params.scope != "namespace"):
        draft.put(entry("ProxyDefaults", "global", control_namespace(draft), mode))
        return
    services = _of_namespace(draft) if params.scope == "namespace" else [draft.service]
    for service in services:
        draft.put(entry("ServiceDefaults", service.name, service.namespace, mode))


def access(draft: Draft) -> None:
    """Intentions: a deny wins, and what no allow takes is refused once there is one."""
    params = draft.params(Access)
    if draft.behaviour.source is not None:
        draft.dropped("source", "the callers are those in from")
    reason = _not_expressible(draft, params)
    if reason:
        draft.unsupported(*reason)
        return
    ports = [port for each in params.to for port in each.ports]
    if ports or draft.behaviour.target.port is not None:
        draft.note(f"the port asked for (to, target.port) is the only one of {draft.service.name}")
    permissions = _permissions(params.to)
    places = [(ALL if draft.is_whole_mesh else draft.service.name, draft.namespace)]
    if permissions is not None:
        # Consul takes no permissions in an intention for all services.
        services = http_targets(draft, alternative=_CONNECTIONS)
        if draft.fidelity == "unsupported":
            return
        places = [(each.name, each.namespace) for each in services]
    sources = _sources(draft, params.from_)
    if not sources:
        draft.unsupported(
            "from names a namespace of which no service is known: to Consul callers are services",
            "name the callers (identity), or Consul Enterprise, which knows namespaces",
        )
        return
    for name, namespace in places:
        put_rule(
            draft,
            name,
            namespace=namespace,
            action=params.action,
            sources=sources,
            permissions=permissions,
        )
    if params.action == "deny":
        draft.note("whom no rule names follows the default: Mesh, or the ACLs' default policy")


INJECT = "consul.hashicorp.com/connect-inject"


def control_namespace(draft: Draft) -> str:
    """Where config entries of the whole mesh stand."""
    return draft.world.mesh_namespace or "consul"


def _of_namespace(draft: Draft) -> list[Service]:
    """The services of the target's namespace; at least the target itself."""
    known = [each for each in draft.world.services if each.namespace == draft.namespace]
    if not known and draft.is_whole_mesh:
        draft.unsupported(
            f"scope namespace needs to know the services of {draft.namespace}: Consul takes a mode "
            "for one service or for the whole mesh",
            "scope mesh, one service by its name, or let discovery find the services first",
        )
        return []
    draft.nearly("scope namespace is each of its services that is known now")
    return known or [draft.service]


def _before(draft: Draft, params: Mtls) -> None:
    if params.mode == "strict":
        target = draft.behaviour.target
        asked = {
            "target": target.service,
            "namespace": draft.namespace,
            "port": target.port,
            "subset": target.subset,
            "scope": params.scope,
        }
        told = ", ".join(f"{word} {value}" for word, value in asked.items() if value is not None)
        draft.note(f"before Consul 1.16 everything is strict ({told}): there is nothing to write")
    else:
        draft.unsupported("mode permissive came with Consul 1.16", "upgrade to 1.16 or later")


def _not_expressible(draft: Draft, params: Access) -> tuple[str, str] | None:
    target = draft.behaviour.target
    ports = {port for each in params.to for port in each.ports}
    if target.port is not None:
        ports.add(target.port)
    if params.action == "audit":
        return ("audit is not possible: intentions allow or deny", "watch the proxies' metrics")
    if params.claims:
        return (
            "claims need a JWTProvider, which says whose tokens are believed",
            "write a JWTProvider, and its name with verifyClaims under jwt of the intentions",
        )
    if any(each.cidr is not None for each in params.from_):
        return (
            "cidr is not possible in from: intentions know services, not addresses",
            "name the callers by identity, or a NetworkPolicy of the cluster",
        )
    if target.subset is not None:
        return (
            "subset is not possible: intentions hold for a service with all of its subsets",
            "a service of its own for the subset",
        )
    own = {port.number for port in draft.service.ports}
    if ports and (draft.is_whole_mesh or ports != own):
        return (
            "port is not possible: intentions hold for a service with all of its ports",
            "a service of its own for each port, as Consul's injector registers them",
        )
    return None


def _permissions(operations: tuple[Operation, ...]) -> list[dict[str, Any]] | None:
    """Conditions on requests; None where there is none."""
    made = []
    for operation in operations:
        methods = {"methods": list(operation.methods)} if operation.methods else {}
        if not operation.paths and not methods:
            return None
        made += [{**_path(path), **methods} for path in operation.paths or ("",)]
    return made or None


def _path(path: str) -> dict[str, str]:
    if not path:
        return {}
    if path in {"*", "/*"}:
        return {"pathPrefix": "/"}
    if path.endswith("*"):
        return {"pathPrefix": path[:-1]} if path.startswith("/") else {"pathRegex": _regex(path)}
    return {"pathRegex": _regex(path)} if path.startswith("*") else {"pathExact": path}


def _regex(path: str) -> str:
    return ".*".join(re.escape(part) for part in path.split("*"))


def _sources(draft: Draft, callers: tuple[Caller, ...]) -> list[str]:
    if not callers:
        return [ALL]
    return list(dict.fromkeys(name for each in callers for name in _named(draft, each)))


def _named(draft: Draft, caller: Caller) -> list[str]:
    """A caller as names of services."""
    name = caller.identity
    if name is not None and name != "*":
        return [_service(draft, name, caller.namespace)]
    if caller.namespace is None:
        return [ALL]
    if enterprise(draft):
        return [_source(draft, ALL, caller.namespace)]
    known = [each.name for each in draft.world.services if each.namespace == caller.namespace]
    if known:
        draft.nearly(f"namespace {caller.namespace} is each of its services that is known now")
    return known


def _service(draft: Draft, identity: str, namespace: str | None) -> str:
    own = _CONSUL_SPIFFE.fullmatch(identity)
    if own:
        return _source(draft, own[1], namespace)
    kubernetes = _SPIFFE.fullmatch(identity)
    if kubernetes is None:
        name, _, written = identity.partition(".")
        return _source(draft, name, namespace or written.partition(".")[0])
    home, account = kubernetes.groups()
    if namespace not in {None, home}:
        draft.nearly(f"namespace {namespace} contradicts {identity}, which holds")
    for each in draft.world.services:
        if (each.namespace, each.account) == (home, account):
            return _source(draft, each.name, home)
    draft.nearly(f"{identity} is taken to be the service {account}: Consul names services")
    return _source(draft, account, home)


def _source(draft: Draft, name: str, namespace: str | None) -> str:
    """A service as a source: `NAME/NAMESPACE` where Enterprise has to be told the namespace."""
    if not namespace:
        return name
    if not enterprise(draft):
        draft.nearly(
            f"namespace {namespace} of {name} (from) is left out: without Enterprise one name is "
            "one service to Consul, whatever the namespace of its pods"
        )
        return name
    if name != ALL and namespace == draft.namespace:
        return name
    return f"{name}/{mirrored(draft, namespace)}"
