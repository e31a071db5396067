"""Destinations outside read back: ServiceDefaults with a destination, and who may call them."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.consul.edge import TERMINATING
from meshery.meshes.consul.parts import GROUP
from meshery.meshes.look import dig, name_of, namespace_of, of_kind
from meshery.meshes.translation import Translation, target

Document = dict[str, Any]


def destinations(objects: Sequence[Object]) -> dict[str, Object]:
    """ServiceDefaults that stand for something outside."""
    return {
        name_of(each): each
        for each in of_kind(objects, "ServiceDefaults", GROUP)
        if dig(each, "spec.destination")
    }


def read_egress(
    notes: Translation, objects: Sequence[Object], outside: Mapping[str, Object]
) -> None:
    """Each destination as an egress of each of its callers."""
    shut = [
        each
        for each in of_kind(objects, "Mesh", GROUP)
        if dig(each, "spec.transparentProxy.meshDestinationsOnly")
    ]
    if not outside:
        for each in shut:
            notes.lost(each, "everything outside is shut; an egress names what is open")
    led = {
        one["name"]
        for each in of_kind(objects, "TerminatingGateway", GROUP)
        for one in dig(each, "spec.services") or ()
    }
    callers = {
        name_of(each): _callers(each) for each in of_kind(objects, "ServiceIntentions", GROUP)
    }
    for name, made in outside.items():
        to = made["spec"]["destination"]
        params: Document = {"hosts": [], "cidrs": [], "ports": [to["port"]]}
        for address in to.get("addresses") or ():
            params["cidrs" if _is_address(address) else "hosts"].append(_written(address))
        whole = {key: value for key, value in params.items() if value}
        if name in led:
            whole["viaGateway"] = True
        else:
            notes.lost(made, f"no gateway leads to it; {TERMINATING} would")
        if not shut:
            whole["defaultDeny"] = False
        for caller in callers.get(name, []):
            at = {"service": "*"} if caller == "*" else target(caller, namespace_of(made))
            notes.behaviour(name, "egress", at, whole)
        if not callers.get(name):
            notes.lost(made, "nobody may call it; an egress opens it for somebody")


def _callers(made: Object) -> list[str]:
    return [
        str(each["name"])
        for each in dig(made, "spec.sources") or ()
        if each.get("action") == "allow"
    ]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _written(address: str) -> str:
    """An address as a network of one."""
    if not _is_address(address):
        return address
    return str(ipaddress.ip_network(address))
