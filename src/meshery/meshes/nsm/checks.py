"""What is wrong in NetworkServices, of which the API server sees nothing: their spec is open."""

from collections.abc import Iterator, Sequence

from meshery.adapters.draft import Object
from meshery.core.errors import Problem
from meshery.meshes.look import at, dig, name_of, of_kind

_GROUP = "networkservicemesh.io"
_PAYLOADS = ("ETHERNET", "IP")


def network_services(objects: Sequence[Object]) -> Sequence[Problem]:
    """Names that differ, payloads that are none, and matches that are never reached."""
    return tuple(_network_services(objects))


def _network_services(objects: Sequence[Object]) -> Iterator[Problem]:
    for service in of_kind(objects, "NetworkService", _GROUP):
        spec = service.get("spec") or {}
        if spec.get("name") not in (None, name_of(service)):
            told = f"{spec['name']!r} is not the name of the object"
            yield Problem(at(service, "spec.name"), told, hint=f"write {name_of(service)}")
        if str(spec.get("payload", "IP")) not in _PAYLOADS:
            told = f"{spec['payload']!r} is no payload"
            yield Problem(at(service, "spec.payload"), told, hint="one of ETHERNET, IP")
        yield from _matches(service)


def _matches(service: Object) -> Iterator[Problem]:
    closed = -1
    for position, match in enumerate(dig(service, "spec.matches") or []):
        path = f"spec.matches[{position}]"
        if closed >= 0:
            told = f"is never reached: matches[{closed}] takes every client"
            yield Problem(at(service, path), told, hint="put it first, or let that fall through")
        if not match.get("routes"):
            hint = "name a destination_selector"
            yield Problem(
                at(service, f"{path}.routes"), "are none: no endpoint is chosen", hint=hint
            )
        if closed < 0 and not match.get("source_selector") and not match.get("fallthrough"):
            closed = position


VALIDATORS = {"network-services": network_services}
