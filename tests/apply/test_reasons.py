from typing import Any

from meshery.apply.memory import MemoryTarget
from meshery.apply.reasons import reasons
from meshery.apply.target import Object, Readiness, Ref
from meshery.core.errors import UnavailableError

KINDS = frozenset({"apps/v1/Deployment", "apps/v1/ReplicaSet", "v1/Pod", "v1/Event"})
WEB = Ref("apps/v1", "Deployment", "web")


class Place(MemoryTarget):
    """A place whose pods are not ready."""

    async def ready(self, ref: Ref, *, timeout_s: float = 0.0) -> Readiness:
        return Readiness(ref, ready=ref.name == "well", reason="waits: ImagePullBackOff")


async def put(target: MemoryTarget, api_version: str, kind: str, name: str, **more: Any) -> str:
    owner = more.pop("owner", "")
    metadata = {"name": name, "ownerReferences": [{"uid": owner}] if owner else []}
    document: Object = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}
    (change,) = await target.apply([document])
    assert change.stored is not None
    uid: str = change.stored["metadata"]["uid"]
    return uid


async def warn(target: MemoryTarget, uid: str, name: str, at: str, **more: str) -> None:
    about = {"kind": "Pod", "name": name, "uid": uid}
    said = {"type": "Warning", "reason": "Failed", "message": f"at {at}", **more}
    await put(target, "v1", "Event", f"{name}-{at}", involvedObject=about, eventTime=at, **said)


async def test_pods_and_their_warnings_are_told_and_no_others() -> None:
    target = Place("here", kinds=KINDS)
    web = await put(target, "apps/v1", "Deployment", "web")
    owned = await put(target, "apps/v1", "ReplicaSet", "web-1", owner=web)
    sick = await put(target, "v1", "Pod", "sick", owner=owned)
    await put(target, "v1", "Pod", "well", owner=owned)
    stranger = await put(target, "v1", "Pod", "stranger")
    await warn(target, sick, "sick", "2")
    await warn(target, sick, "sick", "1")
    await warn(target, sick, "sick", "3", type="Normal")
    await warn(target, stranger, "stranger", "2")
    assert await reasons(target, WEB) == (
        "pod sick: waits: ImagePullBackOff",
        "Pod sick: Failed: at 1",
        "Pod sick: Failed: at 2",
    )


async def test_a_place_that_does_not_answer_has_nothing_to_add() -> None:
    class Away(MemoryTarget):
        async def get(self, ref: Ref, *, whole: bool = False) -> Object:
            raise UnavailableError("away")

    assert await reasons(Away("away", kinds=KINDS), WEB) == ()
