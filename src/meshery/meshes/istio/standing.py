"""Objects of a host that stand already under another name: what is rendered goes into them.

Two VirtualServices, or two DestinationRules, of one host do not add up: one of them is heeded. So
the rules of one that stands are kept beside ours, and ours take its name. One that cannot be joined
(it is for several hosts, or asks for what no condition says) is told of instead.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from meshery.adapters.draft import Draft, laid_over
from meshery.behaviours.model import Behaviour, Kind, Target
from meshery.behaviours.rendering import World
from meshery.behaviours.traffic import Route
from meshery.meshes.istio.checks import host_in
from meshery.meshes.istio.naming import NETWORKING_GROUP
from meshery.meshes.istio.reading import conditions
from meshery.meshes.istio.rules import FORWARDS, Layer
from meshery.meshes.look import dig, name_of, namespace_of, of_kind, told

Native = dict[str, Any]
Place = tuple[str, str]


def place_of(made: Mapping[str, Any]) -> Place:
    """Namespace and name of an object."""
    metadata = made.get("metadata") or {}
    return str(metadata.get("namespace", "")), str(metadata.get("name", ""))


class Standing(msgspec.Struct, frozen=True):
    """What stands for a host: the object, and its rules as layers of a draft of its own."""

    made: Native
    layers: tuple[tuple[Draft, Layer], ...] = ()
    trouble: str = ""


def standing_rules(world: World, host: str, place: Place) -> Standing | None:
    """The VirtualService of a host for the mesh, unless it is the one that is rendered."""
    for each in _others(world, "VirtualService", place):
        hosts = [host_in(str(name), namespace_of(each)) for name in dig(each, "spec.hosts") or []]
        if host in hosts and "mesh" in (dig(each, "spec.gateways") or ["mesh"]):
            return _read(world, each, place[0], only=len(hosts) == 1)
    return None


def standing_rule(world: World, host: str, place: Place) -> Native | None:
    """The DestinationRule of a host in its own namespace, unless it is the one rendered."""
    for each in _others(world, "DestinationRule", place):
        own = host_in(str(dig(each, "spec.host")), namespace_of(each))
        if (
            own == host
            and namespace_of(each) == place[0]
            and not dig(each, "spec.workloadSelector")
        ):
            return each
    return None


def laid_on(standing: Native, spec: Native) -> Native:
    """A DestinationRule's spec, in the form of mappings, laid on one that stands."""
    below = {
        key: value for key, value in standing["spec"].items() if key not in {"subsets", "host"}
    }
    if "trafficPolicy" in below:
        below["trafficPolicy"] = _mapped(below["trafficPolicy"])
    subsets = {
        each["name"]: {
            **{key: value for key, value in each.items() if key != "name"},
            "labels": each.get("labels") or {},
            "trafficPolicy": _mapped(each.get("trafficPolicy") or {}),
        }
        for each in standing["spec"].get("subsets") or []
    }
    if subsets:
        below["subsets"] = subsets
    whole, _ = laid_over(below, spec)
    return {"host": spec["host"], **whole}


def renamed(
    drafts: Iterable[Draft], objects: Iterable[Native], names: Mapping[tuple[str, Place], Place]
) -> None:
    """Give objects the names of those that stand, in place."""
    for made in [*objects, *(each for draft in drafts for each in draft.objects)]:
        found = names.get((made["kind"], place_of(made)))
        if found is not None:
            made["metadata"]["namespace"], made["metadata"]["name"] = found


def _others(world: World, kind: str, place: Place) -> Iterable[Native]:
    return (
        each
        for each in of_kind(world.live, kind, NETWORKING_GROUP)
        if (namespace_of(each), name_of(each)) != place
    )


def _read(world: World, made: Native, namespace: str, *, only: bool) -> Standing:
    if not only or namespace_of(made) != namespace:
        return Standing(made, trouble="is for more than this host, or of another namespace")
    behaviour = Behaviour(told(made), Kind.ROUTE, Target(name_of(made)), Route())
    draft = Draft(behaviour, world)
    layers: list[tuple[Draft, Layer]] = []
    for rule in dig(made, "spec.http") or []:
        forward = {key: rule[key] for key in FORWARDS if key in rule}
        fields = {key: rule[key] for key in rule if key not in {*FORWARDS, "match"}}
        for condition in conditions(rule.get("match") or []):
            if condition is None:
                return Standing(made, trouble="asks for what cannot be joined with other rules")
            layers.append((draft, Layer(condition, forward, fields)))
    return Standing(made, tuple(layers))


def _mapped(policy: Native) -> Native:
    """A traffic policy with its ports as a mapping."""
    ports = {
        each["port"]["number"]: {key: value for key, value in each.items() if key != "port"}
        for each in policy.get("portLevelSettings") or []
    }
    made = {key: value for key, value in policy.items() if key != "portLevelSettings"}
    return {**made, "portLevelSettings": ports} if ports else made
