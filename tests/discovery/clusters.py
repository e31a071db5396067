"""What fingerprints tell of the scripted clusters, as a watch lets their objects out."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from clusters import script as scripts
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.snapshot import MemorySnapshot
from meshery.discovery.fingerprints.survey import Survey, survey
from meshery.discovery.watch.redaction import redact
from meshery.kube.item import item_of


def redacted(name: str) -> Iterable[dict[str, Any]]:
    """A script's objects, redacted."""
    raw = map(msgspec.json.encode, scripts.documents(scripts.load(name)))
    return map(redact, map(item_of, raw))


@cache
def surveyed(name: str) -> Survey:
    """The survey of a script, once."""
    return survey(MemorySnapshot(redacted(name), cluster_name=name), bundled_fingerprints())
