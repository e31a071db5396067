"""Parameters that steer requests: route, split (canary), mirror, locality."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from meshery.behaviours.match import Match
from meshery.behaviours.shape import Duration, Fault, Params, Percent, Port, exactly_one

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

RedirectStatus = Literal[301, 302, 303, 307, 308]


class Backend(Params, frozen=True):
    """Where a share of requests goes: a service, a subset (version) of one, or both."""

    service: str | None = None
    subset: str | None = None
    weight: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1

    def faults(self) -> Iterator[Fault]:
        """Neither given."""
        if not self.service and not self.subset:
            yield Fault("", "needs a service, a subset, or both")


class SplitStep(Params, frozen=True):
    """A step of a canary: the weight of the last backend in percent, and how long to hold it."""

    weight: Percent
    pause_ms: Duration = 0.0
    gate: str | None = None


class Split(Params, frozen=True):
    """Shares of the requests for the target, by weight; `match` limits them to some requests."""

    backends: tuple[Backend, ...]
    match: Match = Match()
    steps: tuple[SplitStep, ...] = ()
    rollback: str | None = None

    def faults(self) -> Iterator[Fault]:
        """No weight, or the same backend twice."""
        yield from backend_faults(self.backends)


class Mirror(Params, frozen=True):
    """Copies of `percent` of the requests go to another service or subset; answers are dropped."""

    to: Backend
    percent: Percent = 100.0


class PathRewrite(Params, frozen=True):
    """What the path becomes: replaced whole, or only the matched prefix of it."""

    full: str | None = None
    prefix: str | None = None

    def faults(self) -> Iterator[Fault]:
        """Not exactly one, or no leading slash."""
        yield from exactly_one(self, "full", "prefix")
        for field in ("full", "prefix"):
            value = getattr(self, field)
            if value is not None and not value.startswith("/"):
                yield Fault(field, "must begin with /", f"write /{value}")


class Rewrite(Params, frozen=True):
    """What changes on the way: the path, the host, or both."""

    path: PathRewrite | None = None
    host: str | None = None

    def faults(self) -> Iterator[Fault]:
        """Nothing given."""
        if self.path is None and self.host is None:
            yield Fault("", "says nothing", "give path, host or both")


class Redirect(Params, frozen=True):
    """The caller is sent elsewhere; what is not given stays as in the request."""

    scheme: Literal["http", "https"] | None = None
    host: str | None = None
    port: Port | None = None
    path: PathRewrite | None = None
    status: RedirectStatus = 302


class HeaderChanges(Params, frozen=True):
    """Headers: `set` replaces, `add` appends, `remove` takes away."""

    set_: dict[str, str] = msgspec.field(default_factory=dict)
    add: dict[str, str] = msgspec.field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Names and values that are none, and headers that steer the request itself."""
        places = [("remove", name) for name in self.remove]
        for field, headers in (("set", self.set_), ("add", self.add)):
            places += [(field, name) for name in headers]
            for name, value in headers.items():
                if not _VALUE.fullmatch(value):
                    yield Fault(f"{field}.{name}", "has a character that no header may have")
        for field, name in places:
            if name.lower() == "host":
                yield Fault(field, "cannot change Host", "use rewrite.host")
            elif not _NAME.fullmatch(name):
                yield Fault(field, f"{name!r} is no name of a header")


class HeaderOps(Params, frozen=True):
    """Changes of the headers of requests and responses."""

    request: HeaderChanges = msgspec.field(default_factory=HeaderChanges)
    response: HeaderChanges = msgspec.field(default_factory=HeaderChanges)


class Route(Params, frozen=True):
    """Requests that match go to `backends` (the target when none), changed on the way."""

    match: Match = Match()
    rewrite: Rewrite | None = None
    redirect: Redirect | None = None
    header_ops: HeaderOps = msgspec.field(default_factory=HeaderOps)
    backends: tuple[Backend, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """A redirect has no backends; a prefix is replaced only where one is matched."""
        if self.redirect is not None and (self.backends or self.rewrite is not None):
            yield Fault("redirect", "excludes backends and rewrite")
        if self.backends:
            yield from backend_faults(self.backends)
        changes = (self.rewrite, self.redirect)
        paths = [change.path for change in changes if change is not None and change.path]
        matched = self.match.path is not None and self.match.path.prefix is not None
        if any(path.prefix is not None for path in paths) and not matched:
            yield Fault("match.path", "must be a prefix, since a prefix is replaced")


class Failover(Params, frozen=True):
    """Where requests of a locality go when it has no healthy instance."""

    from_: str
    to: str


class Locality(Params, frozen=True):
    """Prefer near instances."""

    mode: Literal["prefer", "strict", "weighted"] = "prefer"
    failover: tuple[Failover, ...] = ()


def backend_faults(backends: tuple[Backend, ...]) -> Iterator[Fault]:
    """No weight at all, or the same backend twice."""
    if not backends:
        yield Fault("backends", "is empty", "give at least one backend with a weight")
    elif sum(backend.weight for backend in backends) == 0:
        yield Fault("backends", "have no weight", "the sum of the weights must be more than 0")
    seen: set[tuple[str | None, str | None]] = set()
    for position, backend in enumerate(backends):
        if (backend.service, backend.subset) in seen:
            yield Fault(f"backends[{position}]", "is given twice")
        seen.add((backend.service, backend.subset))
