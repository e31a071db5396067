"""What is seen in a sandbox: who calls whom, how often, how well, behind mutual TLS or not.

Every sidecar is asked for its counters of pairs. What left a sidecar tells caller and destination
with its version; what arrived from outside is the gateway's own. Rates are differences to the
scrape before, which this process keeps for a while; the first look takes two, a moment apart.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence

import msgspec

from meshery.core.errors import UnavailableError
from meshery.processes.usage import read_usage
from meshery.sandbox.diagram import MARGIN_PX, Place, arrange
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.envoy.stats import (
    PAIR_FILTER,
    PairCount,
    PairDuration,
    pair_counts,
    pair_durations,
)
from meshery.sandbox.layout import process_names
from meshery.sandbox.model import Instance, World
from meshery.sandbox.status import Processes, instance_state
from meshery.sandbox.traffic import Flow, Sample, flow_between, fresh_counts, node_id, nodes_of
from meshery.sandbox.view import Graph, GraphEdge, GraphNode, PartState

_FIRST_LOOK_S = 0.3
_SHORTEST_S = 0.2
_LONGEST_S = 30.0
_MOST_KEPT = 256


class Scrape(msgspec.Struct, frozen=True):
    """The counters of one instance at one moment; `cpu_s` and memory are of all its processes."""

    at: float
    counts: tuple[PairCount, ...] = ()
    durations: tuple[PairDuration, ...] = ()
    cpu_s: float = 0.0
    memory_mb: float = 0.0


class Look(msgspec.Struct, frozen=True):
    """What an instance shows now, and what it showed a moment before (None: not seen)."""

    instance: Instance
    now: Scrape
    before: Scrape | None

    @property
    def elapsed_s(self) -> float:
        """The time between the two; 0 when there is only one."""
        return self.now.at - self.before.at if self.before else 0.0


_seen: dict[str, list[Scrape]] = {}
"""The latest scrapes by admin socket: one path names one sidecar of one home."""


async def observe_graph(world: World, processes: Processes | None) -> Graph:
    """The call graph, with rates since the last look of at least 0.2 s ago."""
    known = processes or {}
    looks = await _look(world, known)
    if looks and all(look.before is None for look in looks):
        await asyncio.sleep(_FIRST_LOOK_S)
        looks = await _look(world, known)
    samples = [_sample(look) for look in looks]
    elapsed_s = max((look.elapsed_s for look in looks), default=0.0)
    edges = tuple(_edges(world, samples, elapsed_s))
    places = arrange(list(nodes_of(world)), _configured(world))
    return Graph(
        sandbox=world.name,
        nodes=tuple(
            _node(world, name, place, edges=edges, looks=looks, processes=known)
            for name, place in places.items()
        ),
        edges=edges,
        width=max((place.x for place in places.values()), default=0.0) + MARGIN_PX,
        height=max((place.y for place in places.values()), default=0.0) + MARGIN_PX,
    )


async def _look(world: World, processes: Processes) -> list[Look]:
    scrapes = await asyncio.gather(
        *(_scrape(world, instance, processes) for instance in world.instances)
    )
    return [
        Look(instance, scrape, _earlier(instance.admin_socket, scrape))
        for instance, scrape in zip(world.instances, scrapes, strict=True)
        if scrape is not None
    ]


async def _scrape(world: World, instance: Instance, processes: Processes) -> Scrape | None:
    """None when the sidecar does not answer."""
    try:
        async with AdminClient(instance.admin_socket, timeout_s=1.0) as admin:
            text = await admin.prometheus(PAIR_FILTER)
    except UnavailableError:
        return None
    cpu_ns = memory = 0
    for name in process_names(world.name, instance):
        usage = read_usage(processes[name].pid) if name in processes else None
        cpu_ns += usage.cpu_ns if usage else 0
        memory += usage.proportional_bytes if usage else 0
    return Scrape(
        time.monotonic(),
        pair_counts(text),
        pair_durations(text),
        cpu_ns / 1e9,
        round(memory / 1_048_576, 1),
    )


def _earlier(socket: str, scrape: Scrape) -> Scrape | None:
    """The newest scrape that is old enough to compare with; remembers this one."""
    if socket not in _seen and len(_seen) >= _MOST_KEPT:
        _seen.pop(next(iter(_seen)))
    kept = [each for each in _seen.get(socket, []) if scrape.at - each.at < _LONGEST_S]
    fitting = [each for each in kept if scrape.at - each.at >= _SHORTEST_S]
    _seen[socket] = [*fitting[-1:], *(each for each in kept if each not in fitting), scrape]
    return fitting[-1] if fitting else None


def _sample(look: Look) -> Sample:
    return Sample(
        node=node_id(look.instance.service, look.instance.version),
        counts=look.now.counts,
        fresh=fresh_counts(look.before.counts, look.now.counts) if look.before else (),
        durations=look.now.durations,
    )


def _configured(world: World) -> list[tuple[str, str]]:
    """Who may call whom by the spec, node by node."""
    nodes = nodes_of(world)
    return [
        (caller, called)
        for caller, (service, _) in nodes.items()
        for called, (target, _) in nodes.items()
        if target in world.service(service).calls
    ]


def _edges(world: World, samples: Sequence[Sample], elapsed_s: float) -> Iterator[GraphEdge]:
    configured = set(_configured(world))
    nodes = list(nodes_of(world))
    for source in nodes:
        for target in nodes:
            is_configured = (source, target) in configured
            flow = flow_between(world, samples, source, target) if source != target else Flow()
            if is_configured or flow.requests:
                yield _edge(source, target, flow, elapsed_s, configured=is_configured)


def _edge(source: str, target: str, flow: Flow, elapsed_s: float, *, configured: bool) -> GraphEdge:
    seen = flow.requests > 0
    return GraphEdge(
        source=source,
        target=target,
        configured=configured,
        observed=seen,
        mtls=flow.encrypted >= flow.requests if seen else None,
        requests=round(flow.requests),
        rate_rps=round(flow.fresh / elapsed_s, 2) if elapsed_s else 0.0,
        error_percent=round(100 * flow.fresh_errors / flow.fresh, 2) if flow.fresh else 0.0,
        latency_ms=round(flow.latency_us / 1000, 3) if flow.latency_us is not None else None,
        codes={code: round(count) for code, count in sorted(flow.codes.items()) if count >= 0.5},
    )


def _node(
    world: World,
    name: str,
    place: Place,
    *,
    edges: Sequence[GraphEdge],
    looks: Sequence[Look],
    processes: Processes,
) -> GraphNode:
    service, version = nodes_of(world)[name]
    instances = world.instances_of(service, version)
    names = {each.name for each in instances}
    mine = [look for look in looks if look.instance.name in names]
    arriving = [edge for edge in edges if edge.target == name]
    rate = sum(edge.rate_rps for edge in arriving)
    errors = sum(edge.rate_rps * edge.error_percent for edge in arriving)
    return GraphNode(
        id=name,
        service=service,
        version=version,
        role=instances[0].role if instances else "app",
        state=_state(world, instances, processes),
        instances=tuple(each.name for each in instances),
        x=place.x,
        y=place.y,
        rate_rps=round(rate or sum(_outside_rate(look) for look in mine), 2),
        error_percent=round(errors / rate, 2) if rate else 0.0,
        cpu_percent=round(sum(_cpu_percent(look) for look in mine), 1),
        memory_mb=round(sum(look.now.memory_mb for look in mine), 1),
    )


def _outside_rate(look: Look) -> float:
    """What arrives at a gateway from outside; others count it on their edges."""
    if look.instance.role != "gateway" or look.before is None or not look.elapsed_s:
        return 0.0
    fresh = fresh_counts(look.before.counts, look.now.counts)
    return sum(each.count for each in fresh if each.side == "inbound") / look.elapsed_s


def _cpu_percent(look: Look) -> float:
    if look.before is None or not look.elapsed_s:
        return 0.0
    return max(0.0, 100 * (look.now.cpu_s - look.before.cpu_s) / look.elapsed_s)


def _state(world: World, instances: Sequence[Instance], processes: Processes) -> PartState:
    states = {instance_state(world, each, processes) for each in instances}
    if not states or states == {"down"}:
        return "down"
    return "ready" if states == {"ready"} else "starting"
