"""What every sidecar counts: requests per pair of source and destination, and their duration.

Envoy's own request times are whole milliseconds, in which nothing on a loopback interface shows,
and its counters know no source. The stats access logger counts in microseconds and by identity.
Its documentation calls it work in progress, so Envoy's version is pinned.
"""

from meshery.sandbox.render.names import TYPE, Json

INBOUND_SCOPE = "mesh_inbound"
OUTBOUND_SCOPE = "mesh_outbound"

# From 50 us, the least a hop takes, to 30 s; about 20 % apart up to 100 ms, then coarser.
BUCKETS_US = (
    *(50, 60, 75, 90, 110, 130, 160, 200, 240, 290, 350, 420, 500, 600, 720, 860),
    *(1_000, 1_250, 1_500, 1_800, 2_200, 2_700, 3_300, 4_000, 4_800, 5_800, 7_000, 8_400),
    *(10_000, 12_500, 15_000, 18_000, 22_000, 27_000, 33_000, 40_000, 50_000, 60_000, 80_000),
    *(100_000, 150_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 15_000_000, 30_000_000),
)


def inbound_logger(destination: str) -> Json:
    """Counts what arrives: the caller's identity is the peer's certificate."""
    return _logger(
        INBOUND_SCOPE,
        source="%DOWNSTREAM_PEER_URI_SAN%",
        destination=destination,
        tls="%DOWNSTREAM_TLS_VERSION%",
    )


def outbound_logger(source: str) -> Json:
    """Counts what leaves: the destination is the cluster, `api` or `api/v1`."""
    return _logger(
        OUTBOUND_SCOPE,
        source=source,
        destination="%UPSTREAM_CLUSTER%",
        tls="%UPSTREAM_TLS_VERSION%",
    )


def stats_config() -> Json:
    """Buckets in microseconds for our histograms; the regex sees the name with its tags."""
    return {
        "histogram_bucket_settings": [
            {
                "match": {"safe_regex": {"regex": r"mesh_(in|out)bound\.duration_us.*"}},
                "buckets": [float(edge) for edge in BUCKETS_US],
            }
        ]
    }


def _logger(scope: str, *, source: str, destination: str, tls: str) -> Json:
    pair = [_tag("source", source), _tag("destination", destination)]
    outcome = [
        _tag("code", "%RESPONSE_CODE%"),
        _tag("flags", "%RESPONSE_FLAGS%"),
        _tag("tls", tls),
    ]
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": {
            "@type": TYPE + "envoy.extensions.access_loggers.stats.v3.Config",
            "stats_scope": {"prefix": scope},
            "counters": [
                {"stat": {"name": "requests", "tags": [*pair, *outcome]}, "value_fixed": 1}
            ],
            "histograms": [
                {
                    "stat": {"name": "duration_us", "tags": pair},
                    "unit": "Microseconds",
                    "value_format": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
                }
            ],
        },
    }


def _tag(name: str, value: str) -> Json:
    return {"name": name, "value_format": value}
