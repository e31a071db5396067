"""Rules as Envoy's routes, with retries, timeouts and mirrors on each."""

import re
from typing import Any

from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.resilience import GRPC_CONDITIONS, RETRY_CONDITIONS, Retry, Timeout
from meshery.behaviours.traffic import (
    HeaderChanges,
    HeaderOps,
    Mirror,
    PathRewrite,
    Redirect,
    Rewrite,
)
from meshery.sandbox.model import World
from meshery.sandbox.render.clusters import cluster_of
from meshery.sandbox.render.effect import in_effect, merged, params_of, strongest
from meshery.sandbox.render.matching import regex_header, route_match
from meshery.sandbox.render.names import Json, fraction, seconds
from meshery.sandbox.render.rules import Rule, rules_for

REQUEST_TIMEOUT_MS = 15_000.0
_IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
_REDIRECTS = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}
_PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {
        "@type": "type.googleapis.com/"
        "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    },
}


def service_routes(world: World, service: str, *, caller: str) -> list[Json]:
    """The routes of one caller for one service, in the order they are tried."""
    return [
        route
        for rule in rules_for(world, service, caller=caller)
        for route in _routes(world, rule, service, caller)
    ]


def header_changes(operations: HeaderOps) -> Json:
    """The header fields of a route."""
    rendered: Json = {}
    for side, changes in (("request", operations.request), ("response", operations.response)):
        added = _added(changes)
        if added:
            rendered[f"{side}_headers_to_add"] = added
        if changes.remove:
            rendered[f"{side}_headers_to_remove"] = list(changes.remove)
    return rendered


def _routes(world: World, rule: Rule, service: str, caller: str) -> list[Json]:
    match, headers = route_match(rule.match), header_changes(rule.header_ops)
    if rule.redirect is not None:
        return [{"match": match, "redirect": _redirect(rule.redirect, rule), **headers}]
    action = _action(world, rule, service, caller)
    timeout = _timeout(world, rule, service, caller)
    retry = strongest(_touching(world, Kind.RETRY, service, caller, rule), Retry)
    plain = {**action, **_times(timeout, None)}
    if retry is None:
        return [{"match": match, "route": plain, **headers}]
    retried = {**action, **_times(timeout, retry)}
    if not retry.idempotent_only or rule.match.method in _IDEMPOTENT:
        return [{"match": match, "route": retried, **headers}]
    if rule.match.method is not None:
        return [{"match": match, "route": plain, **headers}]
    safe = regex_header(":method", "|".join(_IDEMPOTENT))
    narrowed = {**match, "headers": [*match.get("headers", []), safe]}
    return [
        {"match": narrowed, "route": retried, **headers},
        {"match": match, "route": plain, **headers},
    ]


def _touching(world: World, kind: Kind, service: str, caller: str, rule: Rule) -> list[Behaviour]:
    """Behaviours for this rule: those of one version only where the rule leads to it."""
    clusters = {share.cluster for share in rule.shares}
    return [
        behaviour
        for behaviour in in_effect(world, kind, service, caller=caller)
        if behaviour.target.subset is None
        or cluster_of(world, service, behaviour.target.subset) in clusters
    ]


def _action(world: World, rule: Rule, service: str, caller: str) -> Json:
    action: Json = {}
    if len(rule.shares) == 1:
        action["cluster"] = rule.shares[0].cluster
    else:
        clusters = [{"name": share.cluster, "weight": share.weight} for share in rule.shares]
        action["weighted_clusters"] = {"clusters": clusters}
    if rule.rewrite is not None:
        action.update(_rewrite(rule.rewrite, rule))
    mirrors = [
        {
            "cluster": cluster_of(world, mirror.to.service or service, mirror.to.subset),
            "runtime_fraction": {"default_value": fraction(mirror.percent)},
        }
        for mirror in params_of(_touching(world, Kind.MIRROR, service, caller, rule), Mirror)
    ]
    if mirrors:
        action["request_mirror_policies"] = mirrors
    return action


