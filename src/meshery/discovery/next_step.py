"""What a mesh needs of a person, the most urgent first. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from meshery.discovery.fingerprints.model import UNKNOWN, Health, MeshState
from meshery.discovery.landscape import Standing
from meshery.discovery.meshes import MeshItem

RENEW_BEFORE = timedelta(days=30)
"""A certificate that ends sooner wants to be renewed."""

Urgency = Literal["bad", "warn", "info"]


class NextStep(msgspec.Struct, frozen=True):
    """One thing to do, in words; `part` names the section of the mesh's page that tells more."""

    words: str
    urgency: Urgency
    part: str


def next_steps(item: MeshItem, *, now: datetime) -> tuple[NextStep, ...]:
    """All of them; those that cannot wait come first."""
    ranks = ("bad", "warn", "info")
    return tuple(sorted(_steps(item, now), key=lambda step: ranks.index(step.urgency)))


def expiry_of(item: MeshItem) -> datetime | None:
    """When the first of its control planes' certificates ends; None where that is unknown."""
    text = item.certificate_expires_at
    return None if text == UNKNOWN else datetime.fromisoformat(text).astimezone(UTC)


def _steps(item: MeshItem, now: datetime) -> Iterator[NextStep]:
    planes = item.data_planes
    if item.standing in {Standing.ENDED, Standing.ARCHIVED} or item.state is MeshState.ENDED:
        yield NextStep("Move off it: its project has ended", "bad", "advice")
    for plane in item.control_planes:
        if plane.health in {Health.DOWN, Health.DEGRADED}:
            words = f"{plane.name}: {plane.ready} of {plane.desired} ready"
            urgency: Urgency = "bad" if plane.health is Health.DOWN else "warn"
            yield NextStep(words, urgency, "control-planes")
    yield from _renewal(expiry_of(item), now)
    if planes.skewed:
        pods = _count(len(planes.skewed), "proxy", "proxies")
        yield NextStep(f"Restart {pods} of another version", "warn", "skewed")
    left_out = sum(each.eligible for each in planes.not_injected)
    if left_out:
        pods = _count(left_out, "pod", "pods")
        yield NextStep(f"Bring {pods} into the mesh", "warn", "not-injected")
    if planes.orphaned:
        pods = _count(len(planes.orphaned), "proxy", "proxies")
        yield NextStep(f"{pods} without a control plane", "warn", "orphaned")
    if item.state is MeshState.UNVERIFIED:
        yield NextStep("Look at the evidence: not verified", "warn", "evidence")
    if item.standing is Standing.DORMANT:
        yield NextStep("Its project is dormant", "info", "advice")
    if item.watch in {"none", "stale"}:
        yield NextStep("Its cluster is not watched now", "info", "")


def _renewal(expires_at: datetime | None, now: datetime) -> Iterator[NextStep]:
    if expires_at is None or expires_at - now > RENEW_BEFORE:
        return
    day = f"{expires_at:%Y-%m-%d}"
    if expires_at <= now:
        yield NextStep(f"Renew the certificate that ended on {day}", "bad", "certificates")
    else:
        yield NextStep(f"Renew the certificate that ends on {day}", "warn", "certificates")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
