"""Policies as they grow: what several behaviours say of one destination becomes one object.

While behaviours are rendered, `to` and `rules` are mappings (a destination or a group of clients to
what is said of it), so that two behaviours meet in one entry; lists that are said as a whole are
tuples, so that a later one replaces an earlier one. `finished` makes the lists of them that the
API wants.
"""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.behaviours.rendering import ServicePort, World
from meshery.core.durations import format_duration
from meshery.meshes.kuma import era, references
from meshery.meshes.subsets import subset_service, target_port

Object = dict[str, Any]

API_VERSION = "kuma.io/v1alpha1"


def outbound(draft: Draft, kind: str, default: Mapping[str, Any]) -> None:
    """A policy of what callers do towards the target (`to`)."""
    put_outbound(draft, kind, {_slot(draft): {"targetRef": _aimed(draft), "default": default}})


def put_outbound(draft: Draft, kind: str, to: Mapping[str, Any], name: str = "") -> None:
    """A policy of what callers do, with the entries of its `to` given."""
    if not to:
        return
    caller = references.source(draft)
    if caller is None:
        namespace = era.system_namespace(draft.world)
        top = references.WHOLE_MESH
        draft.note(f"a system policy in {namespace}: every caller is meant, wherever it lives")
    else:
        namespace = caller.namespace
        top = references.proxies(draft, caller)
        draft.note(f"a policy in {namespace}, where {caller.name} lives: its own calls are meant")
    put(draft, kind, namespace, {"targetRef": top, "to": dict(to)}, name)


def inbound(
    draft: Draft, kind: str, default: Mapping[str, Any], *, clients: Mapping[str, Any] | None = None
) -> None:
    """A policy of what the target's proxies do with what they receive (`rules`, or `from`).

    `clients` is the entry's way to say whose requests are meant; all where it is None.
    """
    namespace, top = receivers(draft)
    entry = {**(clients or {}), "default": default}
    slot = draft.behaviour.source or "all"
    side = "from" if "targetRef" in entry else "rules"
    put(draft, kind, namespace, {"targetRef": top, side: {slot: entry}})


def receivers(draft: Draft) -> tuple[str, Object]:
    """Whose inbounds the target is: the namespace of the policy, and its targetRef."""
    if draft.is_whole_mesh:
        namespace = era.system_namespace(draft.world)
        draft.note(f"a system policy in {namespace}: every proxy of the mesh is meant")
        return namespace, references.WHOLE_MESH
    target = draft.behaviour.target
    draft.note(f"a policy in {draft.service.namespace}, of the proxies that receive the requests")
    top = references.proxies(draft, draft.service, target.subset, target.port)
    return draft.service.namespace, top


def put(draft: Draft, kind: str, namespace: str, spec: Mapping[str, Any], name: str = "") -> None:
    """An object of the mesh; policies of one destination and one caller share a name."""
    world, own = draft.world, name or _name(draft)
    system = era.system_namespace(world)
    if namespace != system and not era.has(world, "2.9"):
        draft.note(f"before 2.9 policies live in {system} alone")
        own, namespace = f"{own}-{namespace}", system
    made = native(API_VERSION, kind, own, namespace, spec)
    made["metadata"]["labels"] = {"kuma.io/mesh": world.mesh}
    draft.put(made)


def duration(milliseconds: float) -> str:
    """A duration as the API has it: 1500.0 -> `1.5s`."""
    return format_duration(milliseconds / 1000)


def percentage(percent: float) -> int | str:
    """A percentage as the API has it: a whole number, or a decimal in quotes."""
    return int(percent) if percent.is_integer() else f"{percent:.10f}".rstrip("0")


def finished(made: Object, world: World) -> Object:
    """An object as it is sent: the lists of the API in place of the mappings."""
    finish = _FINISH.get(made["kind"])
    whole = finish(made, world) if finish is not None else made
    for key in ("to", "rules", "from"):
        if isinstance(whole["spec"].get(key), dict):
            whole["spec"][key] = list(whole["spec"][key].values())
    plain: Object = _plain(whole)
    return plain


def _finished_retry(made: Object, _world: World) -> Object:
    """A limit of one try alone is no reason to try again."""
    for entry in made["spec"]["to"].values():
        for spoken in ("http", "grpc"):
            if spoken in entry["default"]:
                conf = entry["default"][spoken]
                entry["default"][spoken] = {"numRetries": conf.pop("numRetries", 0), **conf}
    return made


