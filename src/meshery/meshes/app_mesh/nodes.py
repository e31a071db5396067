"""What a VirtualNode says of its listeners: pools, ejection, and TLS."""

from typing import Any

from meshery.adapters.draft import Draft
from meshery.behaviours.rendering import Service
from meshery.behaviours.resilience import Ejection, Limits
from meshery.behaviours.security import Mtls
from meshery.meshes.app_mesh.objects import duration, listener, node, port_of, put_node
from meshery.meshes.look import dig
from meshery.meshes.scope import not_narrowed, one_service

_UNBOUNDED = 2_147_483_647
_MODES = {"strict": "STRICT", "permissive": "PERMISSIVE", "off": "DISABLED"}
_EVERY_CALLER = "a listener holds for every caller"


def limits(draft: Draft) -> None:
    """The pool of a listener: what one instance takes, from all callers together."""
    params = draft.params(Limits)
    if not one_service(draft):
        return
    port = port_of(draft)
    pool = _pool(draft, params, port.protocol)
    if not pool:
        draft.unsupported(
            f"a pool of {port.protocol} has no place for what is given "
            "(maxConnections, maxPending, maxRequests, maxRetries, perConnectionRequests)",
            "http takes maxConnections and maxPending, http2 and grpc maxRequests, "
            "tcp maxConnections",
        )
        return
    draft.nearly("limits hold for each instance, of all callers together, not for each caller")
    if params.scope == "subset" and draft.behaviour.target.subset is None:
        draft.nearly("scope subset: give target.subset, each has a node of its own")
    if params.scope == "port":
        draft.note("scope port is how it is: a pool belongs to a listener")
    not_narrowed(draft, source=_EVERY_CALLER)
    subset = draft.behaviour.target.subset
    put_node(draft, draft.service, subset, listeners=listener(port, connectionPool=pool))


def ejection(draft: Draft) -> None:
    """Outlier detection of a listener."""
    params = draft.params(Ejection)
    if not one_service(draft):
        return
    detection = {
        "maxServerErrors": params.consecutive_errors,
        "interval": duration(params.interval_ms),
        "baseEjectionDuration": duration(params.base_ejection_ms),
        "maxEjectionPercent": round(params.max_percent),
    }
    if round(params.max_percent) != params.max_percent:
        draft.nearly(f"maxPercent is {round(params.max_percent)}: it is a whole number here")
    if params.gateway_errors_only:
        draft.dropped("gatewayErrorsOnly", "App Mesh counts every server error")
    if params.min_healthy_percent:
        draft.dropped("minHealthyPercent", "App Mesh does not look at the others")
    not_narrowed(draft, source=_EVERY_CALLER)
    port, subset = port_of(draft), draft.behaviour.target.subset
    put_node(draft, draft.service, subset, listeners=listener(port, outlierDetection=detection))


def mtls(draft: Draft) -> None:
    """TLS of listeners with certificates of SPIRE, and of the callers towards them."""
    params = draft.params(Mtls)
    services = _members(draft, params)
    if not services:
        draft.unsupported(
            f"mode {params.mode} for scope {params.scope}: TLS is said by each node, and no "
            "service is known",
            "give one behaviour for each service, or tell of the services",
        )
        return
    if len(services) > 1 or draft.is_whole_mesh:
        draft.nearly(f"scope {params.scope} is the services that are known now")
    for service in services:
        is_given = _put_tls(draft, service, params)
        if is_given:
            draft.nearly(f"{service.name} keeps its certificates: callers have to trust them")
        elif params.mode != "off":
            draft.nearly(
                f"mode {params.mode} needs SPIRE and the controller's SDS (--enable-sds): App Mesh "
                "makes no certificates of its own"
            )
        if params.mode == "strict" and not is_given:
            _put_callers(draft, service)


def _pool(draft: Draft, params: Limits, protocol: str) -> dict[str, Any]:
    """The pool in the words of a protocol; what has no place is said."""
    places = {
        "http": ("max_connections", "max_pending"),
        "http2": ("max_requests",),
        "grpc": ("max_requests",),
    }.get(protocol, ("max_connections",))
    fields = ("max_connections", "max_pending", "max_requests", "max_retries")
    given = [each for each in fields if getattr(params, each) is not None]
    if not any(each in places for each in given) or params.max_pending == 0:
        return {}
    for each in given:
        if each not in places:
            draft.dropped(each, f"a pool of {protocol} does not have it")
    if params.per_connection_requests is not None:
        draft.dropped("per_connection_requests", "App Mesh does not count them")
    if protocol in ("http2", "grpc"):
        return {protocol: {"maxRequests": params.max_requests}}
    pool: dict[str, Any] = {"maxConnections": params.max_connections or _UNBOUNDED}
    if protocol == "http" and params.max_pending is not None:
        pool["maxPendingRequests"] = params.max_pending
    return {"http" if protocol == "http" else "tcp": pool}


def _members(draft: Draft, params: Mtls) -> tuple[Service, ...]:
    """The services that a scope means."""
    known = draft.world.services
    if params.scope == "mesh" or draft.is_whole_mesh:
        return known
    if params.scope == "namespace":
        own = tuple(each for each in known if each.namespace == draft.namespace)
        return own or (draft.service,)
    return (draft.service,)


def _put_tls(draft: Draft, service: Service, params: Mtls) -> bool:
    """The TLS of the listeners; whether one that stands has a certificate, which is kept."""
    ports = service.ports
    if draft.behaviour.target.port is not None and service == draft.service:
        ports = (port_of(draft),)
    elif params.scope == "port":
        ports = (service.port,)
        draft.nearly("scope port: target.port is not given, so it is the first one")
    subset = draft.behaviour.target.subset if service == draft.service else None
    is_given = False
    for port in ports:
        tls: dict[str, Any] = {"mode": _MODES[params.mode]}
        if _has_certificate(draft, service, port.number, subset):
            is_given = True
        else:
            tls["certificate"] = {"sds": {"secretName": _spiffe(draft, service)}}
            if params.mode != "off":
                tls["validation"] = {"trust": _trust(draft)}
        put_node(draft, service, subset, listeners=listener(port, tls=tls))
    return is_given


def _put_callers(draft: Draft, service: Service) -> None:
    callers = draft.world.callers_of(service)
    if not callers:
        draft.nearly(f"nobody is known to call {service.name}: callers need a client policy of TLS")
    for caller in callers:
        tls = {
            "enforce": True,
            "certificate": {"sds": {"secretName": _spiffe(draft, caller)}},
            "validation": {"trust": _trust(draft)},
        }
        put_node(draft, caller, backendDefaults={"clientPolicy": {"tls": tls}})


def _has_certificate(draft: Draft, service: Service, number: int, subset: str | None) -> bool:
    """Whether the listener that stands has a certificate already."""
    standing = node(draft.world, service, subset) or {}
    for each in dig(standing, "spec.listeners") or []:
        if dig(each, "portMapping.port") == number and dig(each, "tls.certificate"):
            return True
    return False


def _spiffe(draft: Draft, service: Service) -> str:
    account = service.account or service.name
    return f"spiffe://{draft.world.trust_domain}/ns/{service.namespace}/sa/{account}"


def _trust(draft: Draft) -> dict[str, Any]:
    return {"sds": {"secretName": f"spiffe://{draft.world.trust_domain}"}}
