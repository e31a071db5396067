"""Reading and writing the rows of performance. Only the service and the work of this room use it.

Functions take an open connection: the caller decides which transaction they belong to, a fenced
one when an operation writes its result.
"""

import zlib
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meshery.core.database import db_now
from meshery.core.errors import ConflictError, NotFoundError, PreconditionError
from meshery.core.listing import fetch_page
from meshery.core.page import Page, PageQuery
from meshery.performance.model import Profile, StoredProfile
from meshery.performance.profile import MAX_NAME
from meshery.performance.result import Result, ResultRow
from meshery.performance.sample import SparseCounts
from meshery.performance.tables import (
    performance_histograms,
    performance_profiles,
    performance_results,
)

PROFILE_ORDER = ("name", "created_at", "updated_at", "last_run_at")
RESULT_ORDER = (
    "created_at", "name", "kind", "validity", "rate_rps", "requests", "p50_us", "p90_us", "p99_us",
    "delta_p50_us",
)  # fmt: skip
_profiles, _results, _blobs = performance_profiles, performance_results, performance_histograms


class Histograms(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a result. `encoded`: arm, measure -> HDR V2 base64; `blocks`: arm -> per block."""

    encoded: dict[tuple[str, str], bytes] = {}
    blocks: dict[str, list[SparseCounts]] = {}


async def list_profiles(connection: AsyncConnection, query: PageQuery) -> Page[StoredProfile]:
    """Profiles by page; `search` looks into their names."""
    counted = _with_results()
    if query.search:
        counted = counted.where(_profiles.c.name.icontains(query.search, autoescape=True))
    columns = {name: _profiles.c[name] for name in PROFILE_ORDER}
    rows, total = await fetch_page(
        connection, counted, page=query, columns=columns, key=_profiles.c.id
    )
    return Page.of([_stored(row) for row in rows], query, total=total)


async def find_profile(connection: AsyncConnection, reference: str) -> StoredProfile:
    """A profile by id or name. NotFoundError."""
    same = or_(_profiles.c.id == reference, _profiles.c.name == reference)
    row = (await connection.execute(_with_results().where(same))).first()
    if row is None:
        raise NotFoundError(
            f"there is no profile {reference!r}",
            remedy="`mesheryctl perf profile list` shows them",
            code="meshery.profile.unknown",
        )
    return _stored(row)


async def insert_profile(connection: AsyncConnection, profile: Profile) -> str:
    """Store a new profile; ConflictError when its name is taken. Its id."""
    values = {"id": str(uuid4()), "version": 1, "created_at": db_now(), **_profile_values(profile)}
    try:
        await connection.execute(insert(_profiles).values(**values))
    except IntegrityError as error:
        raise _name_taken(profile.name) from error
    return str(values["id"])


async def replace_profile(
    connection: AsyncConnection, profile_id: str, profile: Profile, *, if_version: int | None
) -> None:
    """Replace a profile. PreconditionError when it is no longer at `if_version`."""
    wanted = update(_profiles).where(_profiles.c.id == profile_id)
    if if_version is not None:
        wanted = wanted.where(_profiles.c.version == if_version)
    try:
        done = await connection.execute(
            wanted.values(version=_profiles.c.version + 1, **_profile_values(profile))
        )
    except IntegrityError as error:
        raise _name_taken(profile.name) from error
    if done.rowcount == 0:
        raise _changed(profile.name)


async def delete_profile(
    connection: AsyncConnection, profile_id: str, *, if_version: int | None
) -> None:
    """Delete a profile; its results stay. PreconditionError when it changed."""
    wanted = delete(_profiles).where(_profiles.c.id == profile_id)
    if if_version is not None:
        wanted = wanted.where(_profiles.c.version == if_version)
    if (await connection.execute(wanted)).rowcount == 0:
        raise _changed(profile_id)


async def insert_result(
    connection: AsyncConnection, result: Result, histograms: Histograms
) -> None:
    """Store a result with its histograms."""
    await connection.execute(insert(_results).values(**_result_values(result)))
    rows = [
        {"result_id": result.id, "arm": arm, "measure": measure, "encoded": encoded}
        for (arm, measure), encoded in histograms.encoded.items()
    ] + [
        {"result_id": result.id, "arm": arm, "measure": "blocks", "encoded": _packed(blocks)}
        for arm, blocks in histograms.blocks.items()
    ]
    if rows:
        await connection.execute(insert(_blobs), rows)
    if result.profile_id:
        await connection.execute(
            update(_profiles)
            .where(_profiles.c.id == result.profile_id)
            .values(last_run_at=db_now())
        )


async def list_results(
    connection: AsyncConnection, query: PageQuery, **equal: str
) -> Page[ResultRow]:
    """Results by page. `equal` holds columns and the value they must have; empty ones pass."""
    names = ResultRow.__struct_fields__
    wanted = select(*(_results.c[name] for name in names))
    for name, value in equal.items():
        if value:
            wanted = wanted.where(_results.c[name] == value)
    if query.search:
        texts = (_results.c.name, _results.c.sandbox, _results.c.mesh, _results.c.kind)
        wanted = wanted.where(
            or_(*(text.icontains(query.search, autoescape=True) for text in texts))
        )
    order = {name: _results.c[name] for name in RESULT_ORDER}
    rows, total = await fetch_page(connection, wanted, page=query, columns=order, key=_results.c.id)
    items = [msgspec.convert(dict(zip(names, row, strict=True)), ResultRow) for row in rows]
    return Page.of(items, query, total=total)


async def find_result(connection: AsyncConnection, reference: str) -> tuple[Result, datetime]:
    """A result by id, and when it was stored. NotFoundError."""
    wanted = select(_results.c.document, _results.c.created_at).where(_results.c.id == reference)
    row = (await connection.execute(wanted)).first()
    if row is None:
        raise _no_result(reference)
    return msgspec.convert(row.document, Result), row.created_at


async def find_histograms(connection: AsyncConnection, result_id: str) -> Histograms:
    """The counts of a result; empty ones when it has none."""
    wanted = select(_blobs).where(_blobs.c.result_id == result_id)
    encoded: dict[tuple[str, str], bytes] = {}
    blocks: dict[str, list[SparseCounts]] = {}
    for row in await connection.execute(wanted.order_by(_blobs.c.arm, _blobs.c.measure)):
        if row.measure == "blocks":
            blocks[row.arm] = _unpacked(row.encoded)
        else:
            encoded[row.arm, row.measure] = row.encoded
    return Histograms(encoded=encoded, blocks=blocks)


async def delete_result(connection: AsyncConnection, result_id: str) -> None:
    """Delete a result with its histograms. NotFoundError."""
    done = await connection.execute(delete(_results).where(_results.c.id == result_id))
    if done.rowcount == 0:
        raise _no_result(result_id)


def _with_results() -> Any:
    counted = (
        select(func.count())
        .select_from(_results)
        .where(_results.c.profile_id == _profiles.c.id)
        .scalar_subquery()
    )
    return select(_profiles, counted.label("results"))


def _stored(row: Any) -> StoredProfile:
    return StoredProfile(
        id=row.id,
        version=row.version,
        profile=msgspec.convert(row.document, Profile),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_run_at=row.last_run_at,
        results=row.results,
    )


def _profile_values(profile: Profile) -> dict[str, Any]:
    document = msgspec.to_builtins(profile)
    return {"name": profile.name, "document": document, "updated_at": db_now()}


def _result_values(result: Result) -> dict[str, Any]:
    headline = result.arms.get("on") or next(iter(result.arms.values()), None)
    delta = result.delta_us.get("p50")
    return {
        "id": result.id,
        "name": result.name[:MAX_NAME],
        "kind": result.kind,
        "operation_id": result.operation_id,
        "profile_id": result.profile_id,
        "sandbox": result.environment.sandbox,
        "mesh": result.environment.mesh,
        "validity": result.validity.value,
        "rate_rps": result.rate_rps,
        "requests": sum(arm.requests for arm in result.arms.values())
        + sum(cost.requests for cost in result.functions),
        "errors": sum(arm.errors for arm in result.arms.values()),
        "p50_us": headline.p50_us if headline else None,
        "p90_us": headline.p90_us if headline else None,
        "p99_us": headline.p99_us if headline else None,
        "delta_p50_us": delta.value if delta else None,
        "created_at": db_now(),
        "document": msgspec.to_builtins(result),
    }


def _packed(blocks: list[SparseCounts]) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(blocks), 6)


def _unpacked(packed: bytes) -> list[SparseCounts]:
    return msgspec.msgpack.decode(zlib.decompress(packed), type=list[dict[int, int]])


def _name_taken(name: str) -> ConflictError:
    return ConflictError(
        f"a profile named {name!r} exists already",
        remedy="choose another name, or change that profile",
        code="meshery.profile.name",
    )


def _changed(reference: str) -> PreconditionError:
    return PreconditionError(
        f"the profile {reference!r} changed since it was read, or is gone",
        remedy="read it again, repeat the change, and send the new version",
        code="meshery.profile.changed",
    )


def _no_result(reference: str) -> NotFoundError:
    return NotFoundError(
        f"there is no result {reference!r}",
        remedy="`mesheryctl perf result list` shows them",
        code="meshery.result.unknown",
    )
