"""What is wrong with workloads and Services of an Istio mesh, seen in their objects alone.

These are the vetters of istio-vet that need no more than objects; the names are its own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.istio.naming import NETWORKING_GROUP, SECURITY_GROUP
from meshery.meshes.look import at, dig, name_of, namespace_of, of_kind

PROXY = "istio-proxy"
_PROTOCOLS = frozenset(
    ["http", "http2", "https", "grpc", "grpc-web", "tcp", "tls", "mongo", "mysql", "redis", "udp"]
)
_NAMES = (("app", "app.kubernetes.io/name"), ("version", "app.kubernetes.io/version"))
_SELECTING = (
    ("AuthorizationPolicy", SECURITY_GROUP, "selector.matchLabels"),
    ("PeerAuthentication", SECURITY_GROUP, "selector.matchLabels"),
    ("RequestAuthentication", SECURITY_GROUP, "selector.matchLabels"),
    ("Sidecar", NETWORKING_GROUP, "workloadSelector.labels"),
    ("EnvoyFilter", NETWORKING_GROUP, "workloadSelector.labels"),
    ("Gateway", NETWORKING_GROUP, "selector"),
)


def pods_in_mesh(objects: Sequence[Object]) -> Sequence[Problem]:
    """Pods without a sidecar in namespaces that ask for one: they are older than the label."""
    asking = {
        name_of(each)
        for each in of_kind(objects, "Namespace")
        if _labels(each).get("istio-injection") == "enabled" or "istio.io/rev" in _labels(each)
    }
    return [
        Problem(
            at(pod, "spec.containers"),
            f"has no {PROXY}, though its namespace asks for sidecars",
            hint="restart its workload; label it sidecar.istio.io/inject: false if that is meant",
        )
        for pod in of_kind(objects, "Pod")
        if namespace_of(pod) in asking and not _proxy(pod) and not _stands_aside(pod)
    ]


def mesh_version(objects: Sequence[Object]) -> Sequence[Problem]:
    """Sidecars of another version than the control plane's."""
    control = {
        _tag(each)
        for pod in of_kind(objects, "Pod")
        if _labels(pod).get("app") == "istiod"
        for each in dig(pod, "spec.containers") or []
    } - {""}
    if not control:
        return []
    found = []
    for pod in of_kind(objects, "Pod"):
        proxy = _proxy(pod)
        tag = _tag(proxy) if proxy else ""
        if tag and tag not in control:
            message = f"its sidecar is {tag}, the control plane {', '.join(sorted(control))}"
            found.append(Problem(at(pod, "spec.containers"), message, hint="restart its workload"))
    return found


def app_label(objects: Sequence[Object]) -> Sequence[Problem]:
    """Pods of the mesh without the labels that telemetry names them by."""
    return [
        Problem(
            at(pod, "metadata.labels"),
            f"has no label {names[0]}: telemetry cannot tell it from others",
            hint=f"label the pods {' or '.join(names)}",
        )
        for pod in of_kind(objects, "Pod")
        if _proxy(pod)
        for names in _NAMES
        if not any(name in _labels(pod) for name in names)
    ]


def service_port_prefix(objects: Sequence[Object]) -> Sequence[Problem]:
    """Ports of Services that say no protocol, by name or appProtocol (IST0118)."""
    found = []
    for service in of_kind(objects, "Service"):
        for position, port in enumerate(dig(service, "spec.ports") or []):
            name = str(port.get("name", ""))
            said = name in _PROTOCOLS or name.partition("-")[0] in _PROTOCOLS
            if not said and not port.get("appProtocol") and port.get("protocol") != "UDP":
                message = f"port {name or port.get('port')} says no protocol: Istio has to guess"
                place = at(service, f"spec.ports[{position}]")
                found.append(Problem(place, message, hint="name it http-..., or set appProtocol"))
    return found


def service_association(objects: Sequence[Object]) -> Sequence[Problem]:
    """Pods that two Services give different protocols at one port (IST0122)."""
    found = []
    for pod in of_kind(objects, "Pod"):
        said: dict[Any, set[str]] = defaultdict(set)
        for service in of_kind(objects, "Service"):
            selector = dig(service, "spec.selector") or {}
            if selector and namespace_of(service) == namespace_of(pod) and _meets(pod, selector):
                for port in dig(service, "spec.ports") or []:
                    said[port.get("targetPort", port.get("port"))].add(_protocol(port))
        for number, protocols in said.items():
            if len(protocols) > 1:
                told = " and ".join(sorted(protocols))
                message = f"port {number} is {told} in different Services"
                found.append(Problem(at(pod, "spec.containers"), message, hint="say one of them"))
    return found


def selecting_nothing(objects: Sequence[Object]) -> Sequence[Problem]:
    """Policies whose selector meets no pod (IST0127, IST0101)."""
    pods = list(of_kind(objects, "Pod"))
    if not pods:
        return []
    found = []
    for kind, group, path in _SELECTING:
        for each in of_kind(objects, kind, group):
            selector = dig(each, f"spec.{path}")
            anywhere = kind == "Gateway"
            if selector and not any(
                _meets(pod, selector)
                for pod in pods
                if anywhere or namespace_of(pod) == namespace_of(each)
            ):
                message = "no pod has these labels"
                found.append(Problem(at(each, f"spec.{path}"), message, hint="correct the labels"))
    return found


def _proxy(pod: Object) -> Mapping[str, Any] | None:
    for part in ("containers", "initContainers"):
        for each in dig(pod, f"spec.{part}") or []:
            if each.get("name") == PROXY:
                return dict(each)
    return None


def _stands_aside(pod: Object) -> bool:
    annotations = dig(pod, "metadata.annotations") or {}
    refused = "false" in {
        str(each.get("sidecar.istio.io/inject")) for each in (_labels(pod), annotations)
    }
    return refused or bool(dig(pod, "spec.hostNetwork"))


def _labels(found: Object) -> Mapping[str, Any]:
    return dict(dig(found, "metadata.labels") or {})


def _meets(pod: Object, selector: Mapping[str, Any]) -> bool:
    return selector.items() <= _labels(pod).items()


def _tag(container: Mapping[str, Any]) -> str:
    image = str(container.get("image", "")).partition("@")[0].rpartition("/")[2]
    tag = image.partition(":")[2]
    for flavour in ("-distroless", "-debug"):
        tag = tag.removesuffix(flavour)
    return tag


def _protocol(port: Mapping[str, Any]) -> str:
    name = str(port.get("name", "")).partition("-")[0]
    said = str(port.get("appProtocol") or (name if name in _PROTOCOLS else "unsaid"))
    return said.lower()
