"""What is wrong in Cilium's native objects, seen without a cluster.

A name is looked up only where the objects that are given hold something of its kind: a set without
any Service says nothing about Services.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, name_of, namespace_of, of_kind, told

_GROUP = "cilium.io"
_CONFIGS = ("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig")
_POLICIES = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def references(objects: Sequence[Object]) -> Sequence[Problem]:
    """Services that are taken over or sent to, and are not among the Services given."""
    known = {(name_of(each), namespace_of(each)) for each in of_kind(objects, "Service")}
    if not known:
        return []
    found = []
    for config in _configs(objects):
        for part in ("services", "backendServices"):
            for place, each in enumerate(_spec(config).get(part) or []):
                home = str(each.get("namespace") or namespace_of(config))
                if part == "services" and config.get("kind") == "CiliumEnvoyConfig":
                    home = namespace_of(config)  # whatever it says: its own namespace counts
                if (str(each.get("name")), home) not in known:
                    message = f"there is no service {each.get('name')} in {home}"
                    found.append(Problem(at(config, f"spec.{part}[{place}]"), message))
    return found


def clusters(objects: Sequence[Object]) -> Sequence[Problem]:
    """Routes to clusters that the same object does not have."""
    found = []
    for config in _configs(objects):
        known = {each.get("name") for each in _resources(config, "Cluster")}
        for path, name, _ in _destinations(config):
            if name not in known:
                hint = "a Cluster of this name, of type EDS, in the same object"
                message = f"there is no cluster {name}"
                found.append(Problem(at(config, path), message, hint=hint))
    return found


def weights(objects: Sequence[Object]) -> Sequence[Problem]:
    """Weighted clusters that have no weight at all: Envoy refuses them."""
    found = []
    for config in _configs(objects):
        totals: dict[str, int] = {}
        for path, _, weight in _destinations(config):
            if weight is not None:
                group = path.rpartition(".clusters")[0]
                totals[group] = totals.get(group, 0) + weight
        for group, total in totals.items():
            if total == 0:
                where = at(config, group)
                found.append(Problem(where, "the weights sum to 0", hint="give one of them 1"))
    return found


def selectors(objects: Sequence[Object]) -> Sequence[Problem]:
    """Policies of pods that no workload given has the labels of."""
    workloads = [each for kind in _WORKLOADS for each in of_kind(objects, kind)]
    pods = [(_labels(each), namespace_of(each)) for each in workloads]
    if not pods:
        return []
    found = []
    for policy in of_kind(objects, "CiliumNetworkPolicy", _GROUP):
        wanted = (_spec(policy).get("endpointSelector") or {}).get("matchLabels") or {}
        home = namespace_of(policy)
        if wanted and not any(
            wanted.items() <= labels.items() for labels, where in pods if where == home
        ):
            message = f"no workload in {home} has these labels, so the policy selects nothing"
            found.append(Problem(at(policy, "spec.endpointSelector.matchLabels"), message))
    return found


def conflicts(objects: Sequence[Object]) -> Sequence[Problem]:
    """Two objects that take one port of a service over: Cilium does not put them together."""
    seen: dict[tuple[str, str, str], Object] = {}
    found = []
    for config in _configs(objects):
        for place, each in enumerate(_spec(config).get("services") or []):
            home = str(each.get("namespace") or namespace_of(config))
            for port in each.get("ports") or ["every port"]:
                first = seen.setdefault((str(each.get("name")), home, str(port)), config)
                if first is not config:
                    message = f"{told(first)} takes over {each.get('name')} ({port}) too"
                    where = at(config, f"spec.services[{place}]")
                    hint = "one object for each port of a service"
                    found.append(Problem(where, message, hint=hint))
    return found


def ready_for_next(objects: Sequence[Object]) -> Sequence[Problem]:
    """Mutual authentication by policies: deprecated in 1.20, to be removed after it."""
    found = []
    for kind in _POLICIES:
        for policy in of_kind(objects, kind, _GROUP):
            for side in ("ingress", "egress"):
                for place, rule in enumerate(_spec(policy).get(side) or []):
                    if rule.get("authentication"):
                        where = at(policy, f"spec.{side}[{place}].authentication")
                        message = "authentication in policies is deprecated since 1.20"
                        hint = "encryption.type ztunnel, and io.cilium/mtls-enabled on namespaces"
                        found.append(Problem(where, message, hint=hint))
    return found


def denials(objects: Sequence[Object]) -> Sequence[Problem]:
    """Denies that look at requests, which the API refuses."""
    found = []
    for kind in _POLICIES:
        for policy in of_kind(objects, kind, _GROUP):
            for side in ("ingressDeny", "egressDeny"):
                for place, rule in enumerate(_spec(policy).get(side) or []):
                    if any(each.get("rules") for each in rule.get("toPorts") or []):
                        where = at(policy, f"spec.{side}[{place}].toPorts")
                        hint = "an allow of the requests that may pass"
                        message = "a deny is of ports, not of requests"
                        found.append(Problem(where, message, hint=hint))
    return found


def _destinations(config: Object) -> Iterator[tuple[str, str, int | None]]:
    """Each cluster that is led to: where it stands, its name, and its weight among others."""
    for position, made in enumerate(_spec(config).get("resources") or []):
        yield from _led_to(made, f"spec.resources[{position}]")


def _led_to(value: Any, path: str) -> Iterator[tuple[str, str, int | None]]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from _led_to(each, f"{path}[{place}]")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            inner = f"{path}.{key}"
            if key == "cluster" and isinstance(each, str):
                yield inner, each, None
            elif key in {"weighted_clusters", "weightedClusters"}:
                for place, share in enumerate(each.get("clusters") or []):
                    where = f"{inner}.clusters[{place}]"
                    yield where, str(share.get("name")), int(share.get("weight") or 0)
            else:
                yield from _led_to(each, inner)


def _configs(objects: Sequence[Object]) -> Iterator[Object]:
    for kind in _CONFIGS:
        yield from of_kind(objects, kind, _GROUP)


def _resources(config: Object, kind: str) -> Iterator[Mapping[str, Any]]:
    for each in _spec(config).get("resources") or []:
        if str(each.get("@type", "")).rpartition(".")[2] == kind:
            yield each


def _labels(workload: Object) -> Mapping[str, str]:
    template = _spec(workload).get("template") or {}
    return (template.get("metadata") or {}).get("labels") or {}


def _spec(found: Object) -> Mapping[str, Any]:
    return found.get("spec") or {}


VALIDATORS = {
    "references": references,
    "clusters": clusters,
    "weights": weights,
    "selectors": selectors,
    "conflicts": conflicts,
    "denials": denials,
    "ready-for-next": ready_for_next,
}
