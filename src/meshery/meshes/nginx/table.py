"""What each kind of behaviour becomes on NGINX Service Mesh, and what comes nearest."""

from collections.abc import Iterator, Sequence

from meshery.adapters.draft import Draft, Object, Table, native, render_each
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.behaviours.security import Mtls
from meshery.meshes.look import dig, name_of, namespace_of
from meshery.meshes.nginx.objects import DIALECT, MTLS_MODE
from meshery.meshes.nginx.pressure import ejection, rate_limit, trip
from meshery.meshes.scope import not_narrowed, one_service
from meshery.meshes.smi.access import write_access
from meshery.meshes.smi.split import write_route, write_split

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def _split(draft: Draft) -> None:
    if one_service(draft):
        write_split(draft, DIALECT)


def _route(draft: Draft) -> None:
    if one_service(draft):
        write_route(draft, DIALECT)


def _access(draft: Draft) -> None:
    write_access(draft, DIALECT)


def _mtls(draft: Draft) -> None:
    """The mode of a workload, as an annotation of its pods; that of the mesh is the chart's."""
    params = draft.params(Mtls)
    if params.scope in ("mesh", "namespace") or draft.is_whole_mesh:
        draft.unsupported(
            f"mode {params.mode} of the whole mesh is a value of its chart (mtls.mode), and scope "
            f"{params.scope} has no object",
            "mesh deploy nginx --set mtls.mode=..., or one behaviour for each workload",
        )
        return
    found = list(_workloads(draft))
    if not found:
        draft.unsupported(
            f"mode {params.mode} is said on pod templates, and no workload of "
            f"{draft.service.name} is known",
            f"annotate the pod template of the workload: {MTLS_MODE}: {params.mode}",
        )
        return
    not_narrowed(draft, port="the mode is that of the whole pod")
    if params.scope == "port":
        draft.dropped("scope", "port: the mode is that of the whole pod")
    draft.nearly("mode counts only where the mesh's own is not strict, and its pods are restarted")
    for workload in found:
        template = {"template": {"metadata": {"annotations": {MTLS_MODE: params.mode}}}}
        kind, name = str(workload["kind"]), name_of(workload)
        draft.put(native("apps/v1", kind, name, namespace_of(workload), template))


def _workloads(draft: Draft) -> Iterator[Object]:
    """The workloads that stand and whose pods are those of the target."""
    service, subset = draft.service, draft.behaviour.target.subset
    asked = {**service.labels, **(service.subset_labels(subset) if subset else {})}
    for each in draft.world.live:
        labels = dig(each, "spec.template.metadata.labels") or {}
        at_home = namespace_of(each) == service.namespace
        if each.get("kind") in _WORKLOADS and at_home and asked.items() <= labels.items():
            yield each


TABLE: Table = {
    Kind.EJECTION: ejection,
    Kind.TRIP: trip,
    Kind.SPLIT: _split,
    Kind.RATELIMIT: rate_limit,
    Kind.MTLS: _mtls,
    Kind.ACCESS: _access,
    Kind.ROUTE: _route,
}

ALTERNATIVES = {
    Kind.RETRY: "retry in the application: 2.0.0 is the last release, and retries came after it "
    "(RetryTimeoutConfig, never released)",
    Kind.TIMEOUT: "limit requests in the application: 2.0.0 is the last release, and timeouts came "
    "after it (RetryTimeoutConfig, never released)",
    Kind.LIMITS: "a ratelimit (RateLimit) keeps load away, a trip (CircuitBreaker) what fails",
    Kind.MIRROR: "replay recorded requests with a load generator against the other version",
    Kind.FAULT: "split a share of the requests to a service that answers with errors or late",
    Kind.EGRESS: "NGINX Ingress Controller beside the mesh as its way out (pod label "
    'nsm.nginx.com/enable-egress: "true"), with mtls.mode strict to close all others',
    Kind.INGRESS: "NGINX Ingress Controller as a member of the mesh (pod label "
    'nsm.nginx.com/enable-ingress: "true"), with an Ingress or VirtualServer of its own',
    Kind.LOCALITY: "none: its load balancing (nginxLBMethod) looks at load and latency, not places",
}


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    """Behaviours as SMI objects and NGINX's extensions of it."""
    return render_each(behaviours, world, TABLE, ALTERNATIVES, mesh="NGINX Service Mesh")
