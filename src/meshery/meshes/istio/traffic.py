"""What steers requests: split, mirror, route, locality.

Source: Istio's references of VirtualService and DestinationRule, 1.31, read on 2026-11-22.
"""

import re
from typing import Any

import msgspec

from meshery.adapters.draft import Draft
from meshery.behaviours.match import PathMatch
from meshery.behaviours.traffic import (
    Backend,
    HeaderChanges,
    Locality,
    Mirror,
    PathRewrite,
    Redirect,
    Rewrite,
    Route,
    Split,
)
from meshery.meshes.istio.condition import Condition
from meshery.meshes.istio.drafting import (
    backend_service,
    condition,
    destination,
    put_layer,
    put_policy,
    services,
)
from meshery.meshes.istio.naming import has
from meshery.meshes.istio.rules import Layer

Native = dict[str, Any]


def split(draft: Draft) -> None:
    """A rule whose destinations have weights; Istio reads them as shares of their sum."""
    params = draft.params(Split)
    if draft.behaviour.target.subset is not None:
        draft.dropped("target.subset", "the backends say where requests go")
    _told_steps(draft, params)
    forward = {"route": _destinations(draft, params.backends)}
    put_layer(draft, draft.service, Layer(condition(draft, params.match), forward))


def mirror(draft: Draft) -> None:
    """`mirrors` of every rule of the host."""
    params = draft.params(Mirror)
    if params.to.weight != 1:
        draft.dropped("to.weight", "percent says how many requests are copied")
    percentage = {"value": params.percent}
    asked = condition(draft)
    subset = draft.behaviour.target.subset or ""
    for service in services(draft):
        copied = backend_service(draft, params.to.service) if params.to.service else service
        to = destination(draft, copied, params.to.subset)
        if has(draft.world, "mirrors"):
            fields: Native = {"mirrors": [{"destination": to, "percentage": percentage}]}
        else:
            fields = {"mirror": to, "mirrorPercentage": percentage}
        put_layer(draft, service, Layer(asked, fields=fields, subset=subset))


def route(draft: Draft) -> None:
    """A rule of its own where requests go elsewhere, else changes on whatever way they take."""
    params = draft.params(Route)
    asked = condition(draft, params.match)
    fields = _header_fields(params)
    if params.redirect is not None:
        if draft.behaviour.target.subset is not None:
            draft.dropped("target.subset", "what is redirected reaches no subset")
        _put_redirect(draft, params.redirect, asked, fields)
        return
    if params.rewrite is not None:
        fields["rewrite"] = _rewrite(draft, params.rewrite, asked.path)
    subset = draft.behaviour.target.subset
    if params.backends or subset:
        backends = params.backends or (Backend(subset=subset),)
        if params.backends and subset:
            draft.dropped("target.subset", "the backends say where requests go")
        forward = {"route": _destinations(draft, backends)}
        put_layer(draft, draft.service, Layer(asked, forward, fields))
    elif fields:
        put_layer(draft, draft.service, Layer(asked, fields=fields))
    else:
        itself = {"route": [{"destination": destination(draft, draft.service, None)}]}
        put_layer(draft, draft.service, Layer(asked, itself))


def locality(draft: Draft) -> None:
    """`localityLbSetting` of the DestinationRule, which needs outlier detection."""
    params = draft.params(Locality)
    setting: Native = {"enabled": True}
    failover = [{"from": each.from_, "to": each.to} for each in params.failover]
    if any("/" in each.from_ + each.to for each in params.failover):
        draft.nearly("failover is between regions; zones in it are not known to Istio")
    if params.mode == "strict" and failover:
        draft.dropped("failover", "with mode strict requests stay in their region")
        regions = dict.fromkeys(each.from_ for each in params.failover)
        setting["distribute"] = [
            {"from": f"{each}/*", "to": {f"{each}/*": 100}} for each in regions
        ]
        draft.nearly("mode strict holds for the regions that failover names, and by region only")
    elif params.mode != "prefer":
        draft.dropped("mode", f"{params.mode} needs the names of localities and their shares")
    if failover and "distribute" not in setting:
        setting["failover"] = failover
    put_policy(draft, {"loadBalancer": {"localityLbSetting": setting}})


