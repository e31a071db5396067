"""EgressNetworks of Linkerd read back, with the routes that say what is open at which port."""

from collections.abc import Sequence

from meshery.adapters.draft import Object
from meshery.meshes.gateway_reading import Document, parents
from meshery.meshes.linkerd.parts import POLICY
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation

_ANY_NAME = ("TLSRoute", "HTTPRoute", "GRPCRoute")
_EVERYTHING = ["0.0.0.0/0"]


def read_egress(notes: Translation, objects: Sequence[Object]) -> None:
    """Each EgressNetwork as an egress of the mesh: its networks and hosts, and their ports."""
    for made in of_kind(objects, "EgressNetwork", POLICY):
        hosts, ports = _opened(made, objects, _ANY_NAME)
        plain, more = _opened(made, objects, ("TCPRoute",))
        networks = dig(made, "spec.networks") or ()
        if any(each.get("except") for each in networks):
            notes.lost(made, "what is taken out of a network (except) is no behaviour")
        cidrs = [each["cidr"] for each in networks]
        params: Document = {}
        if dig(made, "spec.trafficPolicy") == "Allow" and not cidrs:
            params["defaultDeny"] = False
        elif plain is not None or dig(made, "spec.trafficPolicy") == "Allow":
            params["cidrs"] = cidrs or _EVERYTHING
        if hosts:
            params["hosts"] = hosts
        all_ports = sorted({*ports, *more})
        if all_ports:
            params["ports"] = all_ports
        if not set(params) - {"ports"}:
            notes.lost(made, "it shuts everything; an egress names what is open")
            continue
        if namespace_of(made) != "linkerd-egress":
            notes.lost(made, f"it holds for clients in {namespace_of(made)}; it is read for all")
        notes.behaviour(name_of(made), "egress", {"service": "*"}, params)


def _opened(
    made: Object, objects: Sequence[Object], kinds: Sequence[str]
) -> tuple[list[str] | None, list[int]]:
    """Host names and ports of the routes of a network; None where it has no such route."""
    names: dict[str, None] = {}
    ports: dict[int, None] = {}
    found = False
    for kind in kinds:
        for route in of_kind(objects, kind):
            for parent in parents(route, "EgressNetwork", POLICY):
                home = parent.get("namespace") or namespace_of(route)
                if (home, parent["name"]) == (namespace_of(made), name_of(made)):
                    found = True
                    names |= dict.fromkeys(dig(route, "spec.hostnames") or ())
                    ports |= dict.fromkeys([parent["port"]] if parent.get("port") else [])
    return (list(names) if found else None), list(ports)
