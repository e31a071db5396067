"""Other clusters, zones and data centres that a mesh is joined to, as its own objects name them."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import (
    Document,
    conditions,
    dig,
    labels,
    mapping,
    name,
    namespace,
    text,
)
from meshery.discovery.fingerprints.model import UNKNOWN, Peer
from meshery.discovery.fingerprints.patterns import fits, labels_fit
from meshery.discovery.fingerprints.rows import PeersAt
from meshery.discovery.fingerprints.sources import Place, first_value
from meshery.discovery.fingerprints.table import MeshTable

DATA_KEYS = "data-keys"


def find_peers(table: MeshTable, cluster: Cluster, places: list[Place]) -> tuple[Peer, ...]:
    """All peers, each once, by name. Of Secrets only names and keys are read, never values."""
    found: dict[tuple[str, str], Peer] = {}
    for row in table.peers:
        for peer in _from_source(row, places) if row.source else _from_objects(row, cluster):
            found.setdefault((peer.name, peer.via), peer)
    return tuple(sorted(found.values(), key=lambda peer: (peer.via, peer.name)))


def _from_source(row: PeersAt, places: list[Place]) -> Iterable[Peer]:
    for place in places:
        value = first_value((row.source,), place) if row.source else ""
        if value:
            yield Peer(_host(value), row.via, value)


def _host(address: str) -> str:
    """The host of a URL; anything else names itself."""
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


def _from_objects(row: PeersAt, cluster: Cluster) -> Iterable[Peer]:
    for document in cluster.snapshot.of(row.kind, row.group):
        if row.labels and not labels_fit(labels(document), (row.labels,)):
            continue
        if row.names and not fits(name(document), row.names):
            continue
        place = "/".join(part for part in (row.kind, namespace(document), name(document)) if part)
        for peer in _names(row, document):
            if not fits(peer, row.skip):
                yield Peer(peer, row.via, place, _state(row, document))


def _names(row: PeersAt, document: Document) -> list[str]:
    if row.name != DATA_KEYS:
        return [text(dig(document, row.name)) or name(document)]
    own = name(document).removeprefix(row.prefix)
    return list(mapping(document.get("data"))) or [own]


def _state(row: PeersAt, document: Document) -> str:
    states = {"True": "connected", "False": "disconnected"}
    found = conditions(document).get(row.condition, "") if row.condition else ""
    return states.get(found, UNKNOWN)