def _finished_route(made: Object, world: World) -> Object:
    for entry in made["spec"]["to"].values():
        entry["rules"] = _finished_rules(entry, world, kind=made["kind"])
        for helper in ("mirrors", "fallback"):
            entry.pop(helper, None)
    return made


def _finished_rules(entry: Object, world: World, *, kind: str) -> list[Object]:
    """Rules from the most specific on, each with its mirrors, the last for everything else.

    From 3.0 on a request that no rule takes is answered with 404, so one takes what is left. In a
    policy of one caller it names no backends: those that hold for every caller are merged in.
    """
    rules = list(entry.get("rules", {}).values())
    everything = [{"path": {"type": "PathPrefix", "value": "/"}}]
    is_open = any(list(rule.get("matches", everything)) == everything for rule in rules)
    if not is_open and (era.selects_by_labels(world) or entry.get("mirrors")):
        rules.append({"matches": everything, "default": {}, "order": (9,)})
    for rule in sorted(rules, key=lambda each: each.get("order", ())):
        default = rule["default"]
        filters = default.pop("filters", [])
        if not any(each["type"] == "RequestRedirect" for each in filters):
            filters = [*filters, *entry.get("mirrors", [])]
            if "backendRefs" not in default and "fallback" in entry:
                default["backendRefs"] = [entry["fallback"]]
        if filters:
            default["filters"] = filters
        if kind == "MeshTCPRoute":
            rule.pop("matches", None)
    ordered = sorted(rules, key=lambda each: each.get("order", ()))
    return [{key: rule[key] for key in ("matches", "default") if key in rule} for rule in ordered]


def _finished_permission(made: Object, world: World) -> Object:
    """A deny wins; once there is an allow, what no allow takes is refused, and else it is open."""
    said = made["spec"].pop("said")
    if not era.knows_clients_by_identity(world):
        made["spec"]["from"] = _from_of(said)
        return made
    default = {key: said[key] for key in ("deny", "allowWithShadowDeny", "allow") if key in said}
    if "allow" not in default:
        default["allow"] = [anyone(world)]
    made["spec"]["rules"] = [{"default": default}]
    return made


def _from_of(said: Object) -> list[Object]:
    """`from` of 2.x, in which the last entry that takes a client counts."""
    entries: list[Object] = []
    if references.WHOLE_MESH not in said.get("allow", []):
        base = "Deny" if "allow" in said else "Allow"
        entries.append({"targetRef": references.WHOLE_MESH, "default": {"action": base}})
    for key, action in (
        ("allow", "Allow"),
        ("allowWithShadowDeny", "AllowWithShadowDeny"),
        ("deny", "Deny"),
    ):
        entries += [{"targetRef": ref, "default": {"action": action}} for ref in said.get(key, [])]
    return entries


def anyone(world: World) -> Object:
    """Every client that has an identity of this trust domain."""
    return {"spiffeID": {"type": "Prefix", "value": f"spiffe://{world.trust_domain}/"}}


_FINISH = {
    "MeshRetry": _finished_retry,
    "MeshHTTPRoute": _finished_route,
    "MeshTCPRoute": _finished_route,
    "MeshTrafficPermission": _finished_permission,
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _name(draft: Draft) -> str:
    target = draft.behaviour.target
    parts = ["mesh" if draft.is_whole_mesh else draft.service.name]
    parts += [str(each) for each in (target.subset, target.port) if each is not None]
    if draft.behaviour.source is not None:
        parts += ["from", draft.world.service(draft.behaviour.source).name]
    return "-".join(parts)


def _slot(draft: Draft) -> str:
    return "mesh" if draft.is_whole_mesh else draft.service.name


def _aimed(draft: Draft) -> Object:
    """The destination that the target names: the mesh, a service, a port or a subset of it."""
    if draft.is_whole_mesh:
        return references.WHOLE_MESH
    target, service = draft.behaviour.target, draft.service
    port: ServicePort | None = target_port(draft)
    if target.subset is None:
        return references.destination(draft, service, port)
    if era.selects_by_tags(draft.world):
        draft.dropped("subset", "a destination of this version is a whole service")
        return references.destination(draft, service, port)
    draft.nearly(
        f"the subset {target.subset} is a service of its own: calls that a split leads to it are "
        "the concern of the policy of the service that was called"
    )
    aimed = subset_service(draft, service, target.subset)
    return references.destination(draft, aimed, port)
