"""Consul as data: versions, charts, operations, checks."""

from typing import Any

import pytest

from meshery.adapters.ordering import newest_first
from meshery.meshes.consul.mesh import MESH
from meshery.meshes.consul.versions import has, is_enterprise


def test_editions_and_features_of_a_version() -> None:
    assert is_enterprise("1.18.0+ent")
    assert is_enterprise("1.18.0-ent")
    assert not is_enterprise("1.18.0")
    assert has("1.18.0+ent", "1.18")
    assert not has("1.17.9", "1.18")
    assert has("2.0.2", "1.18")
    assert has("", "1.18")


def test_versions_are_listed_newest_first_with_their_charts() -> None:
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    assert {each.name: each.charts["consul"] for each in MESH.versions.known}["1.22.0"] == "1.9.0"


def test_profiles_name_charts_that_are_there() -> None:
    charts = {each.key for each in MESH.charts}
    for profile in MESH.profiles:
        assert set(profile.charts) <= charts
        assert set(profile.values) <= set(profile.charts)


def test_the_operations_of_the_original() -> None:
    assert [each.key for each in MESH.operations] == [
        "consul",
        "bookinfo",
        "httpbin",
        "imagehub",
        "emojivoto",
        "custom",
        "smi_conformance",
    ]
    assert (MESH.smp, MESH.port) == ("CONSUL", 10002)


def _entry(kind: str, name: str = "api", /, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "consul.hashicorp.com/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def _split(*weights: float, **more: str) -> dict[str, Any]:
    return _entry("ServiceSplitter", splits=[{"weight": each, **more} for each in weights])


HTTP = _entry("ServiceDefaults", protocol="http")
ROUTE_ALL = {"destination": {"numRetries": 1}}
TWO_PATHS = {"match": {"http": {"pathExact": "/a", "pathPrefix": "/b"}}}
DENY_LAST = [
    {"action": "allow", "http": {"methods": ["GET"]}},
    {"action": "deny", "http": {"pathExact": "/x"}},
]

RED: list[tuple[str, list[dict[str, Any]], str]] = [
    ("weights", [_split(50, 49)], "come to 99, not 100"),
    ("weights", [_split(99.995, 0.005)], "between 0.01 and 100"),
    (
        "subsets",
        [_split(100, serviceSubset="v9"), _entry("ServiceResolver", subsets={"v1": {}})],
        "has no subset v9",
    ),
    ("protocols", [_entry("ServiceRouter", routes=[])], "speaks tcp"),
    ("protocols", [_split(100), _entry("ServiceDefaults", protocol="tcp")], "speaks tcp"),
    ("routes", [_entry("ServiceRouter", routes=[ROUTE_ALL, TWO_PATHS])], "pathPrefix: take one"),
    ("routes", [_entry("ServiceRouter", routes=[ROUTE_ALL, ROUTE_ALL])], "is never reached"),
    (
        "routes",
        [_entry("ServiceRouter", routes=[{"destination": {"prefixRewrite": "/"}}])],
        "prefixRewrite needs",
    ),
    ("intentions", [_entry("ServiceIntentions", sources=[])], "names nobody"),
    (
        "intentions",
        [_entry("ServiceIntentions", sources=[{"name": "a", "action": "deny"}] * 2)],
        "is given twice",
    ),
    (
        "intentions",
        [_entry("ServiceIntentions", sources=[{"name": "a"}])],
        "either an action or permissions",
    ),
    (
        "intentions",
        [_entry("ServiceIntentions", sources=[{"name": "a", "permissions": DENY_LAST}])],
        "a deny behind an allow",
    ),
    (
        "intentions",
        [
            _entry(
                "ServiceIntentions",
                destination={"name": "*"},
                sources=[{"name": "a", "permissions": DENY_LAST[::-1]}],
            )
        ],
        "destination is *",
    ),
    ("entries", [HTTP, HTTP | {"metadata": {"name": "api", "namespace": "b"}}], "as well"),
    ("entries", [_entry("Mesh", "ours")], "a Mesh is named mesh"),
    ("permissive", [_entry("ServiceDefaults", mutualTLSMode="permissive")], "is refused while"),
]


@pytest.mark.parametrize(("check", "objects", "message"), RED)
def test_what_a_check_finds(check: str, objects: list[dict[str, Any]], message: str) -> None:
    problems = MESH.validators[check](objects)
    assert any(message in each.message for each in problems), problems


def test_what_is_right_is_green_for_every_check() -> None:
    right = [
        _entry("Mesh", "mesh", allowEnablingPermissiveMutualTLS=True),
        _entry("ServiceDefaults", protocol="http", mutualTLSMode="permissive"),
        _entry("ServiceResolver", subsets={"v1": {}, "v2": {}}),
        _split(50, 50, serviceSubset="v1"),
        _entry("ServiceRouter", routes=[{"match": {"http": {"pathExact": "/a"}}}, ROUTE_ALL]),
        _entry(
            "ServiceIntentions",
            destination={"name": "api"},
            sources=[
                {"name": "a", "permissions": DENY_LAST[::-1]},
                {"name": "*", "action": "deny"},
            ],
        ),
    ]
    assert [list(each(right)) for each in MESH.validators.values()] == [[]] * len(MESH.validators)