def _destinations(draft: Draft, backends: tuple[Backend, ...]) -> list[Native]:
    made: list[Native] = []
    for backend in backends:
        service = backend_service(draft, backend.service)
        to = destination(draft, service, backend.subset)
        weight = {"weight": backend.weight} if len(backends) > 1 else {}
        made.append({"destination": to, **weight})
    return made


def _told_steps(draft: Draft, params: Split) -> None:
    if params.steps:
        draft.note(
            "steps are carried out by Meshery one after the other: these are the weights now"
        )
    if params.rollback is not None:
        draft.note("rollback is decided by Meshery, which then writes these objects anew")


def _header_fields(params: Route) -> Native:
    headers = {
        side: changes
        for side, given in (
            ("request", params.header_ops.request),
            ("response", params.header_ops.response),
        )
        if (changes := _header_changes(given))
    }
    return {"headers": headers} if headers else {}


def _header_changes(changes: HeaderChanges) -> Native:
    made: Native = {}
    if changes.set_:
        made["set"] = dict(changes.set_)
    if changes.add:
        made["add"] = dict(changes.add)
    if changes.remove:
        made["remove"] = list(changes.remove)
    return made


def _rewrite(draft: Draft, rewrite: Rewrite, matched: PathMatch | None) -> Native:
    made: Native = {}
    if rewrite.path is not None and rewrite.path.full is not None:
        made.update(_whole_path(draft, rewrite.path.full))
    elif rewrite.path is not None:
        made.update(_prefix(draft, rewrite.path, matched))
    if rewrite.host is not None:
        made["authority"] = rewrite.host
    return made


def _whole_path(draft: Draft, path: str) -> Native:
    if has(draft.world, "uriRegexRewrite"):
        return {"uriRegexRewrite": {"match": "^/.*$", "rewrite": _literal(path)}}
    draft.nearly("rewrite.path.full replaces only what is matched before Istio 1.18")
    return {"uri": path}


def _prefix(draft: Draft, rewrite: PathRewrite, matched: PathMatch | None) -> Native:
    """The matched prefix, of whole elements, replaced; what stands below it is kept."""
    to = (rewrite.prefix or "/").rstrip("/")
    if not has(draft.world, "uriRegexRewrite"):
        draft.nearly("rewrite.path.prefix may leave two slashes before Istio 1.18")
        return {"uri": to or "/"}
    below = re.escape(matched.prefix or "") if matched is not None else ""
    if not to:
        return {"uriRegexRewrite": {"match": f"^{below}/?(.*)$", "rewrite": "/\\1"}}
    pattern = f"^{below}(/.*)?$" if below else "^(/.*)$"
    return {"uriRegexRewrite": {"match": pattern, "rewrite": f"{_literal(to)}\\1"}}


def _put_redirect(draft: Draft, redirect: Redirect, asked: Condition, fields: Native) -> None:
    made: Native = {"redirectCode": redirect.status}
    for field, value in (
        ("scheme", redirect.scheme),
        ("authority", redirect.host),
        ("port", redirect.port),
    ):
        if value is not None:
            made[field] = value
    path = redirect.path
    if path is not None and path.full is not None:
        made["uri"] = path.full
    elif path is not None and has(draft.world, "redirect.prefixRewrite"):
        _redirect_prefix(draft, path.prefix or "/", made, asked, fields)
    elif path is not None and len(made) > 1:
        draft.dropped("redirect.path.prefix", "prefixRewrite came with Istio 1.31")
    elif path is not None:
        draft.unsupported(
            "redirect.path.prefix is prefixRewrite, which came with Istio 1.31: without it the "
            "request would be sent where it came from",
            "redirect to a full path, or rewrite the prefix instead of redirecting",
        )
        return
    put_layer(draft, draft.service, Layer(asked, {"redirect": made}, fields))


def _redirect_prefix(
    draft: Draft, prefix: str, made: Native, asked: Condition, fields: Native
) -> None:
    """The path itself is redirected by a rule of its own, what stands below it by the prefix."""
    to = prefix.rstrip("/")
    if asked.path is not None and asked.path.prefix is not None:
        itself = msgspec.structs.replace(asked, path=PathMatch(exact=asked.path.prefix))
        exact = {"redirect": {**made, "uri": to or "/"}}
        put_layer(draft, draft.service, Layer(itself, exact, fields))
    made["prefixRewrite"] = f"{to}/"


def _literal(path: str) -> str:
    """A path as the replacement of a regex, where a backslash has a meaning."""
    return path.replace("\\", "\\\\")
