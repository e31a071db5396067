"""Network Service Mesh as data, the order of matches, and what is wrong in them."""

from typing import Any

from meshery.adapters.draft import native
from meshery.adapters.ordering import newest_first
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Kind
from meshery.behaviours.rendering import World
from meshery.meshes.nsm import checks
from meshery.meshes.nsm.mesh import MESH
from meshery.meshes.nsm.table import ALTERNATIVES, API_VERSION, TABLE


def network_service(*matches: dict[str, Any], **spec: Any) -> dict[str, Any]:
    whole = {"payload": "ETHERNET", "matches": list(matches), **spec}
    return native(API_VERSION, "NetworkService", "api", "nsm-system", whole)


def to(**labels: str) -> dict[str, Any]:
    return {"routes": [{"destination_selector": labels}]}


def test_it_lives_without_a_chart() -> None:
    assert MESH.status.state == "active"
    assert MESH.charts == ()
    names = [each.name for each in MESH.versions.known]
    assert names == newest_first(names)
    own = {each.key: each.text for each in MESH.operations if each.does == "install"}
    assert own == {"network_service_mesh": "NSM"}


def test_what_it_cannot_do_is_told_with_what_comes_nearest() -> None:
    assert set(TABLE) | set(ALTERNATIVES) == set(Kind)
    assert set(TABLE) & set(ALTERNATIVES) == set()


def test_what_stands_is_kept_and_what_takes_everybody_stands_last() -> None:
    chain = {"source_selector": {"app": "firewall"}, **to(app="gateway")}
    last = to(app="firewall")
    world = World(
        version="1.15.0", namespace="shop", live=(network_service(chain, last, payload="IP"),)
    )
    document = {
        "name": "steer",
        "kind": "route",
        "target": "api",
        "source": "web",
        "params": {"backends": [{"subset": "v2"}]},
    }
    (made,) = MESH.render([parse_behaviour(document)], world).objects
    own = {"source_selector": {"app": "web"}, **to(app="api", version="v2")}
    assert made["spec"] == {"name": "api", "payload": "IP", "matches": [own, chain, last]}


def test_matches_that_are_right() -> None:
    near = {"fallthrough": True, **to(app="api", nodeName="{{.nodeName}}")}
    own = {"source_selector": {"app": "web"}, **to(app="v2")}
    assert checks.network_services([network_service(own, near, to(app="api"), name="api")]) == ()


def test_matches_that_are_wrong() -> None:
    late = {"source_selector": {"app": "web"}, "routes": []}
    found = checks.network_services(
        [network_service(to(app="api"), late, name="other", payload="HTTP")]
    )
    assert [(each.path.partition(": ")[2], each.message) for each in found] == [
        ("spec.name", "'other' is not the name of the object"),
        ("spec.payload", "'HTTP' is no payload"),
        ("spec.matches[1]", "is never reached: matches[0] takes every client"),
        ("spec.matches[1].routes", "are none: no endpoint is chosen"),
    ]
