"""What is wrong in Kuma's native objects, seen without a cluster.

A name is looked up only where the objects that are given hold something of its kind: a set without
any Service says nothing about Services.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, name_of, namespace_of, of_kind, told

_ROUTES = ("MeshHTTPRoute", "MeshTCPRoute")
_REAL = ("Dataplane", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute")
_ENDED = (
    "MeshGateway",
    "MeshGatewayRoute",
    "MeshGatewayInstance",
    "MeshGatewayConfig",
    "ExternalService",
    "ZoneIngress",
    "ZoneEgress",
    "TrafficPermission",
    "TrafficRoute",
    "TrafficLog",
    "TrafficTrace",
    "HealthCheck",
    "CircuitBreaker",
    "Retry",
    "Timeout",
    "RateLimit",
    "FaultInjection",
    "VirtualOutbound",
    "ProxyTemplate",
)
_SELECTING_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def references(objects: Sequence[Object]) -> Sequence[Problem]:
    """Destinations and backends that name a service which is not among the Services given."""
    known = {(name_of(each), namespace_of(each)) for each in of_kind(objects, "Service")}
    known |= {(name_of(each), namespace_of(each)) for each in of_kind(objects, "MeshService")}
    if not known:
        return []
    found = []
    for policy in _policies(objects):
        for path, ref in _references(policy):
            aimed = _aimed(ref, policy)
            if aimed is not None and aimed not in known:
                name, namespace = aimed
                message = f"there is no service {name} in {namespace}"
                hint = "a backend that is not there is answered with 500 from 3.0 on"
                found.append(Problem(at(policy, path), message, hint=hint))
    return found


def weights(objects: Sequence[Object]) -> Sequence[Problem]:
    """Rules whose backends have no weight at all, so that nothing takes the requests."""
    found = []
    for kind in _ROUTES:
        for route in of_kind(objects, kind, "kuma.io"):
            for path, rule in _rules(route):
                refs = (rule.get("default") or {}).get("backendRefs") or []
                if refs and sum(int(each.get("weight", 1)) for each in refs) == 0:
                    where = at(route, f"{path}.default.backendRefs")
                    found.append(Problem(where, "the weights sum to 0", hint="give one of them 1"))
    return found


def selectors(objects: Sequence[Object]) -> Sequence[Problem]:
    """Policies of proxies that no workload given has the labels of."""
    pods = [_pod_labels(each) for kind in _SELECTING_WORKLOADS for each in of_kind(objects, kind)]
    if not pods:
        return []
    found = []
    for policy in _policies(objects):
        ref = (policy.get("spec") or {}).get("targetRef") or {}
        wanted = ref.get("labels") if ref.get("kind") == "Dataplane" else None
        if wanted and not any(wanted.items() <= labels.items() for labels in pods):
            message = "no workload has these labels, so the policy selects nothing"
            found.append(Problem(at(policy, "spec.targetRef.labels"), message))
    return found


def conflicts(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two routes of one place for one destination: only one of them counts, by its name."""
    seen: dict[str, Object] = {}
    found = []
    for kind in _ROUTES:
        for route in of_kind(objects, kind, "kuma.io"):
            for position, entry in enumerate(_spec(route).get("to") or []):
                key = f"{kind} {namespace_of(route)} {_spec(route).get('targetRef')} "
                key += str(entry.get("targetRef"))
                first = seen.setdefault(key, route)
                if first is not route:
                    where = at(route, f"spec.to[{position}].targetRef")
                    message = f"{told(first)} says where these requests go too"
                    found.append(Problem(where, message, hint="put the rules into one object"))
    return found


def ready_for_three(objects: Sequence[Object]) -> Sequence[Problem]:
    """What 3.0 refuses, or drops in silence: `from`, names, Mesh.mtls, the built-in gateway."""
    found = [
        Problem(told(each), f"3.0 has no {kind}", hint="delete or translate it before the upgrade")
        for kind in _ENDED
        for each in of_kind(objects, kind, "kuma.io")
    ]
    for mesh in of_kind(objects, "Mesh", "kuma.io"):
        if (_spec(mesh).get("mtls") or {}).get("enabledBackend"):
            message = "3.0 ignores mtls: without a MeshIdentity its proxies speak in clear"
            hint = "write a MeshIdentity, and a MeshTLS where the mode is PERMISSIVE"
            found.append(Problem(at(mesh, "spec.mtls"), message, hint=hint))
    for policy in _policies(objects):
        found += _old_policy(policy)
    return found


