"""Edges of the graph from counters whose right reading is known."""

import pytest

from meshery.sandbox.envoy.stats import PairCount, PairDuration
from meshery.sandbox.model import Instance, ServiceDef, VersionDef, World
from meshery.sandbox.traffic import Sample, flow_between, fresh_counts, nodes_of

SA = "spiffe://sandbox.local/ns/x/sa/"


def instance(name: str, service: str, version: str, *, gateway: bool = False) -> Instance:
    role = "gateway" if gateway else "app"
    return Instance(name, service, version, service, "/d", "/s", role=role)  # type: ignore[arg-type]


WORLD = World(
    name="x",
    services=(
        ServiceDef("web", "web", (VersionDef("v1"), VersionDef("v2")), calls=("api",)),
        ServiceDef("api", "api", (VersionDef("v1"), VersionDef("v2"))),
        ServiceDef("gateway", "gateway", calls=("web",)),
    ),
    instances=(
        instance("web-v1-0", "web", "v1"),
        instance("web-v2-0", "web", "v2"),
        instance("api-v1-0", "api", "v1"),
        instance("api-v2-0", "api", "v2"),
        instance("gateway-v1-0", "gateway", "v1", gateway=True),
    ),
)


def out(source: str, cluster: str, count: int, code: int = 200, tls: str = "TLSv1.3") -> PairCount:
    return PairCount("outbound", SA + source, cluster, code, "-", tls, count)


def arrived(source: str, count: int, code: int = 200) -> PairCount:
    tls = "-" if source == "-" else "TLSv1.3"
    return PairCount("inbound", source, SA + "self", code, "-", tls, count)


def sample(node: str, *counts: PairCount) -> Sample:
    took = tuple(
        PairDuration(
            each.side, each.source, each.destination, ((1000.0, each.count),), 1.0, each.count
        )
        for each in counts
    )
    return Sample(node, counts, counts, took)


def test_nodes_are_versions() -> None:
    assert list(nodes_of(WORLD)) == ["web-v1", "web-v2", "api-v1", "api-v2", "gateway-v1"]


def test_the_caller_knows_a_version_it_was_routed_to() -> None:
    samples = [
        sample("web-v1", out("web", "api/v2", 30), out("web", "api/v2", 10, code=503)),
        sample("api-v2", arrived(SA + "web", 30)),
    ]
    flow = flow_between(WORLD, samples, "web-v1", "api-v2")
    assert (flow.requests, flow.fresh_errors, flow.codes) == (40, 10, {"200": 30, "503": 10})
    assert flow.encrypted == 40
    assert flow.latency_us is not None
    assert flow_between(WORLD, samples, "web-v1", "api-v1").requests == 0


def test_the_called_tell_versions_apart_and_callers_share_by_what_they_sent() -> None:
    samples = [
        sample("web-v1", out("web", "api", 30)),
        sample("web-v2", out("web", "api", 10)),
        sample("api-v1", arrived(SA + "web", 20)),
        sample("api-v2", arrived(SA + "web", 20, code=500)),
    ]
    assert flow_between(WORLD, samples, "web-v1", "api-v1").requests == pytest.approx(15)
    assert flow_between(WORLD, samples, "web-v2", "api-v1").requests == pytest.approx(5)
    assert flow_between(WORLD, samples, "web-v1", "api-v2").fresh_errors == pytest.approx(15)
    assert flow_between(WORLD, samples, "web-v1", "api-v1").fresh_errors == 0


def test_without_identities_those_who_may_call_share() -> None:
    samples = [
        sample("gateway-v1", arrived("-", 12)),
        sample("web-v1", arrived("-", 6)),
        sample("web-v2", arrived("-", 6), out("web", "api", 8, tls="-")),
        sample("api-v1", arrived("-", 8)),
    ]
    flow = flow_between(WORLD, samples, "gateway-v1", "web-v1")
    assert (flow.requests, flow.encrypted) == (6, 0)
    assert flow_between(WORLD, samples, "web-v2", "api-v1").requests == 8
    assert flow_between(WORLD, samples, "web-v1", "api-v1").requests == 0
    assert flow_between(WORLD, samples, "gateway-v1", "api-v1").requests == 0


def test_fresh_is_the_difference_and_a_restart_begins_anew() -> None:
    before = [out("web", "api", 30), out("web", "api", 5, code=500)]
    after = [out("web", "api", 42), out("web", "api", 2, code=500), out("web", "db", 1)]
    grown = {(each.destination, each.code): each.count for each in fresh_counts(before, after)}
    assert grown == {("api", 200): 12, ("api", 500): 2, ("db", 200): 1}
    assert fresh_counts(after, after) == ()