def _timeout(world: World, rule: Rule, service: str, caller: str) -> Timeout:
    found = merged(_touching(world, Kind.TIMEOUT, service, caller, rule), Timeout)
    return found or Timeout()


def _times(timeout: Timeout, retry: Retry | None) -> Json:
    request_ms = REQUEST_TIMEOUT_MS if timeout.request_ms is None else timeout.request_ms
    rendered: Json = {"timeout": seconds(request_ms)}
    if timeout.idle_ms is not None:
        rendered["idle_timeout"] = seconds(timeout.idle_ms)
    per_try_ms = (retry.per_try_timeout_ms if retry else None) or timeout.per_try_ms
    per_try_ms = per_try_ms or timeout.response_headers_ms
    policy = _retry_policy(retry) if retry is not None else {}
    if per_try_ms is not None:
        policy["per_try_timeout"] = seconds(per_try_ms)
        policy.setdefault("num_retries", 0)
    if policy:
        rendered["retry_policy"] = policy
    return rendered


def _retry_policy(retry: Retry) -> Json:
    statuses = [int(condition) for condition in retry.on if condition.isdecimal() and condition]
    known = (*RETRY_CONDITIONS, *GRPC_CONDITIONS)
    conditions = [condition for condition in retry.on if condition in known]
    if statuses:
        conditions.append("retriable-status-codes")
    policy: Json = {
        "retry_on": ",".join(conditions),
        "num_retries": retry.attempts,
        "retry_back_off": {
            "base_interval": seconds(retry.backoff.base_ms),
            "max_interval": seconds(retry.backoff.max_ms),
        },
        "retry_host_predicate": [_PREVIOUS_HOSTS],
        "host_selection_retry_max_attempts": 3,
    }
    if statuses:
        policy["retriable_status_codes"] = statuses
    return policy


def _rewrite(rewrite: Rewrite, rule: Rule) -> Json:
    rendered: Json = {}
    if rewrite.host is not None:
        rendered["host_rewrite_literal"] = rewrite.host
    if rewrite.path is not None:
        rendered["regex_rewrite"] = _path_change(rewrite.path, rule)
    return rendered


def _path_change(path: PathRewrite, rule: Rule) -> Json:
    """The path, never its query. `prefix_rewrite` alone would make `//one` of `/` plus `/one`."""
    if path.full is not None:
        return _substitute(".*", path.full)
    matched = ((rule.match.path.prefix if rule.match.path else None) or "").rstrip("/")
    new = (path.prefix or "").rstrip("/")
    if not new:
        return {"pattern": {"regex": f"^{re.escape(matched)}/*(.*)$"}, "substitution": r"/\1"}
    return _substitute(f"^{re.escape(matched)}", new)


def _substitute(regex: str, text: str) -> Json:
    pattern = f"^{regex}$" if regex == ".*" else regex
    return {"pattern": {"regex": pattern}, "substitution": text.replace("\\", r"\\")}


def _redirect(redirect: Redirect, rule: Rule) -> Json:
    rendered: dict[str, Any] = {"response_code": _REDIRECTS[redirect.status]}
    if redirect.scheme is not None:
        rendered["scheme_redirect"] = redirect.scheme
    if redirect.host is not None:
        rendered["host_redirect"] = redirect.host
    if redirect.port is not None:
        rendered["port_redirect"] = redirect.port
    if redirect.path is not None and redirect.path.full is not None:
        rendered["path_redirect"] = redirect.path.full
    elif redirect.path is not None:
        rendered["regex_rewrite"] = _path_change(redirect.path, rule)
    return rendered


def _added(changes: HeaderChanges) -> list[Json]:
    kinds = (
        ("OVERWRITE_IF_EXISTS_OR_ADD", changes.set_),
        ("APPEND_IF_EXISTS_OR_ADD", changes.add),
    )
    return [
        # A percent sign would begin a command of Envoy's formatter.
        {"header": {"key": key, "value": value.replace("%", "%%")}, "append_action": action}
        for action, headers in kinds
        for key, value in headers.items()
    ]
