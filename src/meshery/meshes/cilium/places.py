"""Which services and ports a behaviour is about, and how they are called in Envoy's resources.

A CiliumEnvoyConfig takes over the traffic of a service, perhaps of one of its ports. Two of them
for one port would not be put together, so each port has one, named `api` or `api-8080`.
"""

from typing import Any, NamedTuple

from meshery.adapters.draft import Draft
from meshery.behaviours.rendering import Service, ServicePort
from meshery.meshes.subsets import port_of, subset_service

Object = dict[str, Any]

_TCP = {"tcp", "tls"}


class Place(NamedTuple):
    """A port of a service; `is_named` where the service has others beside it."""

    service: Service
    port: ServicePort
    is_named: bool

    @property
    def name(self) -> str:
        """The name of its CiliumEnvoyConfig, its listener and its routes."""
        return f"{self.service.name}-{self.port.number}" if self.is_named else self.service.name

    @property
    def is_tcp(self) -> bool:
        """Whether no requests can be seen there."""
        return self.port.protocol in _TCP


class Cluster(NamedTuple):
    """A cluster: the name that is its own in one object, and the endpoints that it takes.

    `subset` is the target's subset that it serves, empty for the whole; None for other services.
    """

    name: str
    service: Service
    number: int | None
    subset: str | None

    @property
    def endpoints(self) -> str:
        """What Cilium calls the endpoints: `shop/api`, or `shop/api:80` of one port."""
        port = "" if self.number is None else f":{self.number}"
        return f"{self.service.namespace}/{self.service.name}{port}"


def places(draft: Draft) -> list[Place]:
    """The ports that are meant: the one that is named, or all of each service."""
    asked = draft.behaviour.target.port
    found = []
    for service in _services(draft):
        if asked is not None and not draft.is_whole_mesh:
            is_only = len(service.ports) == 1 and service.port.number == asked
            named = is_only and not service.is_assumed
            found.append(Place(service, port_of(service, asked), not named))
            continue
        if service.is_assumed:
            draft.note(f"{service.name} is taken to have one port, with HTTP")
        several = len(service.ports) > 1
        found += [Place(service, port, several) for port in service.ports]
    return found


def http_places(draft: Draft, alternative: str) -> list[Place]:
    """The ports at which requests can be seen; unsupported where there are none."""
    every = places(draft)
    found = [each for each in every if not each.is_tcp]
    if every and not found:
        draft.unsupported("TCP has no requests to be told apart", alternative)
    elif len(found) < len(every):
        draft.note("ports of TCP are left as they are: there are no requests to be seen")
    return found


def _services(draft: Draft) -> list[Service]:
    if not draft.is_whole_mesh:
        return [draft.service]
    if not draft.world.services:
        draft.unsupported(
            "a CiliumEnvoyConfig names the services that it takes over, and none are known",
            "name the services one by one",
        )
    else:
        draft.note("*: services are named one by one, those that are known now")
    return list(draft.world.services)


def own_cluster(place: Place) -> Cluster:
    """The cluster of all of a service's instances, at one port."""
    number = place.port.number if place.is_named else None
    return Cluster(_called(place, place.service, number), place.service, number, "")


def subset_cluster(draft: Draft, place: Place, subset: str) -> Cluster:
    """The cluster of a subset of the service."""
    made = subset_service(draft, place.service, subset)
    number = place.port.number if place.is_named else None
    return Cluster(_called(place, made, number), made, number, subset)


def cluster_of(draft: Draft, place: Place, service: str | None, subset: str | None) -> Cluster:
    """The cluster of a backend: of the target where it names no service."""
    home = place.service.namespace
    found = place.service
    if service is not None:
        found = draft.world.service(service, "" if "." in service else home)
    if (found.name, found.namespace) == (place.service.name, home):
        return own_cluster(place) if subset is None else subset_cluster(draft, place, subset)
    if found.is_assumed:
        draft.note(f"{found.name} is taken to have one port")
    if subset is not None:
        found = subset_service(draft, found, subset)
    number = None
    if len(found.ports) > 1:
        number = (place.port if place.port in found.ports else found.port).number
    return Cluster(_called(place, found, number), found, number, None)


def _called(place: Place, service: Service, number: int | None) -> str:
    away = "" if service.namespace == place.service.namespace else f".{service.namespace}"
    return f"{service.name}{away}" + ("" if number is None else f"-{number}")
