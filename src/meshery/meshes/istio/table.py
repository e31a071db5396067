"""The render table: which function writes each kind, and how the objects are put together.

`rendered` serves meshes that speak Istio's API with a table of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from meshery.adapters.draft import Draft, Table, drafted, merged
from meshery.behaviours.model import Behaviour, Fidelity, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.meshes.istio.condition import Condition, is_unclear
from meshery.meshes.istio.destination_rules import finished
from meshery.meshes.istio.egress import egress
from meshery.meshes.istio.ingress import Entry, ingress
from meshery.meshes.istio.pressure import fault
from meshery.meshes.istio.rate_limits import rate_limit
from meshery.meshes.istio.resilience import ejection, limits, retry, timeout, trip
from meshery.meshes.istio.rules import Layer, Rule, assembled, narrowed, written
from meshery.meshes.istio.security import access, mtls
from meshery.meshes.istio.standing import (
    Place,
    laid_on,
    place_of,
    renamed,
    standing_rule,
    standing_rules,
)
from meshery.meshes.istio.traffic import locality, mirror, route, split
from meshery.meshes.look import told

Native = dict[str, Any]
Layers = dict[Place, list[tuple[Draft, Layer]]]

TABLE: Table = {
    Kind.RETRY: retry,
    Kind.TIMEOUT: timeout,
    Kind.LIMITS: limits,
    Kind.EJECTION: ejection,
    Kind.TRIP: trip,
    Kind.SPLIT: split,
    Kind.MIRROR: mirror,
    Kind.FAULT: fault,
    Kind.RATELIMIT: rate_limit,
    Kind.MTLS: mtls,
    Kind.ACCESS: access,
    Kind.ROUTE: route,
    Kind.EGRESS: egress,
    Kind.INGRESS: ingress,
    Kind.LOCALITY: locality,
}
"""Every kind: where Istio cannot do what is asked, the functions say so."""

ALTERNATIVES: Mapping[Kind, str] = {
    Kind.RETRY: "name the services; retries of all are meshConfig.defaultHttpRetryPolicy",
    Kind.MIRROR: "name the services whose requests are copied",
    Kind.TIMEOUT: "limit the request as a whole, by request, for services that are named",
    Kind.FAULT: "slow the service itself down, or inject a delay",
    Kind.EGRESS: "hold the pods back by a NetworkPolicy",
}
"""What comes nearest where nothing was left to write of a behaviour."""


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Istio's objects of behaviours."""
    return rendered(behaviours, world, TABLE, ALTERNATIVES, mesh="Istio")


def rendered(
    behaviours: Sequence[Behaviour],
    world: World,
    table: Table,
    alternatives: Mapping[Kind, str],
    *,
    mesh: str,
) -> Rendering:
    """Istio's objects, by a table; `mesh` is its title."""
    drafts = drafted(behaviours, world, table, alternatives, mesh=mesh)
    names: dict[tuple[str, Place], Place] = {}
    rules = _rules_of_hosts(drafts, world, names)
    made = merged(drafts)
    for each in made:
        if each["kind"] == "VirtualService":
            _write_rules(each, rules)
            _join_rules(each, world, names)
        elif each["kind"] == "DestinationRule":
            _join_rule(each, world, names)
    _tell_routes(drafts, rules)
    needed = finished([each for each in made if each["kind"] == "DestinationRule"])
    _tell_outliers(drafts, needed)
    renamed(drafts, made, names)
    for draft in drafts:
        if not draft.objects and draft.fidelity is Fidelity.APPROXIMATE:
            kind = draft.behaviour.kind
            nearest = alternatives.get(kind) or ALTERNATIVES.get(kind, "name the services")
            draft.unsupported("nothing is left of it to write", nearest)
    objects = tuple(
        msgspec.json.decode(msgspec.json.encode(each)) for each in made
    )  # nothing shared
    return Rendering(objects, tuple(draft.outcome() for draft in drafts))


def _rules_of_hosts(
    drafts: Iterable[Draft], world: World, names: dict[tuple[str, Place], Place]
) -> dict[Place, list[Rule]]:
    """The rules of each host's VirtualService, by its namespace and name."""
    layers: Layers = {}
    hosts: dict[Place, str] = {}
    for draft in drafts:
        for made in draft.objects:
            for each in _http(made):
                if isinstance(each, Layer):
                    layers.setdefault(place_of(made), []).append((draft, each))
                    hosts[place_of(made)] = made["spec"]["hosts"][0]
    rules = {}
    for place, own in layers.items():
        standing = standing_rules(world, hosts[place], place)
        kept = standing.layers if standing is not None else ()
        default = {"route": [{"destination": {"host": hosts[place]}}]}
        rules[place] = assembled(own, default, kept)
        if standing is not None and standing.trouble:
            for draft, _ in own:
                draft.nearly(f"{told(standing.made)} {standing.trouble}: one of the two is heeded")
        elif standing is not None:
            names["VirtualService", place] = place_of(standing.made)
    return rules


