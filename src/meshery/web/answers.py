"""Whole answers to POSTs with an `Idempotency-Key`, kept for a day and given again.

One layer in front of all routes. The first request reserves its key for `_RESERVED_S`; a second one
meanwhile is told to come back (409), later it gets the stored answer with `Idempotency-Replayed`.
Failures of the server (5xx) are not kept, so that trying again can succeed.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meshery.core.database import Database, JsonDoc, UtcTime, db_now, later, metadata
from meshery.core.errors import ConflictError, MesheryError, UnavailableError
from meshery.core.telemetry import get_logger
from meshery.web.idempotency import HEADER, checked_key, fingerprint, key_reused
from meshery.web.identity import ACTOR_KEY, ANONYMOUS
from meshery.web.problem import problem_response

answer = Table(
    "http_answer",
    metadata,
    Column("actor", String(200), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("reserved_until", UtcTime, nullable=False),
    # Null until the answer is there.
    Column("status", Integer),
    Column("headers", JsonDoc),
    Column("body", LargeBinary),
    Index(None, "created_at"),
)

_RESERVED_S = 60.0
_KEPT_S = 24 * 3600.0
_MAX_BODY_BYTES = 1_048_576
_NEVER_KEPT = ("/api/system/logins", "/operator/leaf")
"""How paths end whose answers are secrets."""
_KEPT_HEADERS = ("content-type", "location", "etag")

_log = get_logger("web.answers")


class Stored(msgspec.Struct, frozen=True):
    """An answer as it went out."""

    status: int
    headers: dict[str, str]
    body: bytes


class AnswerLayer:
    """Wraps the application; `database` gives the rows once the server has them."""

    def __init__(self, app: ASGIApp, *, database: Callable[[], Database]) -> None:
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; those without a key pass unchanged."""
        key = Headers(scope=scope).get(HEADER, "") if _may_repeat(scope) else ""
        if not key:
            await self._app(scope, receive, send)
            return
        try:
            await self._once(checked_key(key), scope, receive, send)
        except MesheryError as error:
            response = problem_response(error, instance=scope["path"])
            await response(scope, receive, send)

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _whole_body(receive)
        if body is None:
            return
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        store = _Store(self._database(), str(scope.get(ACTOR_KEY, ANONYMOUS)), key)
        stored = await store.reserve(fingerprint(scope["method"], target, body))
        if stored is not None:
            headers = {**stored.headers, "idempotency-replayed": "true"}
            await Response(stored.body, stored.status, headers)(scope, receive, send)
            return
        recorder = _Recorder(send)
        try:
            await self._app(scope, _again(body, receive), recorder.send)
        finally:
            try:
                await store.settle(recorder.stored())
            except UnavailableError as error:  # the caller has the answer; the reservation lapses
                _log.warning("answer not kept", path=scope["path"], cause=error.cause)


class _Store:
    """The row of one key."""

    def __init__(self, database: Database, actor: str, key: str) -> None:
        self._database = database
        self._values = {"actor": actor, "key": key}

    @property
    def _mine(self) -> ColumnElement[bool]:
        return (answer.c.actor == self._values["actor"]) & (answer.c.key == self._values["key"])

    async def reserve(self, digest: str) -> Stored | None:
        """The stored answer, or None after reserving the key for this request."""
        statement = (
            self._database.insert(answer)
            .values(
                **self._values,
                fingerprint=digest,
                created_at=db_now(),
                reserved_until=later(_RESERVED_S),
            )
            .on_conflict_do_nothing(index_elements=["actor", "key"])
            .returning(answer.c.key)
        )
        async with self._database.write() as connection:
            await connection.execute(delete(answer).where(answer.c.created_at < later(-_KEPT_S)))
            if await connection.scalar(statement) is not None:
                return None
            query = select(answer, (answer.c.reserved_until > db_now()).label("is_reserved"))
            row = (await connection.execute(query.where(self._mine).with_for_update())).one()
            stored = self._judge(row, digest)
            if stored is None:
                renewed = update(answer).where(self._mine)
                await connection.execute(renewed.values(reserved_until=later(_RESERVED_S)))
            return stored

    def _judge(self, row: Row[Any], digest: str) -> Stored | None:
        if row.fingerprint != digest:
            raise key_reused(self._values["key"])
        if row.status is not None:
            return Stored(row.status, row.headers, row.body)
        if row.is_reserved:
            raise ConflictError(
                "the first request with this Idempotency-Key is still being answered",
                remedy="repeat it in a second to get the same answer",
                code="meshery.idempotency_busy",
            )
        return None  # its server died before it answered

    async def settle(self, stored: Stored | None) -> None:
        """Keep the answer, or forget the key when there is none worth keeping."""
        async with self._database.write() as connection:
            if stored is None:
                await connection.execute(delete(answer).where(self._mine))
            else:
                values = msgspec.structs.asdict(stored)
                await connection.execute(update(answer).where(self._mine).values(**values))


class _Recorder:
    """Lets an answer pass and remembers it, unless it is a stream or too large."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._is_whole = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            self._status = message["status"]
            self._headers = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        elif message["type"] == "http.response.body":
            if len(self._body) <= _MAX_BODY_BYTES:
                self._body += message.get("body", b"")
            self._is_whole = not message.get("more_body", False)
        await self._send(message)

    def stored(self) -> Stored | None:
        """The answer, when it is whole and worth keeping."""
        is_kept = self._is_whole and 200 <= self._status < 500
        if not is_kept or len(self._body) > _MAX_BODY_BYTES:
            return None
        return Stored(self._status, self._headers, bytes(self._body))


def _may_repeat(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    return path.startswith("/api/") and not path.endswith(_NEVER_KEPT)


async def _whole_body(receive: Receive) -> bytes | None:
    """All of it; None when the caller left before its end."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The same body once more, then what the connection says next."""
    is_sent = False

    async def receive_again() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
