"""DestinationRules and policies of trust read back: limits, ejection, locality, mtls, access."""

from collections.abc import Iterator
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.istio.naming import ROOT_NAMESPACE
from meshery.meshes.istio.notes import Native, own, service_of_labels, target_of
from meshery.meshes.look import name_of, namespace_of
from meshery.meshes.translation import Translation

_LIMITS = (
    ("tcp", "maxConnections", "maxConnections"),
    ("http", "http1MaxPendingRequests", "maxPending"),
    ("http", "http2MaxRequests", "maxRequests"),
    ("http", "maxRetries", "maxRetries"),
    ("http", "maxRequestsPerConnection", "perConnectionRequests"),
)
_UNSAID = ("tls", "tunnel", "proxyProtocol")
_MODES = {"STRICT": "strict", "PERMISSIVE": "permissive", "DISABLE": "off"}


def read_rule(notes: Translation, made: Object) -> None:
    """The behaviours of one DestinationRule, of its subsets and ports too."""
    target = target_of(str(own(made, "host") or ""), namespace_of(made))
    if own(made, "workloadSelector"):
        notes.lost(made, "read for all callers, though it holds for some pods only")
    for place, policy in _policies(made):
        _policy(notes, made, {**target, **place}, policy)
    subsets = {each.get("name"): each.get("labels") for each in own(made, "subsets") or []}
    for name, labels in subsets.items():
        if labels != {"version": name}:
            notes.lost(made, f"subset {name} is the pods labelled {labels}")


def _policies(made: Object) -> Iterator[tuple[dict[str, Any], Native]]:
    holders: list[tuple[dict[str, Any], Native]] = [({}, own(made, "trafficPolicy") or {})]
    holders += [
        ({"subset": each.get("name")}, each.get("trafficPolicy") or {})
        for each in own(made, "subsets") or []
    ]
    for place, policy in holders:
        yield place, policy
        for each in policy.get("portLevelSettings") or []:
            yield {**place, "port": (each.get("port") or {}).get("number")}, each


def _policy(notes: Translation, made: Object, target: Native, policy: Native) -> None:
    name = name_of(made)
    pool = policy.get("connectionPool") or {}
    limits = {
        word: pool[part][field]
        for part, field, word in _LIMITS
        if (pool.get(part) or {}).get(field) is not None
    }
    if limits:
        notes.behaviour(f"{name}-limits", "limits", target, limits)
    times = {
        word: (pool.get(part) or {}).get(field)
        for part, field, word in (
            ("tcp", "connectTimeout", "connect"),
            ("http", "idleTimeout", "idle"),
        )
        if (pool.get(part) or {}).get(field)
    }
    if times:
        notes.behaviour(f"{name}-timeout", "timeout", target, times)
    if policy.get("outlierDetection"):
        notes.behaviour(
            f"{name}-ejection", "ejection", target, _ejection(policy["outlierDetection"])
        )
    _balancer(notes, made, target, policy.get("loadBalancer") or {})
    if policy.get("retryBudget"):
        notes.lost(made, "retryBudget is part of a retry; add budget to it")
    for field in _UNSAID:
        if field in policy and (policy[field] or {}).get("mode") != "ISTIO_MUTUAL":
            notes.lost(made, f"{field} is no behaviour")


def _ejection(outliers: Native) -> dict[str, Any]:
    gateway_only = outliers.get("consecutive5xxErrors") == 0
    errors = outliers.get("consecutiveGatewayErrors" if gateway_only else "consecutive5xxErrors")
    made: dict[str, Any] = {"consecutiveErrors": errors or outliers.get("consecutiveErrors") or 5}
    if gateway_only:
        made["gatewayErrorsOnly"] = True
    for field, word in (
        ("interval", "interval"),
        ("baseEjectionTime", "baseEjection"),
        ("maxEjectionPercent", "maxPercent"),
        ("minHealthPercent", "minHealthyPercent"),
    ):
        if outliers.get(field):
            made[word] = outliers[field]
    made.setdefault("maxPercent", 10)  # Istio's own
    return made


def _balancer(notes: Translation, made: Object, target: Native, balancer: Native) -> None:
    for field in ("consistentHash", "simple", "warmup", "warmupDurationSecs"):
        if field in balancer:
            notes.lost(made, f"loadBalancer.{field} is no behaviour")
    setting = balancer.get("localityLbSetting")
    if setting is None:
        return
    if setting.get("distribute") or setting.get("failoverPriority"):
        notes.lost(made, "shares and priorities of localities are no behaviour")
    failover = [{"from": each["from"], "to": each["to"]} for each in setting.get("failover") or []]
    notes.behaviour(
        f"{name_of(made)}-locality", "locality", target, {"failover": failover} if failover else {}
    )


