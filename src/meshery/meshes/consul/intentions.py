"""ServiceIntentions: who may call, so that a deny wins over every allow.

Between two services Consul follows one intention, the most exact: one that names the caller goes
before `*`, and one of a service before one of all services. Left to that, an allow for `web` would
open what a deny for everyone shut. So rules are collected first, and each caller that any of them
names gets all that holds for it: the denies, then the allows, then a deny of the rest where the
service has an allow at all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from meshery.adapters.draft import Draft, Object
from meshery.meshes.consul.parts import entry

ALL = "*"
_WHOLE = {"pathPrefix": "/"}


def put_rule(
    draft: Draft,
    service: str,
    *,
    namespace: str,
    action: str,
    sources: Iterable[str],
    permissions: list[dict[str, Any]] | None = None,
    closes: bool = True,
) -> None:
    """Put a rule for the callers of a service (`*`: of every service).

    `permissions` are conditions on requests; without them the rule is for connections. `closes`
    says whether an allow shuts out whom no allow takes.
    """
    rule = {
        "action": action,
        "sources": list(sources),
        "permissions": permissions,
        "closes": closes and action == "allow",
    }
    name = "all" if service == ALL else service
    # A tuple is not mixed with that of another behaviour of the same name.
    spec = {"destination": {"name": service}, "rules": {draft.behaviour.name: (rule,)}}
    draft.put(entry("ServiceIntentions", name, namespace, spec))


def finished(objects: list[Object]) -> None:
    """All intentions of a place with their sources as Consul follows them."""
    made = [each for each in objects if each["kind"] == "ServiceIntentions"]
    rules = {id(each): _rules(each) for each in made}
    for_all = [
        rule
        for each in made
        if each["spec"]["destination"]["name"] == ALL
        for rule in rules[id(each)]
    ]
    for each in made:
        is_all = each["spec"]["destination"]["name"] == ALL
        own = rules[id(each)] + ([] if is_all else for_all)
        del each["spec"]["rules"]
        each["spec"]["sources"] = _sources(own, each["metadata"]["namespace"])


def _rules(made: Object) -> list[dict[str, Any]]:
    return [rule for kept in made["spec"]["rules"].values() for rule in kept]


def _sources(rules: list[dict[str, Any]], home: str) -> list[dict[str, Any]]:
    is_closed = any(rule["closes"] for rule in rules)
    names = dict.fromkeys(name for rule in rules for name in rule["sources"])
    if is_closed:
        names[ALL] = None
    listed = sorted(names, key=lambda name: (name.startswith(ALL), name == ALL))
    has_namespaces = any("/" in name for name in names)
    found = []
    for name in listed:
        own = [
            rule
            for rule in rules
            if any(_covers(source, name, home=home) for source in rule["sources"])
        ]
        verdict = _verdict(own, is_closed=is_closed)
        if verdict:
            found.append({**_named(name, has_namespaces=has_namespaces), **verdict})
    return found


def _covers(source: str, name: str, *, home: str) -> bool:
    """Whether a rule for a source holds for a caller: everyone, its namespace, or itself."""
    if source in {ALL, name}:
        return True
    own, _, namespace = source.partition("/")
    return own == ALL and name != ALL and namespace == (name.partition("/")[2] or home)


def _verdict(rules: list[dict[str, Any]], *, is_closed: bool) -> Mapping[str, Any]:
    """What holds for one caller: an action for its connections, or permissions in order."""
    denies = [rule for rule in rules if rule["action"] == "deny"]
    allows = [rule for rule in rules if rule["action"] == "allow"]
    if any(rule["permissions"] is None for rule in denies) or (is_closed and not allows):
        return {"action": "deny"}
    is_open = any(rule["permissions"] is None for rule in allows)
    listed = [
        {"action": rule["action"], "http": http}
        for rule in (*denies, *(() if is_open else allows))
        for http in rule["permissions"]
    ]
    if not listed:
        return {"action": "allow"} if is_open else {}
    if is_open or is_closed:
        listed.append({"action": "allow" if is_open else "deny", "http": dict(_WHOLE)})
    return {"permissions": listed}


def _named(name: str, *, has_namespaces: bool) -> dict[str, str]:
    """A source: `NAME/NAMESPACE`, or `*/NAMESPACE` for everyone of one (Enterprise).

    Where Consul has namespaces `*` alone would be everyone of the destination's own.
    """
    if name == ALL and has_namespaces:
        return {"name": ALL, "namespace": ALL}
    own, _, namespace = name.partition("/")
    return {"name": own, **({"namespace": namespace} if namespace else {})}
