"""Where one object of a run is on its way: told on with every change, until it ends."""

import msgspec

from meshery.apply.inventory import Entry
from meshery.apply.outcome import Action, Outcome, State
from meshery.apply.walk import Tell
from meshery.core.errors import DeadlineError, MesheryError


class At:
    """Where one object is: its outcome, told on with every change."""

    def __init__(self, outcome: Outcome, tell: Tell) -> None:
        self.outcome = outcome
        self._tell = tell

    async def go_on(self, *, entry: Entry) -> None:
        """Running, with what is known for an undo."""
        self.outcome = msgspec.structs.replace(self.outcome, state="running", entry=entry)
        await self._tell(self.outcome)

    async def says(self, reason: str) -> None:
        """Running, and why it goes no further yet."""
        if reason != self.outcome.reason or self.outcome.state != "running":
            self.outcome = msgspec.structs.replace(self.outcome, state="running", reason=reason)
            await self._tell(self.outcome)

    def ended(self, state: State, action: Action, reason: str = "") -> Outcome:
        """Done, or left as it is."""
        return msgspec.structs.replace(self.outcome, state=state, action=action, reason=reason)

    def not_tried(self) -> Outcome:
        """Withheld, because time ran out."""
        return msgspec.structs.replace(
            self.outcome,
            state="withheld",
            reason="not tried: time ran out",
            code=DeadlineError.code,
        )

    def failed(self, error: MesheryError, told: tuple[str, ...] = ()) -> Outcome:
        """Failed, with its error in words; `told` is what the place knows of it."""
        cause = f": {error.cause}" if error.cause else ""
        places = tuple(f"{each.path}: {each.message}" for each in error.problems)
        return msgspec.structs.replace(
            self.outcome,
            state="failed",
            reason=f"{error.what}{cause}",
            details=(*places, *told),
            code=error.specific_code,
        )
