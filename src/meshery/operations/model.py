r"""Nouns of long work: Operation, Step, Event and the kinds of work. No I/O here.

The fields are those that REST, the command line and the pages show. States go

    queued -> running <-> waiting -> succeeded | partial | failed | interrupted
                  \-> cancelling -> cancelled
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from meshery.core.errors import MesheryError, Severity

if TYPE_CHECKING:
    from meshery.operations.run import Run


class OperationState(StrEnum):
    """Where an operation stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen any more."""
        return self in FINAL_STATES


FINAL_STATES = frozenset(
    {
        OperationState.SUCCEEDED,
        OperationState.PARTIAL,
        OperationState.FAILED,
        OperationState.CANCELLED,
        OperationState.INTERRUPTED,
    }
)
OWNED_STATES = frozenset(
    {OperationState.RUNNING, OperationState.WAITING, OperationState.CANCELLING}
)


class WorkInterruptedError(MesheryError):
    """Raised by a kind's function: a process it depends on died, so the work ends `interrupted`."""

    code: ClassVar[str] = "meshery.operation.interrupted"
    title: ClassVar[str] = "The work was interrupted"


class WorkIncompleteError(MesheryError):
    """Raised by a kind's function: it did a part, kept in `result`, so the work ends `partial`."""

    code: ClassVar[str] = "meshery.operation.incomplete"
    title: ClassVar[str] = "The work was done in part"

    result: dict[str, Any] | None = None

    def with_result(self, result: dict[str, Any]) -> Self:
        """The same error, carrying what was done."""
        self.result = result
        return self


class OwnerLoss(StrEnum):
    """What happens to an operation whose worker died or froze."""

    RESUME = "resume"
    """Another worker goes on with the first unfinished step."""
    INTERRUPT = "interrupt"
    """It ends as `interrupted`: repeating it late would be wrong."""
    ASK = "ask"
    """It waits for its parent's decision; without a live parent it is interrupted."""


class Subject(msgspec.Struct, frozen=True):
    """What an operation or event is about, such as the sandbox `shop`."""

    kind: str
    id: str
    name: str


class Progress(msgspec.Struct, frozen=True):
    """How far it is: `done` of `total` in `unit` (total 0 = unknown)."""

    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    message: str = ""


class Step(msgspec.Struct, frozen=True):
    """A named, checkpointed part of an operation; `attempt` counts from 1."""

    name: str
    state: OperationState
    started_at: datetime
    ended_at: datetime | None = None
    attempt: int = 1


class Operation(msgspec.Struct, frozen=True):
    """Long work, as seen from outside. `error` has the form of `MesheryError.as_dict`."""

    id: str
    kind: str
    subject: Subject
    state: OperationState
    progress: Progress
    steps: tuple[Step, ...]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    actor: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    parent_id: str = ""

    @property
    def is_final(self) -> bool:
        """Whether it has ended, whatever the outcome."""
        return self.state.is_final


class Event(msgspec.Struct, frozen=True):
    """Something that happened. `seq` is its place in the stream, 0 until the bus has it."""

    id: str
    seq: int
    at: datetime
    operation_id: str
    actor: str
    category: str
    severity: Severity
    subject: Subject
    text: str
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class WorkKind:
    """One kind of operation and the function that does it.

    `run` returns the result, a document of JSON. A `host_bound` kind runs on the host it was
    submitted for. `timeout_s` bounds one attempt.
    """

    name: str
    run: "Callable[[Run], Awaitable[dict[str, Any] | None]]"
    on_owner_loss: OwnerLoss
    host_bound: bool = False
    timeout_s: float = 3600.0
    title: str = ""
