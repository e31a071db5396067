"""What became of each object of a run, plain: stored by whoever started it, and given back."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from meshery.apply.inventory import Entry, Inventory
from meshery.apply.target import Ref
from meshery.core.errors import DeadlineError, MesheryError, OperationFailedError, Problem

State = Literal["pending", "running", "succeeded", "failed", "withheld", "skipped"]
"""`withheld`: not tried, for something it needs failed. `skipped`: left as it is, on purpose."""
Action = Literal[
    "", "created", "configured", "unchanged", "kept", "deleted", "restored", "untouched"
]
FINISHED = frozenset({"succeeded", "skipped"})
BAD = frozenset({"failed", "withheld"})


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object: where it is, what was done to it, and why it is no further.

    `details` are what the place tells of a failure: pods, events, fields of others. `entry` is what
    an undo must know; it holds former content, which may be secret.
    """

    key: str
    ref: Ref
    state: State = "pending"
    action: Action = ""
    digest: str = ""
    reason: str = ""
    details: tuple[str, ...] = ()
    code: str = ""
    entry: Entry | None = None


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """All outcomes of one run over a deployment, in the order of its plan."""

    deployment: str
    outcomes: tuple[Outcome, ...] = ()

    def after(self, outcome: Outcome) -> "Record":
        """The record once an outcome was told: in place of that object's last one."""
        found = {each.key: each for each in self.outcomes} | {outcome.key: outcome}
        return msgspec.structs.replace(self, outcomes=tuple(found.values()))

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return all(each.state in FINISHED for each in self.outcomes)

    @property
    def inventory(self) -> Inventory:
        """What the run owns, with what was there before the run: the ground of its undo."""
        entries = (each.entry for each in self.outcomes)
        return Inventory(self.deployment, tuple(entry for entry in entries if entry))

    @property
    def leftovers(self) -> tuple[Outcome, ...]:
        """After an undo: what is still there, or may be, each with its reason."""
        return tuple(each for each in self.outcomes if each.state != "succeeded")

    def failure(self) -> MesheryError | None:
        """The error that tells all failures and what was withheld for them; None if there is none.

        DeadlineError when all that failed ran out of time, else OperationFailedError.
        """
        bad = [each for each in self.outcomes if each.state in BAD]
        failed = [each for each in bad if each.state == "failed"]
        if not bad:
            return None
        is_late = all(each.code == DeadlineError.code for each in failed)
        kind = DeadlineError if is_late else OperationFailedError
        return kind(
            f"{_count(len(failed), 'object')} of {len(self.outcomes)} failed"
            + (f", {len(bad) - len(failed)} withheld" if len(bad) > len(failed) else ""),
            cause="; ".join(f"{each.key}: {each.reason}" for each in failed or bad),
            remedy="mend the cause and run it again: only what is not done is repeated",
            code="meshery.apply.late" if is_late else "meshery.apply.failed",
            problems=_problems(bad),
        )


def _problems(bad: Sequence[Outcome]) -> list[Problem]:
    return [
        Problem(each.key, f"{each.state}: {each.reason}", hint="; ".join(each.details))
        for each in bad
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
