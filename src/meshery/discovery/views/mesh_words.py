"""How pages speak of meshes: coverage, certificates, and the sentence that sums them up."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from meshery.discovery.fingerprints.model import UNKNOWN
from meshery.discovery.meshes import MeshItem
from meshery.discovery.next_step import RENEW_BEFORE, expiry_of
from meshery.ui.format import percent, plural, whole
from meshery.ui.widgets.sentence import Part

_DAY = timedelta(days=1)
_LONG_DAYS = 730


def coverage_words(item: MeshItem) -> str:
    """`52 of 54`, pods in the mesh and those that could be; both counts always."""
    planes = item.data_planes
    return f"{whole(planes.meshed)} of {whole(planes.eligible)}"


def version_words(item: MeshItem) -> str:
    """Its version; several where control planes differ."""
    return ", ".join(item.versions) if len(item.versions) > 1 else item.version


def until_words(expires_at: datetime | None, *, now: datetime) -> str:
    """`in 52 days`, `in 9 years`, `2 days ago`; `unknown` where nobody knows."""
    if expires_at is None:
        return UNKNOWN
    if expires_at <= now:
        return f"{plural((now - expires_at) // _DAY, 'day')} ago"
    days = (expires_at - now) // _DAY
    if days > _LONG_DAYS:
        return f"in {plural(days // 365, 'year')}"
    return f"in {plural(days, 'day')}" if days else "today"


def until_tone(expires_at: datetime | None, *, now: datetime) -> str:
    """How urgent an end is."""
    if expires_at is None:
        return "quiet"
    if expires_at <= now:
        return "bad"
    return "warn" if expires_at - now <= RENEW_BEFORE else ""


def day(instant: datetime | None) -> str:
    """A date; empty for none."""
    return f"{instant:%Y-%m-%d}" if instant else ""


def first_expiry(items: Sequence[MeshItem]) -> datetime | None:
    """The first end of all certificates that are known."""
    return min(filter(None, map(expiry_of, items)), default=None)


def summary(items: Sequence[MeshItem]) -> list[Part]:
    """What runs, how far it reaches, and what is out of line: the list of meshes in words."""
    clusters = len({each.cluster_id for each in items})
    return [
        ("strong", plural(len(items), "mesh", "meshes")),
        f" {'is' if len(items) == 1 else 'are'} in {plural(clusters, 'cluster')}. ",
        *_reach(items),
        *_out_of_line(items),
        *_certificate(items),
    ]


def mesh_summary(item: MeshItem) -> list[Part]:
    """The same of one mesh."""
    home = f" from {item.namespace}" if item.namespace else ""
    return [
        ("strong", f"{item.title} {version_words(item)}"),
        ("quiet", f" ({item.build})"),
        f" runs in {item.cluster}{home}. " if item.control_planes else f" is in {item.cluster}. ",
        *_reach([item]),
        *_out_of_line([item]),
        *_certificate([item]),
    ]


def _reach(items: Sequence[MeshItem]) -> Iterator[Part]:
    meshed = sum(each.data_planes.meshed for each in items)
    eligible = sum(each.data_planes.eligible for each in items)
    if not eligible:
        yield "No pod is to carry a proxy"
        return
    yield ("strong", f"{whole(meshed)} of {whole(eligible)}")
    yield " eligible pods are meshed"
    yield ("quiet", f" ({percent(meshed / eligible)})")


def _out_of_line(items: Sequence[MeshItem]) -> Iterator[Part]:
    skewed = sum(len(each.data_planes.skewed) for each in items)
    if not skewed:
        yield ", no proxy is of another version than its control plane"
        return
    yield ", "
    yield ("strong", plural(skewed, "proxy is", "proxies are"))
    yield " of another version than their control plane"


def _certificate(items: Sequence[MeshItem]) -> Iterator[Part]:
    now, first = datetime.now(UTC), first_expiry(items)
    if first is None:
        yield ", and the end of no certificate is known."
        return
    yield f", and the first certificate {'ended' if first <= now else 'ends'} "
    yield ("strong", until_words(first, now=now))
    yield ("quiet", f" ({day(first)})")
    yield "."
