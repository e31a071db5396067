"""Conditions of Broker and MeshSync: how the operator says what it is doing and how it went.

`Processing` is true only while something is under way, and `Failed` is true when it failed: the
original leaves the one standing, and says the other the wrong way round.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

import msgspec

from meshery.operator.model import Condition

Reason = Literal[
    "Reconciling",
    "ReconciliationSuccessful",
    "ReconciliationFailed",
    "HealthCheckFailed",
    "EndpointFailed",
    "CleanupFailed",
]


class Outcome(msgspec.Struct, frozen=True):
    """How a look at an object ended. `message` says in words what is missing or went wrong."""

    reason: Reason
    message: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether all is as asked for."""
        return self.reason == "ReconciliationSuccessful"


READY = Outcome("ReconciliationSuccessful", "all is as asked for")


def conditions(
    before: Sequence[Condition], outcome: Outcome, *, generation: int, now: datetime | None = None
) -> tuple[Condition, ...]:
    """The conditions after a look; a time changes only where a status does.

    Conditions of other types stay as they are.
    """
    at = f"{now or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    known = {each.type: each for each in before}
    told = {name: _condition(name, value, outcome) for name, value in _statuses(outcome).items()}
    for name, condition in told.items():
        was = known.get(name)
        since = was.last_transition_time if was and was.status == condition.status else at
        known[name] = msgspec.structs.replace(
            condition, last_transition_time=since or at, observed_generation=generation
        )
    if "Cleanup" not in told:
        known.pop("Cleanup", None)
    return tuple(known.values())


def waited_s(before: Sequence[Condition]) -> float:
    """How long an object is not ready by now, in seconds; 0 when that is not known."""
    now = datetime.now(UTC)
    for each in before:
        if (each.type, each.status) == ("Ready", "False"):
            # TypeError for a time without a zone: others may have written it.
            with suppress(ValueError, TypeError):
                return (now - datetime.fromisoformat(each.last_transition_time)).total_seconds()
    return 0.0


def _statuses(outcome: Outcome) -> dict[str, bool]:
    if outcome.reason == "CleanupFailed":
        return {"Cleanup": False, "Ready": False, "Failed": True}
    is_under_way = outcome.reason in {"Reconciling", "HealthCheckFailed", "EndpointFailed"}
    return {
        "Processing": is_under_way,
        "Ready": outcome.is_ready,
        "Failed": outcome.reason == "ReconciliationFailed",
    }


def _condition(name: str, value: bool, outcome: Outcome) -> Condition:
    reason: str = outcome.reason
    if name == "Processing" and value:
        reason = "Reconciling"
    return Condition(name, "True" if value else "False", reason, outcome.message)
