import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.sandbox.envoy.stats import (
    PairCount,
    account_of,
    pair_counts,
    pair_durations,
    rates,
)

WEB, API = "spiffe://sandbox.local/ns/shop/sa/web", "spiffe://sandbox.local/ns/shop/sa/api"
PAIR = f'source="{WEB}",destination="{API}"'
TEXT = f"""\
# TYPE envoy_mesh_inbound_requests counter
envoy_mesh_inbound_requests{{{PAIR},code="200",flags="-",tls="TLSv1.3"}} 90
envoy_mesh_inbound_requests{{{PAIR},code="503",flags="FI",tls="TLSv1.3"}} 7
envoy_mesh_inbound_requests{{source="",destination="{API}",code="0",flags="DC",tls=""}} 3
# TYPE envoy_mesh_inbound_duration_us histogram
envoy_mesh_inbound_duration_us_bucket{{{PAIR},le="100"}} 50
envoy_mesh_inbound_duration_us_bucket{{{PAIR},le="200"}} 90
envoy_mesh_inbound_duration_us_bucket{{{PAIR},le="+Inf"}} 100
envoy_mesh_inbound_duration_us_sum{{{PAIR}}} 12345.5
envoy_mesh_inbound_duration_us_count{{{PAIR}}} 100
envoy_cluster_upstream_rq{{envoy_cluster_name="api"}} 5
"""


def count(number: int, *, code: int = 200, tls: str = "TLSv1.3") -> PairCount:
    return PairCount("outbound", WEB, "api", code, "-", tls, number)


def test_counters_are_read() -> None:
    first, _, last = pair_counts(TEXT)
    assert first == PairCount("inbound", WEB, API, 200, "-", "TLSv1.3", 90)
    assert (last.source, last.code, last.flags, last.tls) == ("-", 0, "DC", "-")


def test_histograms_are_read() -> None:
    (duration,) = pair_durations(TEXT)
    assert (duration.count, duration.total_us) == (100, 12345.5)
    assert duration.quantile_us(0.5) == 100
    assert duration.quantile_us(0.25) == 50
    assert duration.quantile_us(0.7) == 150
    assert duration.quantile_us(0.99) == 200, "beyond the last edge nothing better is known"


def test_rates_between_two_scrapes() -> None:
    before = [count(10), count(1, code=503)]
    after = [count(30), count(6, code=503), count(5, code=0)]
    (rate,) = rates(before, after, elapsed_s=5)
    assert (rate.requests_per_s, rate.errors_per_s, rate.has_mtls) == (6.0, 2.0, True)


def test_a_restart_is_no_negative_rate() -> None:
    (rate,) = rates([count(1000)], [count(4)], elapsed_s=2)
    assert rate.requests_per_s == 2


def test_idle_pairs_are_left_out_and_plaintext_shows() -> None:
    assert rates([count(9)], [count(9)], elapsed_s=1) == ()
    mixed = [count(1), count(1, tls="-")]
    (rate,) = rates([], mixed, elapsed_s=1)
    assert not rate.has_mtls
    with pytest.raises(ValueError, match="apart"):
        rates([], [], elapsed_s=0)


def test_the_account_of_an_identity() -> None:
    assert (account_of(WEB), account_of("-"), account_of("api")) == ("web", "", "")


@given(st.text(max_size=300))
def test_noise_is_no_statistics(noise: str) -> None:
    assert pair_counts(noise) == ()
