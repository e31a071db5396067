"""Who talks to whom, how often, how fast and how well: from a sidecar's own statistics.

The counters are those of `meshery.sandbox.render.telemetry`, in Prometheus' text form. They begin
at zero when a sidecar restarts; a difference that would be negative is taken from zero.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Side = Literal["inbound", "outbound"]

PAIR_FILTER = r"^mesh_(in|out)bound\."
"""The `filter` of the admin interface that finds these statistics and no others."""

_SAMPLE = re.compile(
    r"^envoy_mesh_(inbound|outbound)_(requests|duration_us_(?:bucket|sum|count))\{(.*)\} (\S+)$",
    re.MULTILINE,
)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_SERVER_ERROR = 500


class PairCount(msgspec.Struct, frozen=True):
    """How many requests of a pair ended one way.

    inbound   `source` is the caller's SPIFFE id (`-` without mutual TLS), `destination` the own id
    outbound  `source` is the own id, `destination` the cluster, `api` or `api/v1`

    `code` is 0 when no answer was sent; `flags` are Envoy's response flags (`-`: none); `tls` is
    the version of TLS (`-`: plaintext).
    """

    side: Side
    source: str
    destination: str
    code: int
    flags: str
    tls: str
    count: int


class PairDuration(msgspec.Struct, frozen=True):
    """How long the requests of a pair took: cumulative counts up to each edge in microseconds."""

    side: Side
    source: str
    destination: str
    buckets: tuple[tuple[float, int], ...]
    total_us: float
    count: int

    def quantile_us(self, share: float) -> float:
        """An estimate of a quantile, linear within its bucket; 0 without requests."""
        wanted = self.count * share
        low_edge, below = 0.0, 0
        for edge, upto in self.buckets:
            if upto >= wanted and upto > below:
                if edge == float("inf"):
                    return low_edge
                return low_edge + (edge - low_edge) * (wanted - below) / (upto - below)
            low_edge, below = edge, upto
        return low_edge


class PairRate(msgspec.Struct, frozen=True):
    """Traffic of a pair between two scrapes: requests and errors per second, and mutual TLS.

    An error is a status from 500 or no answer. `has_mtls` tells whether every request came over
    TLS.
    """

    side: Side
    source: str
    destination: str
    requests_per_s: float
    errors_per_s: float
    has_mtls: bool


def pair_counts(text: str) -> tuple[PairCount, ...]:
    """The counters of a scrape."""
    found = []
    for side, name, labels, value in _SAMPLE.findall(text):
        if name == "requests":
            tags = _tags(labels)
            found.append(
                PairCount(
                    side=side,
                    source=tags["source"],
                    destination=tags["destination"],
                    code=_status(tags["code"]),
                    flags=tags["flags"],
                    tls=tags["tls"],
                    count=int(float(value)),
                )
            )
    return tuple(found)


def pair_durations(text: str) -> tuple[PairDuration, ...]:
    """The histograms of a scrape. They follow the counters by up to a second."""
    series: dict[tuple[Side, str, str], dict[str, list[tuple[float, int]] | float]] = {}
    for side, name, labels, value in _SAMPLE.findall(text):
        if name == "requests":
            continue
        tags = _tags(labels)
        key = (side, tags["source"], tags["destination"])
        entry = series.setdefault(key, {"bucket": [], "sum": 0.0, "count": 0.0})
        kind = name.removeprefix("duration_us_")
        buckets = entry["bucket"]
        if kind == "bucket" and isinstance(buckets, list):
            buckets.append((float(tags["le"].replace("+Inf", "inf")), int(float(value))))
        elif kind != "bucket":
            entry[kind] = float(value)
    return tuple(_duration(key, entry) for key, entry in series.items())


def rates(
    before: Iterable[PairCount], after: Iterable[PairCount], *, elapsed_s: float
) -> tuple[PairRate, ...]:
    """The traffic between two scrapes of one sidecar; pairs that were idle are left out."""
    if elapsed_s <= 0:
        raise ValueError("two scrapes must be apart")
    known = {_key(each): each.count for each in before}
    pairs: dict[tuple[Side, str, str], list[tuple[PairCount, int]]] = {}
    for each in after:
        grown = each.count - known.get(_key(each), 0)
        grown = each.count if grown < 0 else grown
        if grown:
            pair = (each.side, each.source, each.destination)
            pairs.setdefault(pair, []).append((each, grown))
    return tuple(_rate(pair, entries, elapsed_s) for pair, entries in sorted(pairs.items()))


def account_of(identity: str) -> str:
    """The account in a SPIFFE id of the sandbox; empty when it is none."""
    return identity.rpartition("/sa/")[2] if "/sa/" in identity else ""


def _rate(
    pair: tuple[Side, str, str], entries: list[tuple[PairCount, int]], elapsed_s: float
) -> PairRate:
    total = sum(grown for _, grown in entries)
    errors = sum(grown for each, grown in entries if each.code >= _SERVER_ERROR or each.code == 0)
    has_mtls = all(each.tls.startswith("TLS") for each, _ in entries)
    return PairRate(*pair, total / elapsed_s, errors / elapsed_s, has_mtls)


def _duration(
    key: tuple[Side, str, str], entry: Mapping[str, list[tuple[float, int]] | float]
) -> PairDuration:
    buckets, total, count = entry["bucket"], entry["sum"], entry["count"]
    if not isinstance(buckets, list) or isinstance(total, list) or isinstance(count, list):
        raise TypeError("a histogram without buckets")
    return PairDuration(*key, tuple(sorted(buckets)), total, int(count))


def _key(each: PairCount) -> tuple[str, ...]:
    return (each.side, each.source, each.destination, str(each.code), each.flags, each.tls)


def _tags(labels: str) -> defaultdict[str, str]:
    """The labels of a sample; empty and missing ones are `-`."""
    given = ((name, value) for name, value in _LABEL.findall(labels) if value)
    return defaultdict(lambda: "-", given)


def _status(text: str) -> int:
    return int(text) if text.isdecimal() else 0
