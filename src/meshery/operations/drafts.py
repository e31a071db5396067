"""Rows of new operations, checked before they are stored."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec

from meshery.core.database import db_now
from meshery.core.errors import InvalidInputError, LimitError
from meshery.core.settings import Settings
from meshery.operations.model import OperationState, Subject, WorkKind
from meshery.operations.secrets import refuse_secrets


class Drafts:
    """Makes rows of the kinds of work that are known."""

    def __init__(self, kinds: Mapping[str, WorkKind], settings: Settings) -> None:
        self._kinds = kinds
        self._settings = settings

    def row(
        self,
        kind: str,
        *,
        subject: Subject,
        input: dict[str, Any],  # noqa: A002
        actor: str,
        host: str | None,
        key: str | None,
        parent_id: str = "",
    ) -> dict[str, Any]:
        """The values of a queued operation, checked; not stored yet."""
        work = self._known(kind)
        document = msgspec.to_builtins(input)
        refuse_secrets(document)
        self.demand_size(document, "input")
        return {
            "id": str(uuid4()),
            "kind": kind,
            "subject_kind": subject.kind,
            "subject_id": subject.id,
            "subject_name": subject.name,
            "state": OperationState.QUEUED.value,
            "input": document,
            "actor": actor,
            "parent_id": parent_id,
            "idempotency_key": key,
            "host": (host or self._settings.worker_host) if work.host_bound else "",
            "on_owner_loss": work.on_owner_loss.value,
            "created_at": db_now(),
            "published_at": db_now(),
            "publishes": 1,
            "owner": "",
            "fence": 0,
            "attempt": 0,
            "asked": False,
        }

    def demand_size(self, document: dict[str, Any] | None, what: str) -> None:
        """LimitError when a document is too large for a row; `what` is `input` or `result`."""
        size = len(msgspec.json.encode(document))
        limit = self._settings.bus.max_payload_bytes
        if size > limit:
            raise LimitError(
                f"the {what} of an operation is {size} bytes long",
                cause=f"a row holds up to {limit} bytes (bus.max_payload_bytes)",
                remedy="store large data in a table of its own and refer to it",
                code="meshery.operation.size",
            )

    def _known(self, kind: str) -> WorkKind:
        if kind not in self._kinds:
            raise InvalidInputError(
                f"there is no kind of operation named {kind!r}",
                remedy=f"known are {', '.join(sorted(self._kinds)) or 'none'}",
                code="meshery.operation.kind",
            )
        return self._kinds[kind]


def key_of(kind: str, actor: str, key: str) -> str | None:
    """What a caller's idempotency key is in a row: the same key of another caller is another."""
    return f"{kind}/{actor}/{key}" if key else None
