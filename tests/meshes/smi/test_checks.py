"""What is wrong in SMI objects is found, and nothing in those that are right."""

from typing import Any

from meshery.adapters.draft import native
from meshery.meshes.smi import checks

Object = dict[str, Any]


def split(name: str, service: str, *backends: tuple[str, float], **more: Any) -> Object:
    parts = [{"service": each, "weight": weight} for each, weight in backends]
    spec = {"service": service, "backends": parts, **more}
    return native("split.smi-spec.io/v1alpha3", "TrafficSplit", name, "shop", spec)


def service(name: str) -> Object:
    return native("v1", "Service", name, "shop", {})


def group(name: str, *matches: str) -> Object:
    spec = {"matches": [{"name": each} for each in matches]}
    return native("specs.smi-spec.io/v1alpha3", "HTTPRouteGroup", name, "shop", spec)


def target(**spec: Any) -> Object:
    destination = {"kind": "ServiceAccount", "name": "api"}
    whole = {"destination": destination, **spec}
    return native("access.smi-spec.io/v1alpha2", "TrafficTarget", "readers", "shop", whole)


SOURCES = [{"kind": "ServiceAccount", "name": "web"}]


def test_a_split_that_is_right() -> None:
    services = [service(each) for each in ("api", "api-v1", "api-v2")]
    matches = [{"kind": "HTTPRouteGroup", "name": "tests"}]
    good = split("canary", "api", ("api-v1", 9), ("api-v2", 1))
    own = split("testers", "api", ("api-v2", 1), matches=matches)
    assert checks.splits([*services, group("tests", "all"), good, own]) == ()


def test_splits_that_are_wrong() -> None:
    found = checks.splits(
        [
            split("self", "api", ("api", 1), ("api-v1", 0.5)),
            split("chain", "web", ("api", 1)),
            split("none", "pay", ("pay-v1", 0), matches=[{"name": "gone"}]),
            split("again", "api", ("api-v1", 1)),
            service("api-v1"),
        ]
    )
    told = [
        (each.path, each.message) for each in found if "there is no Service" not in each.message
    ]
    assert told == [
        ("TrafficSplit shop/self: spec.backends[0].service", "is the split service itself"),
        ("TrafficSplit shop/self: spec.backends[1].weight", "0.5 is no whole number from 0"),
        (
            "TrafficSplit shop/chain: spec.backends[0].service",
            "api is split itself; splits are not followed",
        ),
        ("TrafficSplit shop/none: spec.backends", "have no weight at all"),
        ("TrafficSplit shop/none: spec.matches[0]", "there is no HTTPRouteGroup shop/gone"),
        ("TrafficSplit shop/again: spec.service", "shop/api is split by self, again at once"),
    ]
    missing = [each.message for each in found if "there is no Service" in each.message]
    assert missing == ["there is no Service shop/api"] * 2 + ["there is no Service shop/pay-v1"]
    assert all(each.hint for each in found)


def test_a_target_that_is_right() -> None:
    rules = [{"kind": "HTTPRouteGroup", "name": "routes", "matches": ["get"]}]
    given = [group("routes", "get", "put"), target(rules=rules, sources=SOURCES)]
    assert checks.targets(given) == ()


def test_targets_that_allow_nobody_or_nothing() -> None:
    found = checks.targets([target()])
    assert [each.path.rpartition(".")[2] for each in found] == ["sources", "rules"]
    rules = [
        {"kind": "HTTPRouteGroup", "name": "gone"},
        {"kind": "HTTPRouteGroup", "name": "routes", "matches": ["post"]},
    ]
    found = checks.targets([group("routes", "get"), target(rules=rules, sources=SOURCES)])
    assert [(each.path, each.message, each.hint) for each in found] == [
        (
            "TrafficTarget shop/readers: spec.rules[0]",
            "there is no HTTPRouteGroup shop/gone",
            "a rule without its route allows nothing",
        ),
        (
            "TrafficTarget shop/readers: spec.rules[1].matches[0]",
            "HTTPRouteGroup routes has no match 'post'",
            "it has get",
        ),
    ]


def test_a_name_that_stands_twice_in_a_group() -> None:
    (found,) = checks.route_groups([group("routes", "get", "get")])
    assert found.message == "'get' stands twice"
    assert checks.route_groups([group("routes", "get", "put")]) == ()