def _join_rules(made: Native, world: World, names: Mapping[tuple[str, Place], Place]) -> None:
    """Keep what else a VirtualService that stands says: its hosts, exports, other protocols."""
    place = names.get(("VirtualService", place_of(made)))
    for each in world.live:
        if each.get("kind") == "VirtualService" and place_of(each) == place:
            made["spec"] = {**each["spec"], "http": made["spec"]["http"]}


def _join_rule(made: Native, world: World, names: dict[tuple[str, Place], Place]) -> None:
    """Lay a DestinationRule on one that stands for its host."""
    if "workloadSelector" in made["spec"]:
        return
    standing = standing_rule(world, made["spec"]["host"], place_of(made))
    if standing is not None:
        made["spec"] = laid_on(standing, made["spec"])
        names["DestinationRule", place_of(made)] = place_of(standing)


def _write_rules(made: Native, rules: Mapping[Place, list[Rule]]) -> None:
    http = _http(made)
    if http and isinstance(http[0], Layer):
        made["spec"]["http"] = [written(each) for each in rules[place_of(made)]]
    elif http and isinstance(http[0], Entry):
        entries = sorted(http, key=lambda each: each.condition.specificity)
        made["spec"]["http"] = [written(rule) for each in entries for rule in _entered(each, rules)]


def _entered(entry: Entry, rules: Mapping[Place, list[Rule]]) -> list[Rule]:
    """The rules of the host that an entry leads to, for what comes by the entry."""
    to = entry.destination
    own = Rule(Condition(), {"route": [{"destination": to}]})
    known = [each for each in rules.get(entry.to, [own]) if _is_for(each, to)]
    if "subset" in to:
        return narrowed([msgspec.structs.replace(own, layers=known[-1].layers)], entry.condition)
    return [_at_port(each, to) for each in narrowed(known, entry.condition)]


def _is_for(rule: Rule, to: Native) -> bool:
    """Whether a rule holds for callers outside, at the port that an entry leads to."""
    number = to.get("port", {}).get("number")
    return rule.condition.caller is None and rule.condition.port in {None, number}


def _at_port(rule: Rule, to: Native) -> Rule:
    """The rule for a gateway, where a destination needs its port and a match knows no other."""
    condition = msgspec.structs.replace(rule.condition, port=None)
    route = [
        {**each, "destination": {**each["destination"], "port": to["port"]}}
        if "port" in to and each["destination"]["host"] == to["host"]
        else each
        for each in rule.forward.get("route", [])
    ]
    forward = {**rule.forward, "route": route} if route else rule.forward
    return msgspec.structs.replace(rule, condition=condition, forward=forward)


def _http(made: Native) -> list[Any]:
    if made["kind"] != "VirtualService":
        return []
    return list(made["spec"].get("http", []))


def _tell_routes(drafts: Iterable[Draft], rules: Mapping[Place, list[Rule]]) -> None:
    """What comes in by Gateway API looks at no VirtualService, and regexes cannot be repeated."""
    for draft in drafts:
        for made in draft.objects:
            for name in dict.fromkeys(_unheeded(made, rules)):
                draft.nearly(f"what is said of requests for {name} does not hold for these")
            for entry in _http(made):
                if isinstance(entry, Entry) and any(
                    is_unclear(entry.condition, each.condition) for each in rules.get(entry.to, [])
                ):
                    draft.nearly(
                        f"leaves out a rule of {entry.to[1]} that asks for a path by regex"
                    )


def _unheeded(made: Native, rules: Mapping[Place, list[Rule]]) -> Iterable[str]:
    """The services of an HTTPRoute whose hosts have rules."""
    if made["kind"] != "HTTPRoute":
        return
    own = made["metadata"]["namespace"]
    for rule in made["spec"]["rules"]:
        for each in rule["backendRefs"]:
            if (each.get("namespace", own), each["name"]) in rules:
                yield each["name"]


def _tell_outliers(drafts: Iterable[Draft], hosts: set[str]) -> None:
    for draft in drafts:
        if draft.behaviour.kind is not Kind.LOCALITY:
            continue
        if any(each["spec"].get("host") in hosts for each in draft.objects):
            draft.note(
                "locality needs to know which instances fail: Istio's own outlier detection is "
                "written, an ejection behaviour says it in your words"
            )
