"""Whether somebody answers behind a webhook: asked before it is registered.

A webhook whose service has no ready endpoint refuses, by the usual failure policy, what it should
only judge: every pod of the cluster, say, the one that would answer it included.
"""

from collections.abc import Iterator
from typing import Any

from meshery.apply.target import Object, Ref, Target
from meshery.apply.tiers import WEBHOOKS
from meshery.core.errors import NotFoundError

_SLICES = ("discovery.k8s.io/v1", "EndpointSlice")
_SERVICE_NAME = "kubernetes.io/service-name"


async def missing_behind(target: Target, document: Object) -> str:
    """What is not there yet behind an object's webhooks, in words; empty for any other object.

    A Service without selector is taken at its word: who answers it is not Kubernetes' knowledge.
    """
    for namespace, name in sorted(set(_services(document))):
        try:
            service = await target.get(Ref("v1", "Service", name, namespace))
        except NotFoundError:
            return f"its Service {namespace}/{name} is not there"
        if (service.get("spec") or {}).get("selector") and not await _answers(target, service):
            return f"its Service {namespace}/{name} has no ready endpoint"
    return ""


def _services(document: Object) -> Iterator[tuple[str, str]]:
    if document.get("kind") not in WEBHOOKS:
        return
    for webhook in document.get("webhooks") or ():
        service: dict[str, Any] | None = (webhook.get("clientConfig") or {}).get("service")
        if service:
            yield str(service.get("namespace")), str(service.get("name"))


async def _answers(target: Target, service: Object) -> bool:
    if "/".join(_SLICES) not in (await target.capabilities()).kinds:
        return True
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    return any(
        (endpoint.get("conditions") or {}).get("ready", True)
        for found in await target.list(*_SLICES, namespace=namespace)
        if (found["metadata"].get("labels") or {}).get(_SERVICE_NAME) == name
        for endpoint in found.get("endpoints") or ()
    )
