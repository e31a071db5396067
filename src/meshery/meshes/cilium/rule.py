"""Network policies: whom they are of, and how clients and ports are said in them.

While behaviours are rendered `authentication` stands beside `ingress`; `finished` puts it into each
rule, and adds the rule without which a policy would shut everybody out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.rendering import Service
from meshery.behaviours.security import Operation
from meshery.meshes.subsets import pod_labels

Object = dict[str, Any]

API_VERSION = "cilium.io/v2"
NAMESPACE = "k8s:io.kubernetes.pod.namespace"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
SYSTEM = "kube-system"
POLICY = "CiliumNetworkPolicy"
WHOLE = "CiliumClusterwideNetworkPolicy"
SELECTOR_OF_ALL: Object = {
    "matchExpressions": [{"key": NAMESPACE, "operator": "NotIn", "values": [SYSTEM]}]
}


def put_policy(draft: Draft, spec: Mapping[str, Any], suffix: str = "") -> None:
    """A policy of the target's pods: of the whole mesh, a service, or a subset of it."""
    if draft.is_whole_mesh:
        draft.note(f"every namespace but {SYSTEM} is meant")
        named = native(
            API_VERSION, WHOLE, f"mesh{suffix}", "", {"endpointSelector": SELECTOR_OF_ALL, **spec}
        )
        draft.put(named)
        return
    subset, service = draft.behaviour.target.subset, draft.service
    labels = {**pod_labels(draft, service)}
    if subset is not None:
        labels |= service.subset_labels(subset)
    parts = [service.name, *([subset] if subset else [])]
    whole = {"endpointSelector": {"matchLabels": labels}, **spec}
    name = "-".join(parts) + suffix
    draft.put(native(API_VERSION, POLICY, name, service.namespace, whole))


def finished(made: Object) -> Object:
    """A policy as it is sent."""
    if made["kind"] not in {POLICY, WHOLE}:
        return made
    spec = made["spec"]
    authentication = spec.pop("authentication", None)
    has_ingress = "ingress" in spec
    if not has_ingress and ("ingressDeny" in spec or authentication):
        who = "cluster" if (authentication or {}).get("mode") == "required" else "all"
        rule: Object = {"fromEntities": [who]}
        ports = spec.pop("ports", None)
        spec["ingress"] = [{**rule, **({"toPorts": [{"ports": ports}]} if ports else {})}]
    if has_ingress:
        # What is said of a port must not open what is shut.
        spec.pop("enableDefaultDeny", None)
    spec.pop("ports", None)
    if authentication:
        spec["ingress"] = [{**each, "authentication": authentication} for each in spec["ingress"]]
    return made


def selector(draft: Draft, service: Service) -> Object:
    """The pods of a service, as a client is said."""
    return {"matchLabels": {**pod_labels(draft, service), NAMESPACE: service.namespace}}


def port(number: int) -> Object:
    """A port of pods."""
    return {"port": str(number), "protocol": "TCP"}


def to_ports(draft: Draft, operations: Sequence[Operation]) -> list[Object]:
    """What may be asked at which ports of the pods; empty for everything."""
    asked = draft.behaviour.target.port
    if not operations:
        return [] if asked is None else [{"ports": [port(asked)]}]
    found = []
    for each in operations:
        numbers = each.ports or ((asked,) if asked is not None else _own_ports(draft))
        entry: Object = {"ports": [port(number) for number in numbers]}
        requests = _requests(each)
        if requests:
            entry["rules"] = {"http": requests}
        found.append(entry)
    draft.note("ports are those of the pods, where a Service may have others")
    return found


def _own_ports(draft: Draft) -> tuple[int, ...]:
    return tuple(each.number for each in draft.service.ports)


def _requests(operation: Operation) -> list[Object]:
    """Methods and paths are regexes of the whole text; the path has its query."""
    if not operation.methods and not operation.paths:
        return []
    paths = [{"path": _path(each)} for each in operation.paths] or [{}]
    methods: list[Object] = [{"method": each} for each in operation.methods] or [{}]
    return [{**method, **path} for method in methods for path in paths]


def _path(written: str) -> str:
    inner = re.escape(written.strip("*"))
    head = ".*" if written.startswith("*") else ""
    tail = ".*" if written.endswith("*") else "([?].*)?"
    return f"{head}{inner}{tail}"
