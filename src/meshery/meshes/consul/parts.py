"""What all of Consul's render functions share: config entries, and how they are laid together.

Consul keeps one config entry for a kind and a service's name, so behaviours of one service meet in
one object. What is a list there is a mapping here until it is finished: a second word about the
same route, caller or upstream is laid over the first and told, never a second entry.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Draft, Object, native
from meshery.behaviours.rendering import Service
from meshery.behaviours.traffic import Backend
from meshery.core.durations import format_duration
from meshery.meshes.consul.versions import has, is_enterprise

GROUP = "consul.hashicorp.com"
API = f"{GROUP}/v1alpha1"
META = f"{GROUP}/service-meta"
_PROTOCOLS = {"http": "http", "http2": "http2", "grpc": "grpc", "tcp": "tcp", "tls": "tcp"}
_META_KEY = re.compile(r"[^A-Za-z0-9_-]")
_SUBSET = re.compile(r"[^a-z0-9-]")


def entry(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> Object:
    """A config entry as the custom resource of its kind."""
    return native(API, kind, name, namespace, spec)


def since(draft: Draft, version: str) -> bool:
    """Whether the version that is rendered for has what came with another."""
    return has(draft.world.version, version)


def enterprise(draft: Draft) -> bool:
    """Whether it is rendered for Consul Enterprise."""
    return is_enterprise(draft.world.version)


def targets(draft: Draft) -> tuple[Service, ...]:
    """The services that a behaviour is for: one, or all that are known for `*`."""
    if not draft.is_whole_mesh:
        return (draft.service,)
    if draft.world.services:
        draft.nearly("services that come later are not covered; render again for them")
    else:
        draft.unsupported(
            "target * needs to know the services: Consul takes this for each by its name",
            "name one service, or let discovery find the cluster's services first",
        )
    return draft.world.services


def one_name(draft: Draft, service: Service, *, beside: str = "") -> str:
    """The name of a service in Consul, where namespaces of Kubernetes do not tell two apart.

    `beside` is the namespace of the config entry that names it; the target's where none is said.
    """
    if service.namespace != (beside or draft.namespace) and not enterprise(draft):
        draft.note(
            f"{service.name} of the namespace {service.namespace} is {service.name} to Consul: "
            "without Enterprise one name is one service"
        )
    return service.name


def mirrored(draft: Draft, namespace: str) -> str:
    """A namespace of Kubernetes as that of Consul Enterprise that mirrors it."""
    draft.note(
        f"the namespace {namespace} has to be one of Consul too: the chart's "
        "global.enableConsulNamespaces and connectInject.consulNamespaces.mirroringK8S"
    )
    return namespace


def whole_service(draft: Draft, *, subset: bool = True) -> None:
    """A config entry holds for a service with all of its ports and subsets."""
    if draft.behaviour.target.port is not None:
        draft.dropped("port", "Consul knows a service by its name, not by its ports")
    if subset and draft.behaviour.target.subset is not None:
        draft.dropped("subset", "the config entry holds for the whole service")


def all_callers(draft: Draft) -> None:
    """A config entry of the called service holds for all who call it."""
    if draft.behaviour.source is not None:
        draft.dropped("source", "the config entry of a service holds for all of its callers")


def speaks_http(draft: Draft, service: Service, *, alternative: str) -> bool:
    """Put the protocol, which routers, splitters and permissions need; whether it is HTTP's."""
    protocol = _PROTOCOLS[service.port.protocol]
    if protocol == "tcp":
        draft.unsupported(
            f"{service.name} speaks {service.port.protocol}, and Consul does this for HTTP only",
            alternative,
        )
        return False
    put_protocol(draft, service, protocol)
    return True


def http_targets(draft: Draft, *, alternative: str) -> tuple[Service, ...]:
    """The services that a behaviour is for, with their protocols put; those of TCP are skipped."""
    if not draft.is_whole_mesh:
        service = draft.service
        return (service,) if speaks_http(draft, service, alternative=alternative) else ()
    found = []
    for service in targets(draft):
        if _PROTOCOLS[service.port.protocol] == "tcp":
            draft.nearly(f"{service.name} speaks {service.port.protocol} and is left out")
        else:
            put_protocol(draft, service)
            found.append(service)
    if draft.world.services and not found:
        draft.unsupported("no known service speaks HTTP", alternative)
    return tuple(found)


def put_protocol(draft: Draft, service: Service, protocol: str = "") -> None:
    """Put the protocol of a service into its ServiceDefaults."""
    spec = {"protocol": protocol or _PROTOCOLS[service.port.protocol]}
    draft.put(entry("ServiceDefaults", service.name, service.namespace, spec))


def backend(draft: Draft, wanted: Backend, home: Service) -> dict[str, str]:
    """A backend as splitters and routers name it; its subset is put into its resolver."""
    service = home
    if wanted.service is not None:
        place = "" if "." in wanted.service else draft.namespace
        service = draft.world.service(wanted.service, place)
    made: dict[str, str] = {}
    if service.name != home.name:
        made["service"] = one_name(draft, service)
        put_protocol(draft, service)
    if wanted.subset is not None:
        made["serviceSubset"] = put_subset(draft, service, wanted.subset)
    return made


def put_subset(draft: Draft, service: Service, subset: str) -> str:
    """Put a subset into the resolver of a service, and answer its name there."""
    name = _SUBSET.sub("-", subset.lower()).strip("-")
    if name != subset:
        draft.note(f"subset {subset} is called {name}: Consul's names are small letters and digits")
    wanted = []
    for label, value in sorted(service.subset_labels(subset).items()):
        key = _META_KEY.sub("-", label.rpartition("/")[2])
        selector = f"Service.Meta.{key}" if key.isidentifier() else f'Service.Meta["{key}"]'
        wanted.append(f'{selector} == "{value}"')
        draft.note(
            f"pods of {service.name} with {label}={value} need the annotation {META}-{key}: "
            f'"{value}": Consul does not read labels'
        )
    spec = {"subsets": {name: {"filter": " and ".join(wanted)}}}
    draft.put(entry("ServiceResolver", service.name, service.namespace, spec))
    return name


def duration(milliseconds: float) -> str:
    """A Go duration."""
    return format_duration(milliseconds / 1000)


def limit(draft: Draft, milliseconds: float, parameter: str) -> str:
    """A Go duration of a limit; none at all is a negative one."""
    if milliseconds > 0:
        return duration(milliseconds)
    draft.note(f"{parameter} 0 is written as -1s, with which Consul turns the limit off")
    return "-1s"


def whole(draft: Draft, value: float, parameter: str) -> int:
    """A whole number, rounded up, and told where it is."""
    rounded = math.ceil(value)
    if rounded != value:
        draft.nearly(f"{parameter} {value:g} becomes {rounded}: Consul takes whole numbers")
    return rounded
