"""Why an object is not in effect, by what stands beside it: its pods, and warnings about them.

Asked of any target; one that keeps no pods and no events has nothing to add.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from meshery.apply.target import Object, Ref, Target, ref_of
from meshery.core.errors import MesheryError
from meshery.core.telemetry import get_logger

_ENOUGH_S = 5.0
_MOST = 5
"""How many pods, and how many warnings, are told of."""
_OWNERS = ("apps/v1", "ReplicaSet")
_HAVE_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})

_log = get_logger("apply.reasons")


async def reasons(target: Target, ref: Ref) -> tuple[str, ...]:
    """What is known of an object's trouble, in words; nothing when the place does not answer."""
    try:
        async with asyncio.timeout(_ENOUGH_S):
            return await _reasons(target, ref)
    except (MesheryError, TimeoutError) as error:
        _log.info("apply.no_reasons", ref=str(ref), what=str(error))
        return ()


async def _reasons(target: Target, ref: Ref) -> tuple[str, ...]:
    document = await target.get(ref)
    space = ref.namespace
    family = {_uid(document)}
    pods: list[Object] = []
    if ref.kind in _HAVE_PODS:
        if ref.kind == "Deployment":
            sets = await target.list(*_OWNERS, namespace=space)
            family |= {_uid(each) for each in sets if _is_owned(each, family)}
        listed = await target.list("v1", "Pod", namespace=space)
        pods = [each for each in listed if _is_owned(each, family)]
    family |= {_uid(each) for each in pods}
    told = [await _pod(target, each) for each in pods]
    events = await target.list("v1", "Event", namespace=space)
    return (*[text for text in told if text][:_MOST], *_warnings(events, family))


async def _pod(target: Target, pod: Object) -> str:
    found = await target.ready(ref_of(pod))
    return "" if found.ready else f"pod {found.ref.name}: {found.reason}"


def _warnings(events: Iterable[Object], uids: set[str]) -> Sequence[str]:
    """The latest warnings about these objects, the last one last; repeated ones once."""
    found = [
        event
        for event in events
        if event.get("type") == "Warning" and _about(event).get("uid") in uids
    ]
    found.sort(key=_when)
    texts = [
        f"{_about(event).get('kind')} {_about(event).get('name')}: "
        f"{event.get('reason')}: {str(event.get('message', '')).strip()}"
        for event in found
    ]
    return list(dict.fromkeys(texts))[-_MOST:]


def _about(event: Object) -> dict[str, Any]:
    return event.get("involvedObject") or {}


def _when(event: Object) -> str:
    """RFC 3339 in UTC sorts as text."""
    times = (event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((time for time in times if time), event["metadata"].get("creationTimestamp")))


def _uid(document: Object) -> str:
    return str(document["metadata"]["uid"])


def _is_owned(document: Object, uids: set[str]) -> bool:
    owners = document["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") in uids for owner in owners)
