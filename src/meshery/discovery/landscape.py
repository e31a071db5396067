"""The landscape: every mesh there is or was, its state, what it is good at, what it supports.

Each fact carries its date and source; a feature nobody could confirm is `unknown`, never a guess.
The names of meshes are those of the fingerprints, so that what is found here stands beside it.
"""

from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.core.yamlfile import YamlDocument, parse_yaml


class Standing(StrEnum):
    """How a project stands."""

    ACTIVE = "active"
    DORMANT = "dormant"
    ARCHIVED = "archived"
    ENDED = "ended"


class Support(StrEnum):
    """Whether a mesh has a feature; `partial` = in part, in one mode, or by a detour."""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    UNKNOWN = "unknown"


class Fact(msgspec.Struct, frozen=True):
    """One sentence, when it was true (YYYY-MM-DD), and who says so."""

    text: str
    as_of: str
    source: str
    url: str = ""


class FeatureFact(msgspec.Struct, frozen=True):
    """What a mesh does of one feature."""

    feature: str
    support: Support
    as_of: str
    source: str
    note: str = ""


class LandscapeEntry(msgspec.Struct, frozen=True):
    """One mesh. `advice` is there for all that should not be installed any more."""

    mesh: str
    title: str
    standing: Standing
    state: Fact
    strengths: tuple[Fact, ...]
    supports: tuple[FeatureFact, ...]
    version: Fact | None = None
    upgrade: Fact | None = None
    uninstall: Fact | None = None
    advice: Fact | None = None


FEATURES: dict[str, str] = {
    "mutual-tls": "mutual TLS between workloads",
    "authorization": "access by identity",
    "traffic-split": "traffic split by weight",
    "header-routing": "routing by header or path",
    "retries": "retries",
    "timeouts": "timeouts",
    "circuit-breaking": "circuit breaking or outlier ejection",
    "fault-injection": "injected faults and delays",
    "rate-limiting": "rate limits",
    "mirroring": "mirrored traffic",
    "egress-control": "control of traffic that leaves",
    "multi-cluster": "one mesh over several clusters",
    "virtual-machines": "workloads outside Kubernetes",
    "sidecarless": "works without a sidecar in each pod",
    "gateway-api": "Gateway API for traffic within the mesh",
    "wasm-filters": "WebAssembly filters",
}
"""Every feature that is told of every mesh, with its title."""


def landscape() -> tuple[LandscapeEntry, ...]:
    """All meshes, active ones first, then by title."""
    ranks = list(Standing)
    return tuple(
        sorted(_entries().values(), key=lambda each: (ranks.index(each.standing), each.title))
    )


def landscape_entry(mesh: str) -> LandscapeEntry:
    """One mesh by its name. NotFoundError lists those there are."""
    found = _entries().get(mesh)
    if found is None:
        raise NotFoundError(
            f"the landscape has no mesh {mesh}",
            remedy=f"choose one of {', '.join(sorted(_entries()))}",
        )
    return found


class _Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    as_of: str
    url: str = ""


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    source: str
    as_of: str = ""


class _Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    support: Support
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mesh: str
    title: str
    standing: Standing
    sources: dict[str, _Source]
    state: _Said
    strengths: tuple[_Said, ...]
    features_source: str
    supports: dict[str, Support | _Feature]
    version: _Said | None = None
    upgrade: _Said | None = None
    uninstall: _Said | None = None
    advice: _Said | None = None


@cache
def _entries() -> dict[str, LandscapeEntry]:
    folder = resources.files("meshery.discovery") / "data" / "landscape"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    found = [parse_entry(parse_yaml(file.read_bytes(), source=file.name)) for file in files]
    return {each.mesh: each for each in found}


def parse_entry(document: YamlDocument) -> LandscapeEntry:
    """One entry from its file. InvalidInputError names the key or source that is wrong."""
    try:
        read = msgspec.convert(document.data, _File)
        return _entry(read)
    except (msgspec.ValidationError, KeyError) as error:
        raise InvalidInputError(
            f"{document.source} is no landscape entry",
            cause=f"{error}",
            remedy="correct the key or the source that the cause names",
        ) from error


def _entry(read: _File) -> LandscapeEntry:
    return LandscapeEntry(
        mesh=read.mesh,
        title=read.title,
        standing=read.standing,
        state=_fact(read, read.state),
        strengths=tuple(_fact(read, each) for each in read.strengths),
        supports=tuple(_feature(read, feature) for feature in FEATURES),
        version=_fact(read, read.version) if read.version else None,
        upgrade=_fact(read, read.upgrade) if read.upgrade else None,
        uninstall=_fact(read, read.uninstall) if read.uninstall else None,
        advice=_fact(read, read.advice) if read.advice else None,
    )


def _fact(read: _File, said: _Said) -> Fact:
    source = read.sources[said.source]
    return Fact(said.text, said.as_of or source.as_of, source.name, source.url)


def _feature(read: _File, feature: str) -> FeatureFact:
    said = read.supports.get(feature, Support.UNKNOWN)
    told = said if isinstance(said, _Feature) else _Feature(said)
    source = read.sources[read.features_source]
    return FeatureFact(feature, told.support, source.as_of, source.name, told.note)
