"""TrafficTarget with its routes: which accounts may send which requests. Nothing else may."""

import re
from collections.abc import Iterator
from typing import Any

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.rendering import Service
from meshery.behaviours.security import Access, Caller, Operation
from meshery.meshes.scope import not_narrowed, one_service
from meshery.meshes.smi.dialect import Dialect, pattern_regex
from meshery.meshes.smi.split import route_group

_SPIFFE = re.compile(r"spiffe://([^/]+)/ns/([^/]+)/sa/([^/]+)")
ONLY_ALLOW = "SMI allows and does nothing else: action {} has no object"
Account = tuple[str, str]


def write_access(draft: Draft, dialect: Dialect) -> None:
    """An allow as a TrafficTarget; SMI knows neither deny nor audit."""
    params = draft.params(Access)
    if params.action != "allow":
        why = ONLY_ALLOW.format(params.action)
        draft.unsupported(why, "allow the others: what no TrafficTarget takes is refused")
        return
    if not one_service(draft):
        return
    accounts = _accounts(draft, params)
    if not accounts:
        draft.unsupported(
            "from names nobody that SMI can name: a caller is a ServiceAccount",
            "name callers by identity, or tell of the services of the namespace",
        )
        return
    for claim in sorted(params.claims):
        draft.dropped(f"claims.{claim}", "SMI does not look into tokens")
    not_narrowed(
        draft,
        port="" if dialect.has_target_port else "to.ports says ports of routes",
        subset="a TrafficTarget is told of a ServiceAccount",
    )
    _put(draft, dialect, params, accounts)


def _put(draft: Draft, dialect: Dialect, params: Access, accounts: list[Account]) -> None:
    service = draft.service
    destination: dict[str, Any] = {
        "kind": "ServiceAccount",
        "name": service.account or service.name,
        "namespace": service.namespace,
    }
    port = _target_port(draft, dialect, params)
    if port is not None:
        destination["port"] = port
    spec = {
        "destination": destination,
        "rules": list(_rules(draft, dialect, params)),
        "sources": [
            {"kind": "ServiceAccount", "name": name, "namespace": namespace}
            for namespace, name in accounts
        ],
    }
    draft.put(
        native(
            f"access.smi-spec.io/{dialect.access}",
            "TrafficTarget",
            draft.behaviour.name,
            draft.namespace,
            spec,
        )
    )
    shared = [each.name for each in draft.world.services if _shares(each, service)]
    if shared:
        draft.nearly(f"the ServiceAccount is also that of {', '.join(shared)}: allowed there too")


def _rules(draft: Draft, dialect: Dialect, params: Access) -> Iterator[Object]:
    """The routes of the operations: requests as an HTTPRouteGroup, ports as a TCPRoute."""
    name, namespace = draft.behaviour.name, draft.namespace
    ports = sorted({port for operation in params.to for port in operation.ports})
    matches = [
        each
        for position, operation in enumerate(params.to)
        for each in _matches(operation, position, dialect)
    ]
    paths = [path for operation in params.to for path in operation.paths]
    if dialect.regex == "prefix" and any(_is_closed(path) for path in paths):
        draft.nearly("to.paths are taken as the beginning of a path, not the whole of it")
    if len(params.to) > 1 and ports and matches:
        draft.nearly("to.ports hold for all of the requests in to: SMI says them apart")
    is_tcp = draft.service.port.protocol in ("tcp", "tls")
    if matches or not (is_tcp or (ports and dialect.has_route_ports)):
        all_of_them = [{"name": "all", "pathRegex": ".*", "methods": ["*"]}]
        draft.put(route_group(name, namespace, matches or all_of_them, dialect=dialect))
        yield {"kind": "HTTPRouteGroup", "name": name}
    if is_tcp or (ports and dialect.has_route_ports):
        spec = {"matches": {"ports": ports}} if dialect.has_route_ports else {}
        api_version = f"specs.smi-spec.io/{dialect.specs}"
        draft.put(native(api_version, "TCPRoute", name, namespace, spec))
        yield {"kind": "TCPRoute", "name": name}


def _is_closed(path: str) -> bool:
    """Whether a path pattern says more than a beginning."""
    return not path.endswith("*") or (path.startswith("*") and len(path) > 1)


def _matches(operation: Operation, position: int, dialect: Dialect) -> Iterator[Object]:
    methods: list[str] = list(operation.methods) or ["*"]
    for index, path in enumerate(operation.paths):
        regex = pattern_regex(path, dialect)
        yield {"name": f"to-{position}-{index}", "pathRegex": regex, "methods": methods}
    if operation.methods and not operation.paths:
        yield {"name": f"to-{position}", "pathRegex": ".*", "methods": methods}


def _target_port(draft: Draft, dialect: Dialect, params: Access) -> int | None:
    """The one port of the destination, in dialects whose routes have none."""
    if not dialect.has_target_port:
        return None
    asked = {port for operation in params.to for port in operation.ports}
    if draft.behaviour.target.port is not None:
        asked.add(draft.behaviour.target.port)
    if len(asked) > 1:
        draft.dropped("to.ports", f"a TrafficTarget {dialect.access} takes one port or all")
        return None
    return next(iter(asked), None)


def _accounts(draft: Draft, params: Access) -> list[Account]:
    """The accounts of the callers, in the order in which they are named."""
    found: list[Account] = []
    if draft.behaviour.source is not None:
        if params.from_:
            draft.nearly("source and from are both given: callers are those of from and source")
        found.append(_account(draft.world.service(draft.behaviour.source, draft.namespace)))
    for position, caller in enumerate(params.from_):
        found += _accounts_of(draft, caller, f"from[{position}]")
    if not params.from_ and draft.behaviour.source is None:
        draft.nearly("from is everybody: SMI names each caller, so it is the accounts known now")
        found += _known(draft, "")
    return list(dict.fromkeys(found))


def _accounts_of(draft: Draft, caller: Caller, place: str) -> list[Account]:
    if caller.cidr is not None:
        draft.dropped(f"{place}.cidr", "SMI names accounts, not addresses")
    if caller.identity is None or caller.identity == "*":
        if caller.identity is None and caller.namespace is None:
            return []
        told = f"namespace {caller.namespace}" if caller.namespace else "*"
        draft.nearly(f"{place} is {told}: SMI names each caller, so it is the accounts known now")
        return _known(draft, caller.namespace or "")
    spiffe = _SPIFFE.fullmatch(caller.identity)
    if spiffe is not None and spiffe[1] == draft.world.trust_domain:
        return [(spiffe[2], spiffe[3])]
    if caller.identity.startswith("spiffe://"):
        why = f"it is no ServiceAccount of the trust domain {draft.world.trust_domain}"
        draft.dropped(f"{place}.identity", why)
        return []
    return [_account(draft.world.service(caller.identity, caller.namespace or ""))]


def _known(draft: Draft, namespace: str) -> list[Account]:
    target = draft.service
    return [
        _account(each)
        for each in draft.world.services
        if namespace in ("", each.namespace) and each != target
    ]


def _account(service: Service) -> Account:
    return service.namespace, service.account or service.name


def _shares(other: Service, service: Service) -> bool:
    return other.name != service.name and _account(other) == _account(service)
