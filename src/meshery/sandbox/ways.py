"""Ways into a sandbox: where a request for a service is sent to go as its callers' do."""

import msgspec

from meshery.core.errors import NotFoundError
from meshery.sandbox.model import Instance, World


class Way(msgspec.Struct, frozen=True):
    """An address to connect to, and what it is, in words."""

    host: str
    port: int
    words: str


def way_to(world: World, service: str, *, source: str = "", direct: bool = False) -> Way:
    """The way to a service. NotFoundError when there is none, or its only callers are outside.

    `direct` goes to the application off the mesh; `source` names the calling service; else it is a
    service that calls it by its spec, or any other.
    """
    world.service(service)
    if direct:
        instance = first_instance(world, service)
        if not instance.app_port:
            raise NotFoundError(f"{service} has no application of its own to ask directly")
        return Way(instance.app_host, instance.app_port, f"{instance.name}, off the mesh")
    if is_gateway(world, service):
        instance = first_instance(world, service)
        return Way(instance.host, instance.inbound_port, "the gateway")
    caller = source or caller_of(world, service)
    instance = first_instance(world, caller)
    if instance.role == "gateway" and service in world.service(caller).calls:
        return Way(instance.host, instance.inbound_port, "the gateway")
    return Way(instance.host, instance.outbound_port, f"the sidecar of {instance.name}")


def caller_of(world: World, service: str) -> str:
    """A service whose sidecar can call `service`: one that does by its spec, else any other."""
    for caller in world.services:
        if service in caller.calls and world.instances_of(caller.name):
            return caller.name
    others = (each.service for each in world.instances if each.service != service)
    return next(others, service)


def first_instance(world: World, service: str) -> Instance:
    """The first instance of a service. NotFoundError when it has none."""
    instances = world.instances_of(world.service(service).name)
    if not instances:
        raise NotFoundError(f"{service} has no instance just now", remedy="give it replicas")
    return instances[0]


def is_gateway(world: World, service: str) -> bool:
    """Whether a service is the ingress gateway."""
    return any(each.role == "gateway" for each in world.instances_of(service))
