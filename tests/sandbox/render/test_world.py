import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshery.behaviours.model import Behaviour, Kind
from meshery.sandbox.model import GatewayRoute, Instance, ServiceDef, VersionDef, World
from meshery.sandbox.render.application import app_config
from meshery.sandbox.render.names import discovery_file, seconds
from meshery.sandbox.render.rules import rules_for
from meshery.sandbox.render.world import inotify_needed, render_world
from sandbox.harness import behaviour, service, tiny_world
from sandbox.render.test_fidelity import FULL

EVERY = [behaviour(kind, "api", FULL[kind]) for kind in Kind]


def clusters(world: World, instance: str) -> dict[str, Any]:
    files = render_world(world)[instance].files
    return {each["name"]: each for each in files["cds.json"]["resources"]}


def with_behaviours(world: World, *behaviours: Behaviour) -> World:
    return msgspec.structs.replace(world, behaviours=behaviours)


@settings(deadline=None, max_examples=40)
@given(chosen=st.lists(st.sampled_from(EVERY), unique_by=lambda each: each.name))
def test_rendering_is_a_function_of_the_world(world: World, chosen: list[Behaviour]) -> None:
    once, again = (render_world(with_behaviours(world, *chosen)) for _ in range(2))
    assert once == again
    assert render_world(with_behaviours(world)) == render_world(world)


def test_the_bootstrap_never_changes_with_behaviours(world: World) -> None:
    plain, full = render_world(world), render_world(with_behaviours(world, *EVERY))
    assert {name: each.bootstrap for name, each in plain.items()} == {
        name: each.bootstrap for name, each in full.items()
    }


def test_clusters_are_the_same_set_whatever_the_behaviours(world: World) -> None:
    names = {"api", "api/v1", "api/v2", "data"}
    assert set(clusters(world, "web-v1-0")) == names
    assert set(clusters(with_behaviours(world, *EVERY), "web-v1-0")) == names


def test_versions_are_digests_of_content() -> None:
    one = discovery_file("t", [{"a": 1, "b": 2}])
    assert one["version_info"] == discovery_file("t", [{"b": 2, "a": 1}])["version_info"]
    assert one["version_info"] != discovery_file("t", [{"a": 1, "b": 3}])["version_info"]
    assert next(iter(one)) == "version_info", "its reader looks at the first bytes only"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0s"), (1500, "1.5s"), (0.001, "0.000001s"), (60_000, "60s"), (0.1, "0.0001s")],
)
def test_seconds(milliseconds: float, text: str) -> None:
    assert seconds(milliseconds) == text


def test_a_later_behaviour_wins_and_a_source_wins_over_both(world: World) -> None:
    def timeout(name: str, request: str, **more: str) -> Behaviour:
        return behaviour("timeout", "api", {"request": request}, name=name, **more)

    def seen(caller: str, *behaviours: Behaviour) -> str:
        files = render_world(with_behaviours(world, *behaviours))[caller].files
        hosts = files["outbound.json"]["resources"][0]["virtual_hosts"]
        api = next(host for host in hosts if host["name"] == "api")
        return str(api["routes"][-1]["route"]["timeout"])

    first, second = timeout("a", "1s"), timeout("b", "2s")
    own = timeout("c", "3s", source="web")
    assert seen("web-v1-0", first, second) == "2s"
    assert seen("web-v1-0", second, first) == "1s"
    for order in itertools.permutations((first, second, own)):
        assert seen("web-v1-0", *order) == "3s"
    assert seen("intruder-v1-0", own, first) == "1s"


def test_parameters_that_can_stand_together_are_merged(world: World) -> None:
    both = with_behaviours(
        world,
        behaviour("limits", "api", {"maxRequests": 5, "maxRetries": 2}, name="a"),
        behaviour("limits", "api", {"maxRequests": 7}, name="b"),
    )
    (threshold,) = clusters(both, "web-v1-0")["api"]["circuit_breakers"]["thresholds"]
    assert (threshold["max_requests"], threshold["max_retries"]) == (7, 2)


