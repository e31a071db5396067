import socket
from pathlib import Path

import msgspec

from meshery.sandbox.layout import (
    Places,
    all_ports,
    allocate,
    instances_of,
    lacks_ports,
    layout_of,
    lost_ports,
    without,
)
from meshery.sandbox.objects import objects_of, workloads_of
from meshery.sandbox.spec import bundled_spec
from meshery.sandbox.world import build_world

SHOP = objects_of(bundled_spec("shop"))
WORKLOADS = workloads_of(SHOP)


def test_an_instance_for_each_replica() -> None:
    assert list(instances_of(WORKLOADS)) == [
        "web-v1-0",
        "api-v1-0",
        "api-v2-0",
        "data-v1-0",
        "data-v1-1",
        "gateway-v1-0",
    ]


def test_ports_are_kept_and_new_ones_avoid_all_others() -> None:
    first = allocate(WORKLOADS, kept={})
    assert len(set(all_ports(first))) == 5 * 3 + 2
    assert allocate(WORKLOADS, kept=first) == first
    lost = first["web-v1-0"]["inbound"]
    moved = allocate(WORKLOADS, kept=without(first, {lost}), taken=[lost])
    assert moved["web-v1-0"]["inbound"] != lost
    assert {**moved, "web-v1-0": first["web-v1-0"]} == first


def test_echo_ports_are_ports_as_all_others(tmp_path: Path) -> None:
    first = allocate(WORKLOADS, kept={})
    asked = [
        msgspec.structs.replace(each, echo=("grpc", "udp")) if each.service == "api" else each
        for each in WORKLOADS
    ]
    assert not lacks_ports(WORKLOADS, first)
    assert lacks_ports(asked, first)
    second = allocate(asked, kept=first)
    assert set(second["api-v1-0"]) == {"inbound", "outbound", "app", "grpc", "udp"}
    assert len(set(all_ports(second))) == len(all_ports(first)) + 4
    assert allocate(WORKLOADS, kept=second) == first
    udp = second["api-v2-0"]["udp"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", udp))
        assert lost_ports(second) == [udp]
    assert lost_ports(second) == []


def test_the_gateway_may_have_a_fixed_port() -> None:
    assert allocate(WORKLOADS, kept={}, gateway_port=8080)["gateway-v1-0"]["inbound"] == 8080


def test_a_world_has_the_layout_it_was_made_from(tmp_path: Path) -> None:
    places = Places(tmp_path, "shop")
    layout = allocate(WORKLOADS, kept={})
    world = build_world("shop", SHOP, layout=layout, places=places)
    assert layout_of(world) == layout
    assert [service.name for service in world.services] == ["web", "api", "data", "gateway"]
    assert world.gateway_routes[0].service == "web"
    gateway = world.instance("gateway-v1-0")
    assert (gateway.role, gateway.has_app, gateway.app_port) == ("gateway", False, 0)
    assert Path(gateway.directory).parent == tmp_path / "sandboxes" / "shop"
