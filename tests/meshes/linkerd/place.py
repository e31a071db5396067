"""A small shop on Linkerd, and ways to ask its renderer."""

from typing import Any

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Outcome, Rendering, Service, ServicePort, World
from meshery.meshes.linkerd.mesh import MESH

EDGE = "edge-26.9.3"
API = Service(
    "api",
    "shop",
    ports=(ServicePort(8080, "http"),),
    labels={"app": "api"},
    subsets={"v2": {"version": "v2"}},
    account="api-runner",
)
SERVICES = (
    API,
    Service("cart", "shop", labels={"app": "cart"}, account="cart"),
    Service("web", "front", labels={"app": "web"}, account="web-runner"),
)


def world(version: str = EDGE, **more: Any) -> World:
    return World(version=version, namespace="shop", services=more.pop("services", SERVICES), **more)


def rendered(*documents: dict[str, Any], version: str = EDGE, **more: Any) -> Rendering:
    behaviours = [parse_behaviour(each) for each in documents]
    return MESH.render(behaviours, world(version, **more))


def behaviour(kind: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": more.pop("name", "it"), "kind": kind, "target": "api", "params": params, **more}


def one(kind: str, params: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], Outcome]:
    place = {key: more.pop(key) for key in ("version", "live", "services") if key in more}
    found = rendered(behaviour(kind, params, **more), **place)
    return list(found.objects), found.outcomes[0]


def named(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return found