def read_peers(notes: Translation, made: Object) -> None:
    """The behaviours of one PeerAuthentication."""
    labels = (own(made, "selector") or {}).get("matchLabels") or {}
    target: dict[str, Any] = {"service": "*"}
    scope = "mesh"
    if labels:
        found, rest = service_of_labels(labels, made)
        target, scope = dict(found), "workload"
        if rest:
            notes.lost(made, f"labels {dict(rest)} are read as the whole service")
    elif namespace_of(made) != ROOT_NAMESPACE:
        target, scope = {"service": "*", "namespace": namespace_of(made)}, "namespace"
    mode = _MODES.get(str((own(made, "mtls") or {}).get("mode")))
    if mode is not None:
        params = {"mode": mode} if scope == "workload" else {"mode": mode, "scope": scope}
        notes.behaviour(f"{name_of(made)}-mtls", "mtls", target, params)
    for port, each in (own(made, "portLevelMtls") or {}).items():
        word = _MODES.get(str(each.get("mode")))
        if word is not None:
            params = {"mode": word, "scope": "port"}
            notes.behaviour(
                f"{name_of(made)}-mtls-{port}", "mtls", {**target, "port": int(port)}, params
            )


def read_access(notes: Translation, made: Object) -> None:
    """The behaviours of one AuthorizationPolicy: one for each of its rules."""
    action = str(own(made, "action") or "ALLOW").lower()
    if action == "custom":
        notes.lost(made, "CUSTOM asks a service of your own")
        return
    target = _target(notes, made)
    rules = own(made, "rules")
    if not rules and action == "allow":
        rules, action = [{}], "deny"  # an allow without rules lets nobody in
    for rule in rules or []:
        params = _access(notes, made, rule)
        if params is not None:
            notes.behaviour(name_of(made), "access", target, {"action": action, **params})


def _target(notes: Translation, made: Object) -> dict[str, Any]:
    labels = (own(made, "selector") or {}).get("matchLabels") or {}
    refs = own(made, "targetRefs") or [own(made, "targetRef")]
    for ref in refs:
        if ref and ref.get("kind") == "Service":
            return {"service": ref["name"], "namespace": namespace_of(made)}
    if labels:
        target, rest = service_of_labels(labels, made)
        if rest:
            notes.lost(made, f"labels {dict(rest)} are read as the whole service")
        return dict(target)
    root = namespace_of(made) == ROOT_NAMESPACE
    return {"service": "*"} if root else {"service": "*", "namespace": namespace_of(made)}


def _access(notes: Translation, made: Object, rule: Native) -> dict[str, Any] | None:
    callers = [
        caller for each in rule.get("from") or [] for caller in _callers(each.get("source") or {})
    ]
    operations = [_operation(each.get("operation") or {}) for each in rule.get("to") or []]
    claims, unread = _claims(rule)
    if None in callers or None in operations or unread:
        notes.lost(made, "a rule asks for what no behaviour says; it is left out whole")
        return None
    params = {"from": callers, "to": operations, "claims": claims}
    return {field: value for field, value in params.items() if value}


def _callers(source: Native) -> Iterator[dict[str, Any] | None]:
    """All ways to meet a source; None for one that no behaviour says."""
    if set(source) - {"principals", "namespaces", "ipBlocks"}:
        yield None
        return
    parts = [
        [{word: _identity(value) if word == "identity" else value} for value in source[field]]
        for field, word in (
            ("principals", "identity"),
            ("namespaces", "namespace"),
            ("ipBlocks", "cidr"),
        )
        if source.get(field)
    ]
    whole: list[dict[str, Any]] = [{}]
    for part in parts:
        whole = [{**one, **other} for one in whole for other in part]
    yield from whole


def _identity(principal: str) -> str:
    return principal if principal == "*" else f"spiffe://{principal}"


def _operation(operation: Native) -> dict[str, Any] | None:
    if set(operation) - {"methods", "paths", "ports"}:
        return None
    made = {key: list(value) for key, value in operation.items() if value}
    if "ports" in made:
        made["ports"] = [int(each) for each in made["ports"]]
    return made


def _claims(rule: Native) -> tuple[dict[str, str], bool]:
    """Claims that a rule asks for, and whether it asks for anything else."""
    claims: dict[str, str] = {}
    unread = False
    for each in rule.get("when") or []:
        key, values = str(each.get("key")), each.get("values") or []
        if key.startswith("request.auth.claims[") and len(values) == 1:
            claims[key.removeprefix("request.auth.claims[").rstrip("]")] = values[0]
        else:
            unread = True
    return claims, unread
