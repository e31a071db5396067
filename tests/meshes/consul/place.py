"""A small shop on Consul, and ways to ask its renderer."""

from typing import Any

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Outcome, Rendering, Service, ServicePort, World
from meshery.meshes.consul.mesh import MESH

VERSION = "2.0.2"
ENTERPRISE = "1.21.0+ent"
API = Service(
    "api",
    "shop",
    ports=(ServicePort(8080, "http"),),
    labels={"app": "api"},
    account="api-runner",
)
SERVICES = (
    API,
    Service("cart", "shop", account="cart"),
    Service("web", "front", account="web-runner"),
    Service("db", "shop", ports=(ServicePort(5432, "sql", "tcp"),)),
)
CALLERS = {"shop/api": ("front/web", "shop/cart")}


def world(version: str = VERSION, **more: Any) -> World:
    given = {"services": SERVICES, "callers": CALLERS, **more}
    return World(version=version, namespace="shop", **given)


def rendered(*documents: dict[str, Any], version: str = VERSION, **more: Any) -> Rendering:
    behaviours = [parse_behaviour(each) for each in documents]
    return MESH.render(behaviours, world(version, **more))


def behaviour(kind: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "it", "kind": kind, "target": "api", "params": params, **more}


def one(kind: str, params: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], Outcome]:
    place = {key: more.pop(key) for key in ("version", "services", "callers") if key in more}
    found = rendered(behaviour(kind, params, **more), **place)
    return list(found.objects), found.outcomes[0]


def named(objects: Any, kind: str, name: str) -> dict[str, Any]:
    """The spec of the one object of a kind and name."""
    (found,) = [
        each["spec"] for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return dict(found)
