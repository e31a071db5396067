"""Counters of sidecars as traffic between nodes: who sent how much to which version of whom.

A node is a version of a service. Two sides count. The caller's side knows what it sent to a service
and, where that has one version or was routed to one, to which node; it also counts what never
arrived (a limit, a timeout, no connection). The called side knows by identity which service called.
So an edge is taken from the caller's side where that names the node, else from the called side,
shared among the versions of the caller by what each of them sent.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from meshery.sandbox.envoy.stats import PairCount, PairDuration, Side, account_of
from meshery.sandbox.model import World
from meshery.sandbox.render.names import cluster_name

_SERVER_ERROR = 500
_PLAIN = "-"

Pair = PairCount | PairDuration


class Sample(msgspec.Struct, frozen=True):
    """What the sidecar of one instance of `node` counted: in all, and since the look before."""

    node: str
    counts: tuple[PairCount, ...]
    fresh: tuple[PairCount, ...]
    durations: tuple[PairDuration, ...]


class Flow(msgspec.Struct, frozen=True):
    """Requests from one node to another. Fresh ones are those since the look before."""

    requests: float = 0.0
    fresh: float = 0.0
    fresh_errors: float = 0.0
    encrypted: float = 0.0
    codes: dict[str, float] = {}
    latency_us: float | None = None

    def scaled(self, share: float) -> "Flow":
        """A share of it."""
        return Flow(
            self.requests * share,
            self.fresh * share,
            self.fresh_errors * share,
            self.encrypted * share,
            {code: count * share for code, count in self.codes.items()},
            self.latency_us,
        )


def node_id(service: str, version: str) -> str:
    """The name of a node."""
    return f"{service}-{version}"


def nodes_of(world: World) -> dict[str, tuple[str, str]]:
    """The nodes of a world with their service and version, in its order."""
    return {
        node_id(service.name, version.name): (service.name, version.name)
        for service in world.services
        for version in service.versions
    }


def flow_between(world: World, samples: Iterable[Sample], source: str, target: str) -> Flow:
    """What `source` sent to `target` (nodes)."""
    known = list(samples)
    nodes = nodes_of(world)
    (caller, _), (called, version) = nodes[source], nodes[target]
    clusters = {cluster_name(called, version)}
    if len(world.service(called).versions) == 1:
        clusters.add(cluster_name(called))
    sent = _flow(known, source, "outbound", lambda each: each.destination in clusters)
    if sent.requests:
        return sent
    account = world.service(caller).account
    known_caller = _flow(known, target, "inbound", lambda each: account_of(each.source) == account)
    versions = [node for node, (service, _) in nodes.items() if service == caller]
    unknown_caller = _flow(known, target, "inbound", lambda each: each.source == _PLAIN)
    callers = [node for node, (service, _) in nodes.items() if _may_call(world, service, called)]
    return _sum(
        known_caller.scaled(_share(world, known, source, called, among=versions)),
        unknown_caller.scaled(_share(world, known, source, called, among=callers)),
    )


def fresh_counts(before: Iterable[PairCount], after: Iterable[PairCount]) -> tuple[PairCount, ...]:
    """What was counted between two scrapes; a counter that fell began anew with its sidecar."""
    known = {_key(each): each.count for each in before}
    grown = []
    for each in after:
        difference = each.count - known.get(_key(each), 0)
        count = each.count if difference < 0 else difference
        if count:
            grown.append(msgspec.structs.replace(each, count=count))
    return tuple(grown)


def _may_call(world: World, service: str, called: str) -> bool:
    return called in world.service(service).calls


def _share(
    world: World, samples: Sequence[Sample], source: str, called: str, *, among: Sequence[str]
) -> float:
    """The share of `source` in what nodes sent to a service, by their own counts."""
    if source not in among:
        return 0.0
    sent = {node: _sent(world, samples, node, called) for node in among}
    total = sum(sent.values())
    return sent[source] / total if total else 1 / len(among)


def _sent(world: World, samples: Sequence[Sample], node: str, called: str) -> float:
    service, _ = nodes_of(world)[node]
    if any(each.role == "gateway" for each in world.instances_of(service)):
        return _flow(samples, node, "inbound", lambda _: True).requests
    prefix = cluster_name(called)

    def leads_there(each: Pair) -> bool:
        return each.destination == prefix or each.destination.startswith(f"{prefix}/")

    return _flow(samples, node, "outbound", leads_there).requests


def _flow(
    samples: Sequence[Sample], node: str, side: Side, is_meant: Callable[[Pair], bool]
) -> Flow:
    mine = [sample for sample in samples if sample.node == node]
    counts = [each for s in mine for each in s.counts if each.side == side and is_meant(each)]
    fresh = [each for s in mine for each in s.fresh if each.side == side and is_meant(each)]
    durations = [each for s in mine for each in s.durations if each.side == side and is_meant(each)]
    codes: dict[str, float] = {}
    for each in counts:
        codes[str(each.code)] = codes.get(str(each.code), 0.0) + each.count
    slowest = max(durations, key=lambda each: each.count, default=None)
    return Flow(
        requests=sum(each.count for each in counts),
        fresh=sum(each.count for each in fresh),
        fresh_errors=sum(each.count for each in fresh if _is_error(each)),
        encrypted=sum(each.count for each in counts if each.tls != _PLAIN),
        codes=codes,
        latency_us=slowest.quantile_us(0.5) if slowest else None,
    )


def _sum(one: Flow, other: Flow) -> Flow:
    codes = {
        code: one.codes.get(code, 0.0) + other.codes.get(code, 0.0)
        for code in {*one.codes, *other.codes}
    }
    return Flow(
        one.requests + other.requests,
        one.fresh + other.fresh,
        one.fresh_errors + other.fresh_errors,
        one.encrypted + other.encrypted,
        codes,
        one.latency_us if one.requests else other.latency_us,
    )


def _is_error(each: PairCount) -> bool:
    return each.code >= _SERVER_ERROR or each.code == 0


def _key(each: PairCount) -> tuple[object, ...]:
    return (each.side, each.source, each.destination, each.code, each.flags, each.tls)
