"""Readiness of what runs: Pods, and the kinds that make them."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Document = Mapping[str, Any]


class Verdict(msgspec.Struct, frozen=True):
    """Why something is not ready, in words that follow its name; empty when it is."""

    reason: str = ""
    is_final: bool = False


def condition(status: Document, name: str) -> Document | None:
    """The condition of a type; None when there is none."""
    listed = status.get("conditions") or ()
    return next((found for found in listed if found.get("type") == name), None)


def is_true(status: Document, name: str) -> bool:
    """Whether a condition is there and `True`."""
    return (condition(status, name) or {}).get("status") == "True"


def not_seen(metadata: Document, status: Document) -> Verdict:
    """A verdict while the controller has not looked at the last change of the spec."""
    seen, wanted = status.get("observedGeneration"), metadata.get("generation")
    if isinstance(seen, int) and isinstance(wanted, int) and seen < wanted:
        return Verdict("waits for its controller to see the last change")
    return Verdict()


def _deployment(spec: Document, status: Document) -> Verdict:
    progressing = condition(status, "Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict("exceeded its progress deadline", is_final=True)
    if "observedGeneration" not in status:
        return Verdict("waits for its controller")
    wanted = spec.get("replicas", 1)
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    if updated < wanted:
        return Verdict(f"has {updated} of {wanted} pods of its last version")
    if total > updated:
        return Verdict(f"waits for {total - updated} old pods to end")
    return _count(status.get("availableReplicas", 0), wanted, "pods are available")


def _stateful_set(spec: Document, status: Document) -> Verdict:
    if "observedGeneration" not in status:
        return Verdict("waits for its controller")
    wanted = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    ready = _count(status.get("readyReplicas", 0), wanted, "pods are ready")
    if ready.reason or strategy.get("type") == "OnDelete":
        return ready
    # Pods below the partition keep the old version on purpose.
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    due = max(wanted - partition, 0)
    return _count(status.get("updatedReplicas", 0), due, "pods are of its last version")


def _daemon_set(spec: Document, status: Document) -> Verdict:
    if "observedGeneration" not in status:
        return Verdict("waits for its controller")
    wanted = status.get("desiredNumberScheduled", 0)
    if (spec.get("updateStrategy") or {}).get("type") != "OnDelete":
        updated = status.get("updatedNumberScheduled", 0)
        if updated < wanted:
            return Verdict(f"has {updated} of {wanted} pods of its last version")
    return _count(status.get("numberAvailable", 0), wanted, "pods are available")


def _replica_set(spec: Document, status: Document) -> Verdict:
    wanted = spec.get("replicas", 1)
    return _count(status.get("availableReplicas", 0), wanted, "pods are available")


def _count(found: int, wanted: int, said: str) -> Verdict:
    return Verdict() if found >= wanted else Verdict(f"{found} of {wanted} {said}")


def _job(spec: Document, status: Document) -> Verdict:
    if is_true(status, "Complete"):
        return Verdict()
    failed = condition(status, "Failed") or {}
    if failed.get("status") == "True":
        return Verdict(f"failed: {failed.get('message') or failed.get('reason')}", is_final=True)
    if spec.get("suspend"):
        return Verdict("is suspended")
    done, wanted = status.get("succeeded", 0), spec.get("completions") or 1
    return Verdict(f"{done} of {wanted} runs are complete")


def _pod(_spec: Document, status: Document) -> Verdict:
    phase = status.get("phase") or "Pending"
    if phase == "Succeeded" or is_true(status, "Ready"):
        return Verdict()
    if phase == "Failed":
        said = status.get("message") or status.get("reason") or "its containers ended"
        return Verdict(f"failed: {said}", is_final=True)
    scheduled = condition(status, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        return Verdict(f"is not scheduled: {scheduled.get('message') or scheduled.get('reason')}")
    return Verdict(_waiting(status) or f"is {phase}, not Ready")


def _waiting(status: Document) -> str:
    """The first container that does not run, and why."""
    listed = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    for container in listed:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            said = ": ".join(part for part in (waiting["reason"], waiting.get("message")) if part)
            return f"container {container.get('name')} waits: {said}"
    unready = [str(found.get("name")) for found in listed if found.get("ready") is False]
    return f"containers not ready: {', '.join(unready)}" if unready else ""


WORKLOADS: dict[tuple[str, str], Callable[[Document, Document], Verdict]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("", "ReplicationController"): _replica_set,
    ("batch", "Job"): _job,
    ("", "Pod"): _pod,
}
