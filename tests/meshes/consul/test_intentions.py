"""Intentions judged as Consul follows them: whatever the rules are, a deny wins."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meshery.behaviours.document import behaviour_document, parse_behaviour
from meshery.behaviours.model import Behaviour
from meshery.meshes.consul.migrate import read
from meshery.meshes.consul.parts import entry
from meshes.consul.place import ENTERPRISE, behaviour, rendered

CALLERS = ("web", "cart", "stranger")
REQUESTS = [(method, path) for method in ("GET", "POST") for path in ("/", "/a", "/a/b", "/b")]

_OPERATIONS = st.sampled_from(
    [{"methods": ["GET"]}, {"paths": ["/a*"]}, {"paths": ["*b"], "methods": ["POST", "GET"]}]
)
_RULE = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["allow", "deny"]),
        "from": st.lists(
            st.sampled_from([{"identity": "web"}, {"identity": "cart"}, {"identity": "*"}]),
            max_size=2,
        ),
        "to": st.lists(_OPERATIONS, max_size=2),
    }
)


@given(st.lists(_RULE, min_size=1, max_size=4), st.booleans(), st.data())
def test_what_consul_follows_is_what_the_rules_say(
    rules: list[dict[str, Any]], default: bool, data: st.DataObject
) -> None:
    wide = data.draw(st.lists(st.booleans(), min_size=len(rules), max_size=len(rules)))
    documents = [
        behaviour("access", rule, name=f"r{number}", target="*" if for_all else "api")
        for number, (rule, for_all) in enumerate(zip(rules, wide, strict=True))
    ]
    objects = rendered(*documents).objects
    for caller in CALLERS:
        for method, path in REQUESTS:
            followed = _followed(objects, "api", caller, method, path, default)
            assert followed == _meant(rules, caller, method, path, default), (caller, method, path)


_HTTP = st.sampled_from(
    [
        {"pathPrefix": "/"},
        {"pathPrefix": "/a"},
        {"pathExact": "/b"},
        {"methods": ["GET"]},
        {"pathRegex": ".*b", "methods": ["POST"]},
        {"pathRegex": "/[ab]"},
    ]
)
_ACTION = st.sampled_from(["allow", "deny"])
_PERMISSIONS = st.lists(st.fixed_dictionaries({"action": _ACTION, "http": _HTTP}), max_size=3)
_SOURCES = st.dictionaries(
    st.sampled_from(["web", "cart", "*"]),
    st.one_of(
        st.fixed_dictionaries({"action": _ACTION}),
        st.fixed_dictionaries({"permissions": _PERMISSIONS}),
    ),
)


@given(_SOURCES, st.booleans())
def test_what_is_read_opens_nothing_that_consul_refuses(
    sources: dict[str, dict[str, Any]], default: bool
) -> None:
    spec = {
        "destination": {"name": "api"},
        "sources": [{"name": name, **said} for name, said in sources.items()],
    }
    written = entry("ServiceIntentions", "api", "shop", spec)
    documents, _ = read([written])
    rules = [_whole(parse_behaviour(dict(each))) for each in documents]
    for caller in CALLERS:
        for method, path in REQUESTS:
            if _meant(rules, caller, method, path, default):
                assert _followed([written], "api", caller, method, path, default), (method, path)


@given(st.lists(_RULE, min_size=1, max_size=3), st.booleans())
def test_what_was_rendered_is_read_as_it_was_meant(
    rules: list[dict[str, Any]], default: bool
) -> None:
    documents = [behaviour("access", rule, name=f"r{at}") for at, rule in enumerate(rules)]
    found, _ = read(rendered(*documents).objects)
    again = [_whole(parse_behaviour(dict(each))) for each in found]
    for caller in CALLERS:
        for method, path in REQUESTS:
            if _meant(again, caller, method, path, default):
                assert _meant(rules, caller, method, path, default), (caller, method, path)


def _whole(made: Behaviour) -> dict[str, Any]:
    return {"from": [], "to": [], **behaviour_document(made)["params"]}


def _followed(
    objects: Any, service: str, caller: str, method: str, path: str, default: bool
) -> bool:
    """The most exact intention decides: by destination first, then by source."""
    entries = {
        each["spec"]["destination"]["name"]: each["spec"]["sources"]
        for each in objects
        if each["kind"] == "ServiceIntentions"
    }
    for destination in (service, "*"):
        for source in (caller, "*"):
            for each in entries.get(destination, ()):
                if each["name"] == source:
                    return _decided(each, method, path, default)
    return default


def _decided(source: dict[str, Any], method: str, path: str, default: bool) -> bool:
    if "action" in source:
        return bool(source["action"] == "allow")
    for permission in source["permissions"]:
        http = permission["http"]
        if _matches(http, method, path):
            return bool(permission["action"] == "allow")
    return default


def _matches(http: dict[str, Any], method: str, path: str) -> bool:
    if "methods" in http and method not in http["methods"]:
        return False
    if "pathExact" in http:
        return bool(path == http["pathExact"])
    if "pathPrefix" in http:
        return path.startswith(http["pathPrefix"])
    return "pathRegex" not in http or re.fullmatch(http["pathRegex"], path) is not None


def _meant(rules: list[dict[str, Any]], caller: str, method: str, path: str, default: bool) -> bool:
    taken = [rule for rule in rules if _takes(rule, caller, method, path)]
    if any(rule["action"] == "deny" for rule in taken):
        return False
    if any(rule["action"] == "allow" for rule in rules):
        return any(rule["action"] == "allow" for rule in taken)
    return default


def _takes(rule: dict[str, Any], caller: str, method: str, path: str) -> bool:
    names = [each["identity"] for each in rule["from"]] or ["*"]
    if caller not in names and "*" not in names:
        return False
    return not rule["to"] or any(_operated(each, method, path) for each in rule["to"])


def _operated(operation: dict[str, Any], method: str, path: str) -> bool:
    if "methods" in operation and method not in operation["methods"]:
        return False
    if "paths" not in operation:
        return True
    return any(_is_path(each, path) for each in operation["paths"])


def _is_path(wanted: str, path: str) -> bool:
    if wanted.startswith("*"):
        return path.endswith(wanted[1:])
    return path.startswith(wanted[:-1]) if wanted.endswith("*") else path == wanted


def test_a_deny_of_a_namespace_wins_over_an_allow_of_one_in_it() -> None:
    allowed = {"action": "allow", "from": [{"identity": "web", "namespace": "bank"}]}
    denied = {"action": "deny", "from": [{"namespace": "bank"}]}
    documents = [behaviour("access", allowed, name="a"), behaviour("access", denied, name="b")]
    (made,) = [
        each
        for each in rendered(*documents, version=ENTERPRISE).objects
        if each["kind"] == "ServiceIntentions"
    ]
    assert made["spec"]["sources"] == [
        {"name": "web", "namespace": "bank", "action": "deny"},
        {"name": "*", "namespace": "bank", "action": "deny"},
        {"name": "*", "namespace": "*", "action": "deny"},
    ]
