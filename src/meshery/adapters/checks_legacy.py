"""Checks of the original's contract."""

import re
import uuid

from meshery.adapters.checking import Check, Finding, Probe, demand
from meshery.adapters.legacy_client import LegacyClient
from meshery.adapters.model import Order
from meshery.core.errors import (
    MesheryError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

_SILENCE_S = 20.0


async def _name(probe: Probe) -> None:
    name = await probe.legacy.name()
    demand(re.fullmatch(r"[A-Z][A-Z0-9_]*", name), f"the name {name!r} is not upper case")
    if probe.description is not None:
        smp = probe.description.smp
        demand(name == smp, f"MeshName says {name}, Describe {smp}")


async def _info(probe: Probe) -> None:
    info = await probe.legacy.info()
    demand(info.name == await probe.legacy.name(), "ComponentInfo has another name than MeshName")
    demand(info.type in {"adapter", ""}, f"its type is {info.type!r}, not adapter")


async def _operations(probe: Probe) -> None:
    operations = await probe.legacy.operations()
    keys = [each.key for each in operations]
    demand(len(keys) == len(set(keys)), "a key is there twice")
    demand(all(keys), "an operation has no key")
    if probe.description is not None:
        described = {each.key for each in probe.description.operations}
        demand(set(keys) == described, f"Describe has others: {sorted(described ^ set(keys))}")


async def _unknown(probe: Probe) -> None:
    order = Order(operation="no-such-operation", operation_id=str(uuid.uuid4()))
    try:
        await probe.legacy.carry_out(order, silence_s=_SILENCE_S)
    except OperationFailedError:
        return
    except UnavailableError as error:
        raise Finding("no event tells that the operation is unknown") from error
    raise Finding("an operation that there is not was carried out")


async def _garbage(probe: Probe) -> None:
    try:
        await probe.legacy.process_oam(["{not json"])
    except UnavailableError as error:
        raise Finding("the adapter was lost by a component that is no JSON") from error
    except UnsupportedError:
        return  # it takes no components at all
    except MesheryError:
        await probe.legacy.name()
        return
    demand(probe.description is None, "a component that is no JSON was accepted")


async def _listeners(probe: Probe) -> None:
    """Two listeners hear one event, each from the stream of its own."""
    order = Order(operation="no-such-operation", operation_id=str(uuid.uuid4()))
    async with LegacyClient(probe.address, security=probe.security) as other:
        for client in (probe.legacy, other, probe.legacy):
            try:
                await client.carry_out(order, silence_s=_SILENCE_S)
            except OperationFailedError:
                continue
            raise Finding("an operation that there is not was carried out")


LEGACY = (
    Check("original-name", "MeshName is the literal of Service Mesh Performance.", _name),
    Check("original-info", "ComponentInfo agrees with it.", _info),
    Check("original-operations", "Operations have keys, and are those described.", _operations),
    Check("original-unknown", "An unknown operation ends in an event of an error.", _unknown),
    Check("original-garbage", "A component that is no JSON is refused.", _garbage),
    Check("original-listeners", "Listeners may come and go, and hear what happens.", _listeners),
)
