"""Ways to the pods behind an object: which pod, and which of its ports, answers for it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from meshery.apply.target import Endpoint, Object, Ref
from meshery.core.errors import NotFoundError, UnavailableError, UnsupportedError
from meshery.kube.client import KubeClient
from meshery.kube.listing import Selection, list_all
from meshery.kube.portforward import port_forward
from meshery.kube.readiness import readiness
from meshery.kube.streams import PODS

_DEFAULT = "kubectl.kubernetes.io/default-container"
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})


@asynccontextmanager
async def reaching(
    client: KubeClient, ref: Ref, document: Object, *, port: int
) -> AsyncIterator[Endpoint]:
    """An address that leads to `port` of `ref` (0: its first) while the context is open.

    UnsupportedError for a kind without pods, NotFoundError without that port, UnavailableError
    when no pod of it is ready.
    """
    pod = await _ready_pod(client, ref, document)
    number = port_at(ref, document, pod, port)
    name = str(pod["metadata"]["name"])
    async with port_forward(client, name, number, namespace=ref.namespace) as forward:
        yield Endpoint(forward.host, forward.port, _authority(ref))


async def _ready_pod(client: KubeClient, ref: Ref, document: Object) -> Object:
    if ref.kind == "Pod":
        return document
    labels = selector_of(ref, document)
    selection = Selection(namespace=ref.namespace, labels=labels)
    items, _ = await list_all(client, PODS, selection=selection)
    pods = sorted((item.document() for item in items), key=lambda pod: pod["metadata"]["name"])
    ready = [pod for pod in pods if readiness(pod).is_ready and _runs(pod)]
    if not ready:
        reasons = "; ".join(
            f"{pod['metadata']['name']} {readiness(pod).reason}" for pod in pods[:3]
        )
        raise UnavailableError(
            f"no pod of {ref} is ready",
            cause=reasons or f"no pod has the labels {labels}",
            remedy=f"look at them: kubectl get pods -n {ref.namespace} -l '{labels}'",
            code="meshery.kube.no_pod",
        )
    return ready[0]


def _runs(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("phase") == "Running")


def selector_of(ref: Ref, document: Object) -> str:
    """The label selector of its pods, in the API's grammar."""
    spec = document.get("spec") or {}
    if ref.kind == "Service":
        selector: Mapping[str, Any] = {"matchLabels": spec.get("selector") or {}}
    elif ref.kind in WORKLOADS:
        selector = spec.get("selector") or {}
    else:
        raise UnsupportedError(f"{ref} has no pods; a Service, a workload and a Pod have them")
    terms = [f"{name}={value}" for name, value in (selector.get("matchLabels") or {}).items()]
    terms += [_term(each) for each in selector.get("matchExpressions") or ()]
    if not terms:
        raise UnsupportedError(
            f"{ref} selects no pods", cause="it has no selector", remedy="name what stands behind"
        )
    return ",".join(terms)


def _term(expression: Mapping[str, Any]) -> str:
    name, how = expression["key"], expression["operator"]
    values = ",".join(expression.get("values") or ())
    forms = {
        "In": f"{name} in ({values})",
        "NotIn": f"{name} notin ({values})",
        "Exists": str(name),
        "DoesNotExist": f"!{name}",
    }
    return forms[how]


def port_at(ref: Ref, document: Object, pod: Object, wanted: int) -> int:
    """The number, at the pod, of a port of `ref`."""
    if ref.kind != "Service":
        # A workload's own template, not the pod: what a mesh injected is not what is meant.
        template = pod if ref.kind == "Pod" else document["spec"]["template"]
        numbers = [int(each["containerPort"]) for each in _container_ports(template)]
        if wanted or numbers:
            return wanted or numbers[0]
        raise NotFoundError(f"{ref} names no port", remedy="say which one")
    ports = (document.get("spec") or {}).get("ports") or []
    found = next((each for each in ports if wanted in {0, each["port"]}), None)
    if found is None:
        has = ", ".join(str(each["port"]) for each in ports)
        raise NotFoundError(f"{ref} has no port {wanted}", cause=f"it has {has or 'none'}")
    target = found.get("targetPort") or found["port"]
    if isinstance(target, int):
        return target
    named = [each for each in _container_ports(pod) if each.get("name") == target]
    if not named:
        raise NotFoundError(
            f"port {found['port']} of {ref} leads nowhere",
            cause=f"pod {pod['metadata']['name']} has no port called {target}",
        )
    return int(named[0]["containerPort"])


def _container_ports(pod: Object) -> Sequence[Mapping[str, Any]]:
    """Those of the default container first, those of native sidecars last."""
    spec = pod.get("spec") or {}
    marks = (pod.get("metadata") or {}).get("annotations") or {}
    containers = sorted(
        spec.get("containers") or (), key=lambda each: each.get("name") != marks.get(_DEFAULT)
    )
    containers += spec.get("initContainers") or ()
    return [port for each in containers for port in each.get("ports") or ()]


def _authority(ref: Ref) -> str:
    return f"{ref.name}.{ref.namespace}.svc" if ref.kind == "Service" else ref.name
