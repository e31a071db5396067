"""Who is in a namespace: asked before it is deleted, and everything in it with it."""

from collections.abc import Sequence

from meshery.apply.target import Object, Target, ref_of
from meshery.core.errors import NotFoundError

_KINDS = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("v1", "Pod"),
    ("v1", "Service"),
)
_ENOUGH = 5


async def runs_in(target: Target, namespace: str) -> Sequence[str]:
    """What runs in a namespace, five names at most: all but what its owner takes with it."""
    found: list[str] = []
    for api_version, kind in _KINDS:
        try:
            listed = await target.list(api_version, kind, namespace=namespace)
        except NotFoundError:
            continue  # a place without this kind
        found += [f"{kind} {ref_of(each).name}" for each in listed if not _is_ending(each)]
    return found[:_ENOUGH]


def _is_ending(document: Object) -> bool:
    metadata = document["metadata"]
    return bool(metadata.get("ownerReferences") or metadata.get("deletionTimestamp"))