def _old_policy(policy: Object) -> Iterator[Problem]:
    spec = _spec(policy)
    if spec.get("from"):
        hint = "rules; clients are told apart by SPIFFE IDs there"
        yield Problem(at(policy, "spec.from"), "3.0 has no from and drops it", hint=hint)
    top = (spec.get("targetRef") or {}).get("kind", "Mesh")
    if top not in {"Mesh", "Dataplane"}:
        hint = "Mesh, or Dataplane with labels"
        yield Problem(at(policy, "spec.targetRef.kind"), f"3.0 refuses {top} here", hint=hint)
    for path, ref in _references(policy):
        if ref.get("kind") == "MeshServiceSubset":
            hint = "a Service, and with it a MeshService, for each subset"
            yield Problem(at(policy, path), "3.0 refuses MeshServiceSubset", hint=hint)
        elif ref.get("kind") in _REAL and ref.get("name"):
            hint = "labels: kuma.io/display-name, k8s.kuma.io/namespace"
            yield Problem(at(policy, path), "3.0 selects by labels, not by name", hint=hint)
    if policy.get("kind") == "MeshHTTPRoute" and not _is_open(policy):
        hint = "a last rule with the path prefix / and the service itself"
        message = "3.0 answers 404 to what no rule takes"
        yield Problem(at(policy, "spec.to"), message, hint=hint)


def _is_open(route: Object) -> bool:
    """Whether every entry has a rule that takes everything."""
    return all(
        any(_takes_all(rule) for rule in entry.get("rules") or [])
        for entry in _spec(route).get("to") or []
    )


def _takes_all(rule: Mapping[str, Any]) -> bool:
    for match in rule.get("matches") or []:
        path = match.get("path") or {"type": "PathPrefix", "value": "/"}
        if set(match) <= {"path"} and (path.get("type"), path.get("value")) == ("PathPrefix", "/"):
            return True
    return False


def _policies(objects: Sequence[Object]) -> Iterator[Object]:
    for each in objects:
        group = str(each.get("apiVersion", "")).partition("/")[0]
        if group == "kuma.io" and any(key in _spec(each) for key in ("to", "rules", "targetRef")):
            yield each


def _references(policy: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every reference to a destination, with where it stands."""
    for position, entry in enumerate(_spec(policy).get("to") or []):
        yield f"spec.to[{position}].targetRef", entry.get("targetRef") or {}
    for path, rule in _rules(policy):
        default = rule.get("default") or {}
        for place, ref in enumerate(default.get("backendRefs") or []):
            yield f"{path}.default.backendRefs[{place}]", ref
        for place, each in enumerate(default.get("filters") or []):
            mirror = (each.get("requestMirror") or {}).get("backendRef")
            if mirror:
                yield f"{path}.default.filters[{place}].requestMirror.backendRef", mirror


def _rules(route: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for position, entry in enumerate(_spec(route).get("to") or []):
        for place, rule in enumerate(entry.get("rules") or []):
            yield f"spec.to[{position}].rules[{place}]", rule


def _aimed(ref: Mapping[str, Any], policy: Object) -> tuple[str, str] | None:
    """The name and namespace that a reference to a MeshService comes to; None for others."""
    if ref.get("kind") != "MeshService":
        return None
    labels = ref.get("labels") or {}
    if "kuma.io/display-name" in labels and "k8s.kuma.io/namespace" in labels:
        return labels["kuma.io/display-name"], labels["k8s.kuma.io/namespace"]
    name = str(ref.get("name", ""))
    if "_svc" in name:
        own, _, rest = name.partition("_")
        return own, rest.partition("_")[0]
    return (name, ref.get("namespace") or namespace_of(policy)) if name else None


def _pod_labels(workload: Object) -> dict[str, str]:
    template = (_spec(workload).get("template") or {}).get("metadata") or {}
    return {**(template.get("labels") or {}), "k8s.kuma.io/namespace": namespace_of(workload)}


def _spec(each: Object) -> Mapping[str, Any]:
    return each.get("spec") or {}


VALIDATORS = {
    "references": references,
    "weights": weights,
    "selectors": selectors,
    "conflicts": conflicts,
    "ready-for-3": ready_for_three,
}
