"""EnvoyFilters: what Istio has no field for, said to the proxies of the target's pods.

Patches of one service stand in one object. They hold for the Envoy that comes with the mesh's
version; Istio promises nothing for later ones.

Source: Istio's reference of EnvoyFilter and its task "Enabling Rate Limits using Envoy", 1.31, read
on 2026-11-22.
"""

from collections.abc import Sequence
from typing import Any

from meshery.adapters.draft import Draft, native
from meshery.meshes.istio.drafting import pod_labels
from meshery.meshes.istio.naming import ENVOY_FILTER_API, root_namespace

Native = dict[str, Any]

_MANAGER = "envoy.filters.network.http_connection_manager"
_ROUTER = "envoy.filters.http.router"


def put_filter(draft: Draft, patches: Sequence[Native]) -> None:
    """Put patches at the target's proxies; for the whole mesh at those of every pod."""
    draft.note("EnvoyFilter speaks to Envoy itself: check it again with each upgrade of Istio")
    spec: Native = {"configPatches": list(patches)}
    target = draft.behaviour.target
    if draft.is_whole_mesh:
        if target.subset is not None:
            draft.dropped("target.subset", "subsets belong to one service")
        namespace = target.namespace or root_namespace(draft.world)
        draft.put(native(ENVOY_FILTER_API, "EnvoyFilter", "all-services", namespace, spec))
        return
    name = f"{draft.service.name}-{target.subset}" if target.subset else draft.service.name
    spec = {"workloadSelector": {"labels": pod_labels(draft)}, **spec}
    draft.put(native(ENVOY_FILTER_API, "EnvoyFilter", name, draft.service.namespace, spec))


def before_router(draft: Draft, name: str, config: Native) -> Native:
    """A patch that puts an HTTP filter before the router of what comes in."""
    chain = {"filterChain": {"filter": {"name": _MANAGER, "subFilter": {"name": _ROUTER}}}}
    listener: Native = {**_of_port(draft), **chain}
    return {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_INBOUND", "listener": listener},
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {"name": name, "typed_config": config},
        },
    }


def on_inbound_hosts(draft: Draft, value: Native) -> Native:
    """A patch of the virtual hosts of what comes in."""
    match: Native = {"context": "SIDECAR_INBOUND"}
    port = draft.behaviour.target.port
    if port is not None:
        match["routeConfiguration"] = {"vhost": {"name": f"inbound|http|{port}"}}
    return {
        "applyTo": "VIRTUAL_HOST",
        "match": match,
        "patch": {"operation": "MERGE", "value": value},
    }


def _of_port(draft: Draft) -> Native:
    port = draft.behaviour.target.port
    if port is None:
        return {}
    draft.note(f"port {port} is that of the pods here, taken to be that of the service")
    return {"portNumber": port}
