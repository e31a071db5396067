"""What callers do with requests for a service: one rule per match, composed of all behaviours.

Routes and splits that speak of the same requests become one rule; rules are tried from the most
specific match to the least (Gateway API's order), and the last takes everything else.
"""

import msgspec

from meshery.behaviours.match import Match
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.resilience import Limits
from meshery.behaviours.traffic import (
    Backend,
    HeaderChanges,
    HeaderOps,
    Redirect,
    Rewrite,
    Route,
    Split,
)
from meshery.sandbox.model import World
from meshery.sandbox.render.clusters import cluster_of, subsets_of
from meshery.sandbox.render.effect import in_effect


class Share(msgspec.Struct, frozen=True):
    """A cluster and its weight."""

    cluster: str
    weight: int


class Rule(msgspec.Struct, frozen=True):
    """What happens to the requests that match."""

    match: Match
    shares: tuple[Share, ...] = ()
    rewrite: Rewrite | None = None
    redirect: Redirect | None = None
    header_ops: HeaderOps = msgspec.field(default_factory=HeaderOps)


def rules_for(world: World, service: str, *, caller: str) -> list[Rule]:
    """The rules of one caller for one service, in the order they are tried."""
    everything = Match()
    rules = {everything: Rule(everything)}
    for behaviour in _steering(world, service, caller):
        params = behaviour.params
        if isinstance(params, Route | Split):
            rule = rules.get(params.match) or Rule(params.match)
            rules[params.match] = _with(world, rule, service, params)
    default = rules[everything].shares or default_shares(world, service)
    complete = [
        rule if rule.shares else msgspec.structs.replace(rule, shares=default)
        for rule in rules.values()
    ]
    strongest_first = complete[::-1]  # sorting is stable: so it stays among equals
    return sorted(strongest_first, key=lambda rule: rule.match.specificity)


def default_shares(world: World, service: str) -> tuple[Share, ...]:
    """Where requests go without a split: the service, or its versions by their instances.

    By versions where a behaviour treats one of them apart, since only then it passes its cluster.
    """
    subsets = subsets_of(world.service(service))
    if not subsets or not _treats_subsets(world, service):
        return (Share(service, 1),)
    return tuple(
        Share(cluster_of(world, service, subset), len(world.instances_of(service, subset)))
        for subset in subsets
    )


def shares_of(world: World, service: str, backends: tuple[Backend, ...]) -> tuple[Share, ...]:
    """Backends as clusters with weights."""
    return tuple(
        Share(cluster_of(world, backend.service or service, backend.subset), backend.weight)
        for backend in backends
    )


def _steering(world: World, service: str, caller: str) -> list[Behaviour]:
    """Routes and splits together, weakest first."""
    both = [
        *in_effect(world, Kind.ROUTE, service, caller=caller),
        *in_effect(world, Kind.SPLIT, service, caller=caller),
    ]
    places = {id(behaviour): place for place, behaviour in enumerate(world.behaviours)}
    return sorted(both, key=lambda each: (each.source is not None, places[id(each)]))


def _with(world: World, rule: Rule, service: str, params: Route | Split) -> Rule:
    shares = shares_of(world, service, params.backends) or rule.shares
    if isinstance(params, Split):
        return msgspec.structs.replace(rule, shares=shares, redirect=None)
    return Rule(
        match=rule.match,
        shares=shares,
        rewrite=params.rewrite or rule.rewrite,
        redirect=params.redirect or (None if params.backends else rule.redirect),
        header_ops=HeaderOps(
            request=_both(rule.header_ops.request, params.header_ops.request),
            response=_both(rule.header_ops.response, params.header_ops.response),
        ),
    )


def _both(first: HeaderChanges, second: HeaderChanges) -> HeaderChanges:
    return HeaderChanges(
        set_={**first.set_, **second.set_},
        add={**first.add, **second.add},
        remove=tuple(dict.fromkeys((*first.remove, *second.remove))),
    )


def _treats_subsets(world: World, service: str) -> bool:
    kinds = (Kind.LIMITS, Kind.EJECTION, Kind.TRIP, Kind.TIMEOUT)
    behaviours = [each for kind in kinds for each in in_effect(world, kind, service)]
    return any(
        behaviour.target.subset is not None
        or (isinstance(behaviour.params, Limits) and behaviour.params.scope == "subset")
        for behaviour in behaviours
    )
