"""The behaviours whose cost is measured.

Each works on every request and changes none: an allow that allows, a route to where it went
anyway, a limit that is never met.
"""

from collections.abc import Callable

from meshery.behaviours.match import Match, ValueMatch
from meshery.behaviours.model import Behaviour, Kind, Target
from meshery.behaviours.pressure import RateLimit
from meshery.behaviours.resilience import Retry
from meshery.behaviours.security import Access, Caller
from meshery.behaviours.shape import Params
from meshery.behaviours.traffic import Route

ROUTED_HEADER = "x-measured"
ROUTED_VALUE = "yes"
_NEVER_MET_PER_S = 1_000_000


def behaviours_of(function: str, *, source: str, destination: str) -> tuple[Behaviour, ...]:
    """What the pair with the function carries beyond its twin; none for mutual TLS itself."""
    make = _RULES.get(function)
    if make is None:
        return ()
    kind, params = make(source)
    name = f"measured-{function}"
    return (Behaviour(name=name, kind=kind, target=Target(service=destination), params=params),)


def _access(source: str) -> tuple[Kind, Params]:
    return Kind.ACCESS, Access(action="allow", from_=(Caller(identity=source),))


def _route(_source: str) -> tuple[Kind, Params]:
    matched = ValueMatch(name=ROUTED_HEADER, exact=ROUTED_VALUE)
    return Kind.ROUTE, Route(match=Match(headers=(matched,)))


def _retries(_source: str) -> tuple[Kind, Params]:
    return Kind.RETRY, Retry(attempts=2)


def _ratelimit(_source: str) -> tuple[Kind, Params]:
    return Kind.RATELIMIT, RateLimit(requests=_NEVER_MET_PER_S)


_RULES: dict[str, Callable[[str], tuple[Kind, Params]]] = {
    "access": _access,
    "route": _route,
    "retries": _retries,
    "ratelimit": _ratelimit,
}
