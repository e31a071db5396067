"""Whether an object is in effect, kind by kind, and if not, why, in words.

The rules are those of `kubectl rollout status` and `kubectl wait`, and for kinds nobody knows the
conventions for conditions (Ready, Available, observedGeneration) of the API.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from meshery.core.errors import DeadlineError, OperationFailedError
from meshery.kube.apply import get
from meshery.kube.client import KubeClient
from meshery.kube.resource import Resource
from meshery.kube.workloads import WORKLOADS, Verdict, condition, is_true, not_seen

Document = Mapping[str, Any]


class Readiness(msgspec.Struct, frozen=True):
    """Whether an object is in effect; `reason` says what is missing.

    `is_final` marks a failure that waiting does not mend.
    """

    is_ready: bool
    reason: str = ""
    is_final: bool = False


def readiness(document: Document) -> Readiness:
    """The readiness of an object as it stands now."""
    metadata = document.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        holders = ", ".join(metadata.get("finalizers") or ())
        return Readiness(False, f"is being deleted{f', held by {holders}' if holders else ''}")
    group = str(document.get("apiVersion", "")).rpartition("/")[0]
    rule = _RULES.get((group, str(document.get("kind", ""))), _generic)
    spec, status = document.get("spec") or {}, document.get("status") or {}
    unseen = not_seen(metadata, status)
    verdict = unseen if unseen.reason else rule(spec, status)
    return Readiness(not verdict.reason, verdict.reason, verdict.is_final)


async def wait_ready(
    client: KubeClient,
    resource: Resource,
    name: str,
    *,
    namespace: str = "",
    timeout_s: float = 60.0,
) -> Readiness:
    """Wait until an object is ready.

    NotFoundError when it is not there, OperationFailedError when it failed for good, DeadlineError
    after `timeout_s`, each with the reason.
    """
    found = Readiness(False, "was not looked at")
    pause_s = 0.1
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                item = await get(client, resource, name, namespace=namespace)
                found = readiness(item.document())
                if found.is_ready:
                    return found
                if found.is_final:
                    raise OperationFailedError(
                        f"{resource.kind} {name} failed: {found.reason}",
                        remedy=f"look at it: kubectl describe {resource} {name}",
                        code="meshery.kube.failed",
                    )
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 1.3, 1.0)
    except TimeoutError as error:
        raise DeadlineError(
            f"{resource.kind} {name} is not ready after {timeout_s:g} s",
            cause=found.reason,
            remedy=f"look at it: kubectl describe {resource} {name}",
            code="meshery.kube.not_ready",
        ) from error


def _service(spec: Document, status: Document) -> Verdict:
    if spec.get("type") != "LoadBalancer" or (status.get("loadBalancer") or {}).get("ingress"):
        return Verdict()
    return Verdict("waits for the address of its load balancer")


def _phase(wanted: str) -> Callable[[Document, Document], Verdict]:
    def rule(_spec: Document, status: Document) -> Verdict:
        phase = status.get("phase") or "Pending"
        return Verdict() if phase == wanted else Verdict(f"is {phase}, not {wanted}")

    return rule


def _needs(*types: str) -> Callable[[Document, Document], Verdict]:
    def rule(_spec: Document, status: Document) -> Verdict:
        for name in types:
            if not is_true(status, name):
                return Verdict(_lacks(status, name))
        return Verdict()

    return rule


def _lacks(status: Document, name: str) -> str:
    found = condition(status, name)
    if found is None:
        return f"is not {name} yet"
    said = ": ".join(part for part in (found.get("reason"), found.get("message")) if part)
    return f"is not {name}" + (f" ({said})" if said else "")


def _generic(_spec: Document, status: Document) -> Verdict:
    """Conditions by convention; an object that has none is in effect once it is stored."""
    if is_true(status, "Stalled"):
        return Verdict(_lacks(status, "Stalled").replace("is not Stalled", "is stalled"))
    for name in ("Ready", "Available"):
        if condition(status, name) is not None:
            return _needs(name)({}, status)
    return Verdict()


_RULES: dict[tuple[str, str], Callable[[Document, Document], Verdict]] = {
    **WORKLOADS,
    ("", "Service"): _service,
    ("", "Namespace"): _phase("Active"),
    ("", "Node"): _needs("Ready"),
    ("", "PersistentVolumeClaim"): _phase("Bound"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _needs("NamesAccepted", "Established"),
    ("apiregistration.k8s.io", "APIService"): _needs("Available"),
    # Kinds of our own operator, which has not looked at an object that has no conditions.
    ("meshery.io", "Broker"): _needs("Ready"),
    ("meshery.io", "MeshSync"): _needs("Ready"),
}
