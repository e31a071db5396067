"""egress and ingress: the mesh's edge."""

from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.adapters.ordering import is_at_least
from meshery.behaviours.edge import Egress, Ingress
from meshery.meshes.cilium.rule import API_VERSION, NAMESPACE, SYSTEM, port, put_policy
from meshery.meshes.gateway_ingress import put_gateway
from meshery.meshes.subsets import pod_labels, subset_service

Object = dict[str, Any]

CLASS = "cilium"
_NODES = {"egress-node": "true"}


def egress(draft: Draft) -> None:
    """A policy by names (through DNS) and networks; CiliumEgressGatewayPolicy for the way out."""
    params = draft.params(Egress)
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "what leaves a pod is told apart by where it goes")
    if params.via_gateway:
        _via_gateway(draft, params)
    rules = [_to_dns(), {"toEntities": ["cluster"]}, *_opened(draft, params)]
    if not params.default_deny:
        named = [name for name in ("hosts", "cidrs", "ports") if getattr(params, name)]
        if named:
            draft.note(f"{', '.join(named)}: defaultDeny is false, so everything else is open too")
        rules = [{"toEntities": ["all"]}]
    draft.note("calls within the cluster stay open")
    put_policy(draft, {"egress": rules}, "-egress")


def _opened(draft: Draft, params: Egress) -> list[Object]:
    ports = [{"ports": [port(each) for each in params.ports]}] if params.ports else []
    more: Object = {"toPorts": ports} if ports else {}
    found: list[Object] = []
    if params.hosts:
        draft.note("hosts are known by the DNS answers that pods get through Cilium's proxy")
        found.append({"toFQDNs": [_name(draft, each) for each in params.hosts], **more})
    if params.cidrs:
        found.append({"toCIDR": list(params.cidrs), **more})
    return found


def _name(draft: Draft, host: str) -> Object:
    if not host.startswith("*."):
        return {"matchName": host.lower()}
    if not is_at_least(draft.world.version, "1.19"):
        draft.nearly(f"{host}: the * stands for one label; names below it need a pattern each")
        return {"matchPattern": host.lower()}
    return {"matchPattern": f"*{host.lower()}"}


def _to_dns() -> Object:
    """Names can be told only where DNS goes through Cilium's proxy."""
    labels = {NAMESPACE: SYSTEM, "k8s:k8s-app": "kube-dns"}
    asked = {
        "ports": [{"port": "53", "protocol": "ANY"}],
        "rules": {"dns": [{"matchPattern": "*"}]},
    }
    return {"toEndpoints": [{"matchLabels": labels}], "toPorts": [asked]}


def _via_gateway(draft: Draft, params: Egress) -> None:
    """The node through which what leaves the cluster goes; its address is the source."""
    networks = [each for each in params.cidrs if _is_known(draft, each)]
    if params.hosts:
        draft.nearly("viaGateway knows networks, not hosts: everything outside goes through it")
        networks = ["0.0.0.0/0"]
    if params.ports:
        draft.nearly("viaGateway: all ports of these networks go through it")
    labels: Object = {}
    if not draft.is_whole_mesh:
        home = {NAMESPACE.removeprefix("k8s:"): draft.namespace}
        labels = {**pod_labels(draft, draft.service), **home}
        subset = draft.behaviour.target.subset
        labels |= draft.service.subset_labels(subset) if subset is not None else {}
    if not networks:
        return
    told = ", ".join(f"{key}: {value}" for key, value in _NODES.items())
    draft.note(f"it takes egressGateway.enabled, and a node with the label {told}")
    spec = {
        "selectors": [{"podSelector": {"matchLabels": labels} if labels else {}}],
        "destinationCIDRs": networks,
        "egressGateway": {"nodeSelector": {"matchLabels": _NODES}},
    }
    name = "mesh" if draft.is_whole_mesh else f"{draft.namespace}-{draft.service.name}"
    if draft.behaviour.target.subset is not None and not draft.is_whole_mesh:
        name += f"-{draft.behaviour.target.subset}"
    draft.put(native(API_VERSION, "CiliumEgressGatewayPolicy", name, "", spec))


def _is_known(draft: Draft, network: str) -> bool:
    if ":" in network and not is_at_least(draft.world.version, "1.18"):
        draft.dropped("viaGateway", f"{network}: an egress gateway of this version has IPv4 alone")
        return False
    return True


def ingress(draft: Draft) -> None:
    """A Gateway and its routes, of Cilium's class unless another is named."""
    params = draft.params(Ingress)
    if draft.behaviour.source is not None:
        draft.dropped("source", "who calls from outside is not told apart")
    draft.note("it takes gatewayAPI.enabled, and the Gateway API's own definitions")
    put_gateway(draft, class_name=params.gateway_class or CLASS, subset_service=subset_service)
