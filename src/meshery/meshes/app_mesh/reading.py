"""Which service an App Mesh object stands for, and its matches in neutral words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.app_mesh.objects import GROUP
from meshery.meshes.look import dig, name_of, namespace_of, of_kind

_CLUSTER = ".svc.cluster.local"
_ELEMENTS = ("(/.*)?", "(?:/.*)?", "/.*")
_LITERAL = re.compile(r"(?:[^\\.^$*+?()\[\]{}|]|\\[^A-Za-z0-9])*")


def milliseconds(duration: Mapping[str, Any]) -> float:
    """A duration in milliseconds."""
    value = float(duration.get("value", 0))
    return value * 1000 if duration.get("unit") == "s" else value


class Nodes:
    """The services that nodes, routers and virtual services stand for."""

    def __init__(self, objects: Sequence[Object]) -> None:
        self._nodes = {
            (namespace_of(each), name_of(each)): each
            for each in of_kind(objects, "VirtualNode", GROUP)
        }
        self._services = list(of_kind(objects, "VirtualService", GROUP))
        self._selectors = [
            (namespace_of(each), dig(each, "spec.selector") or {}, name_of(each))
            for each in of_kind(objects, "Service", "")
        ]

    def is_inside(self, node: Object) -> bool:
        """Whether a node is pods of the cluster, not a host outside."""
        host = str(dig(node, "spec.serviceDiscovery.dns.hostname") or "")
        is_local = host.endswith(_CLUSTER) or "." not in host
        return is_local or dig(node, "spec.podSelector") is not None

    def own(self, node: Object) -> str:
        """The service of a node: that of its DNS name, of its pods, or of the node's own name."""
        host = str(dig(node, "spec.serviceDiscovery.dns.hostname") or "")
        if host and self.is_inside(node):
            return host.partition(".")[0]
        labels = dig(node, "spec.podSelector.matchLabels")
        for namespace, selector, name in self._selectors:
            if labels and (namespace, selector) == (namespace_of(node), labels):
                return name
        return name_of(node)

    def service(self, reference: Mapping[str, Any], namespace: str) -> str | None:
        """The service that a reference to a node leads to; None where the node is not there."""
        home = str(reference.get("namespace") or namespace)
        node = self._nodes.get((home, str(reference.get("name"))))
        if node is None:
            return None
        return self.own(node) if home == namespace else f"{self.own(node)}.{home}"

    def service_of_router(self, router: Object) -> str:
        """The service that a router provides, by its VirtualService."""
        for each in self._services:
            name = dig(each, "spec.provider.virtualRouter.virtualRouterRef.name")
            if name == name_of(router) and namespace_of(each) == namespace_of(router):
                return _called(each)
        return name_of(router)

    def service_of_virtual(self, reference: Mapping[str, Any], namespace: str) -> str:
        """The service of a reference to a VirtualService; of its own name where it is not there."""
        home = str(reference.get("namespace") or namespace)
        for each in self._services:
            if (namespace_of(each), name_of(each)) == (home, reference.get("name")):
                return _called(each)
        return str(reference.get("name"))

    def outside(self, node: Object) -> list[str]:
        """The hosts outside that a node may call, by its backends."""
        return [
            str(dig(each, "spec.serviceDiscovery.dns.hostname") or "")
            for each in self._backends(node)
        ]

    def ports(self, node: Object) -> list[int]:
        """The ports of those hosts."""
        return [
            int(dig(listener, "portMapping.port") or 0)
            for each in self._backends(node)
            for listener in dig(each, "spec.listeners") or []
        ]

    def _backends(self, node: Object) -> list[Object]:
        """The nodes outside that a node's backends lead to."""
        home, found = namespace_of(node), []
        for backend in dig(node, "spec.backends") or []:
            name = dig(backend, "virtualService.virtualServiceRef.name")
            for each in self._services:
                if (namespace_of(each), name_of(each)) != (home, name):
                    continue
                reference = dig(each, "spec.provider.virtualNode.virtualNodeRef.name")
                led = self._nodes.get((home, str(reference)))
                if led is not None and not self.is_inside(led):
                    found.append(led)
        return found


def read_match(given: Mapping[str, Any], field: str) -> tuple[dict[str, Any], list[str]]:
    """A match in neutral words, and the names of what they do not say."""
    match: dict[str, Any] = {}
    lost = [word for word in ("scheme", "serviceName", "methodName") if given.get(word)]
    if field != "tcpRoute":
        path = _path(given)
        if path:
            match["path"] = path
    if given.get("method"):
        match["method"] = given["method"]
    headers = given.get("headers") or given.get("metadata") or []
    if any((each.get("match") or {}).get("range") for each in headers):
        lost.append("a range of a header")
    if headers:
        match["headers"] = [_header(each) for each in headers]
    if given.get("queryParameters"):
        match["query"] = [
            {"name": each["name"], "exact": dig(each, "match.exact")}
            for each in given["queryParameters"]
        ]
    return match, lost


def _path(given: Mapping[str, Any]) -> dict[str, str] | None:
    if dig(given, "path.exact"):
        return {"exact": given["path"]["exact"]}
    regex = str(dig(given, "path.regex") or "")
    for end in _ELEMENTS:
        body = regex.removesuffix(end)
        if regex.endswith(end) and body and _LITERAL.fullmatch(body):
            return {"prefix": re.sub(r"\\(.)", r"\1", body)}
    if regex:
        return {"regex": regex}
    prefix = str(given.get("prefix") or "/")
    if prefix == "/":
        return None
    return {"prefix": prefix} if prefix.endswith("/") else {"regex": f"{re.escape(prefix)}.*"}


def _header(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": given["name"]}
    conditions = given.get("match") or {}
    for word in ("exact", "prefix", "suffix", "regex"):
        if conditions.get(word):
            found[word] = conditions[word]
    if given.get("invert"):
        found["invert"] = True
    return found


def _called(service: Object) -> str:
    """The Kubernetes service that a VirtualService is called by."""
    name = str(dig(service, "spec.awsName") or name_of(service))
    return name.partition(".")[0] if name.endswith(_CLUSTER) else name_of(service)