def test_rules_are_tried_from_the_most_specific(world: World) -> None:
    matches: list[dict[str, Any]] = [
        {},
        {"path": {"prefix": "/a"}},
        {"path": {"prefix": "/a/b"}},
        {"path": {"exact": "/a"}},
        {"method": "GET"},
        {"headers": [{"name": "x"}]},
        {"headers": [{"name": "x"}, {"name": "y"}]},
    ]
    routes = [
        behaviour("route", "api", {"match": match}, name=f"r{place}")
        for place, match in enumerate(matches)
    ]
    orders = {
        tuple(
            (rule.match.path, rule.match.method, len(rule.match.headers))
            for rule in rules_for(with_behaviours(world, *order), "api", caller="web")
        )
        for order in (routes, routes[::-1])
    }
    assert len(orders) == 1
    (order,) = orders
    paths = [path.exact or path.prefix for path, _, _ in order if path]
    assert paths == ["/a", "/a/b", "/a"]
    assert [count for path, method, count in order if not path and not method] == [2, 1, 0]


def test_watches_by_role(world: World) -> None:
    clients, gateways, apps = 2 * 4, 6, 3 * 8
    assert inotify_needed(world) == clients + gateways + apps


def test_a_pair_is_seen_by_its_own_client_alone(tmp_path: Path) -> None:
    pair = [
        ServiceDef("pair", "pair", visible_to=("injector",)),
        ServiceDef("injector", "injector", calls=("pair",)),
    ]
    services = [service("api", VersionDef("v1")), *pair]
    world = tiny_world(tmp_path, services, roles={"injector": "client"})
    assert set(clusters(world, "injector-v1-0")) == {"pair"}
    assert set(clusters(world, "api-v1-0")) == {"api"}
    twin = with_behaviours(world, behaviour("mtls", "pair", {"mode": "off"}))
    assert "transport_socket" in clusters(world, "injector-v1-0")["pair"]
    assert "transport_socket" not in clusters(twin, "injector-v1-0")["pair"]


def test_the_gateway_has_no_outbound_side(world: World) -> None:
    config = render_world(world)["gateway-v1-0"]
    names = [each["name"] for each in config.bootstrap["static_resources"]["listeners"]]
    assert names == ["inbound"]
    assert "network.json" not in config.files
    nowhere = msgspec.structs.replace(world, gateway_routes=(GatewayRoute("gone"),))
    hosts = render_world(nowhere)["gateway-v1-0"].files["inbound.json"]["resources"][0]
    assert hosts["virtual_hosts"] == []


def test_the_application_is_told_who_it_is(world: World) -> None:
    told = app_config(world, world.instance("api-v2-0"))
    assert (told["service"], told["version"], told["calls"]) == ("api", "v2", ["data"])
    assert told["proxy_port"] == world.instance("api-v2-0").outbound_port


def test_grpc_is_rendered_only_where_an_application_serves_it(world: World) -> None:
    def with_rpc(instance: Instance) -> Instance:
        ports = {"grpc": 5, "tcp": 6} if instance.service == "api" else {}
        return msgspec.structs.replace(instance, echo_ports=ports)

    rpc = msgspec.structs.replace(
        world, instances=tuple(with_rpc(each) for each in world.instances)
    )
    plain, full = render_world(world), render_world(rpc)
    assert {name for name in plain if plain[name] != full[name]} == {"api-v1-0", "api-v2-0"}
    assert b"grpc" not in msgspec.json.encode(plain)
    (host,) = full["api-v1-0"].files["inbound.json"]["resources"][0]["virtual_hosts"]
    first, last = host["routes"]
    assert (first["match"], first["route"]["cluster"]) == ({"prefix": "/", "grpc": {}}, "app-grpc")
    assert (last["match"], last["route"]["cluster"]) == ({"prefix": "/"}, "app")


def test_no_secret_is_in_the_world(world: World) -> None:
    rendered = msgspec.json.encode(render_world(world))
    assert b"PRIVATE KEY" not in rendered
    assert b"BEGIN CERTIFICATE" not in rendered
