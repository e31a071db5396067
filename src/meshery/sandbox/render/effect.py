"""Which behaviours are in effect where, and how several of them become one.

Among behaviours that set the same thing, one with a source wins over one without, then a later one
over an earlier one. Parameters that can stand together (timeouts, limits, headers) are merged field
by field.
"""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from meshery.behaviours.model import Behaviour, Kind, Target
from meshery.behaviours.security import Mtls
from meshery.behaviours.shape import Params
from meshery.sandbox.model import MtlsMode, World

P = TypeVar("P", bound=Params)


def in_effect(
    world: World, kind: Kind, service: str, *, caller: str | None = None
) -> list[Behaviour]:
    """The behaviours of a kind for a service, weakest first.

    With `caller`, those of that calling service and those of every caller; without, all.
    """
    found = [
        behaviour
        for behaviour in world.behaviours
        if behaviour.kind is kind
        and aims_at(world, behaviour.target, service)
        and (caller is None or behaviour.source in {None, caller})
    ]
    return sorted(found, key=lambda behaviour: behaviour.source is not None)


def aims_at(world: World, target: Target, service: str) -> bool:
    """Whether a target is this service, or all of them."""
    return target.service in {"*", service} and target.namespace in {"", world.space}


def params_of(behaviours: list[Behaviour], kind: type[P]) -> Iterator[P]:
    """The parameters of behaviours, as the type they have."""
    for behaviour in behaviours:
        if isinstance(behaviour.params, kind):
            yield behaviour.params


def merged(behaviours: list[Behaviour], kind: type[P]) -> P | None:
    """One value of many: each field is the strongest that was given; None when there is none."""
    result: P | None = None
    for params in params_of(behaviours, kind):
        if result is None:
            result = params
            continue
        given = {
            field: value
            for field in params.__struct_fields__
            if (value := getattr(params, field)) not in (None, ())
        }
        result = msgspec.structs.replace(result, **given)
    return result


def strongest(behaviours: list[Behaviour], kind: type[P]) -> P | None:
    """The strongest of many, whole; None when there is none."""
    found = list(params_of(behaviours, kind))
    return found[-1] if found else None


def mtls_mode(world: World, service: str) -> MtlsMode:
    """How a service takes callers: the last behaviour that speaks of it, else the world's mode."""
    mode: MtlsMode = world.mtls
    for behaviour in world.behaviours:
        params = behaviour.params
        if not isinstance(params, Mtls):
            continue
        if params.scope in {"mesh", "namespace"} or aims_at(world, behaviour.target, service):
            mode = params.mode
    return mode
