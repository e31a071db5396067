"""Pages that keep up with what is stored, and how they speak of ends."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from meshery.core.database import Database
from meshery.discovery.ingest.tables import discovery_cursor
from meshery.discovery.stored import stored_position
from meshery.discovery.views.follow import Follower
from meshery.discovery.views.mesh_words import until_tone, until_words

NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def store(database: Database, position: int) -> None:
    async with database.write() as connection:
        begun = database.insert(discovery_cursor).values(name="ingest", stream="s", position=0)
        await connection.execute(begun.on_conflict_do_nothing(index_elements=["name"]))
        await connection.execute(update(discovery_cursor).values(position=position))


async def test_a_page_is_drawn_anew_when_something_was_stored(database: Database) -> None:
    drawn: list[object] = []

    async def renew() -> None:
        drawn.append(await stored_position(database))

    follower = Follower(database, renew)
    await follower.look()
    await follower.look()
    assert drawn == [None]
    await store(database, 7)
    await looked(follower, drawn, 2)
    assert drawn[-1] == ("s", 7)


async def test_what_came_too_early_is_drawn_once_more(database: Database) -> None:
    await store(database, 1)
    answers = [False, None]
    drawn: list[object] = []

    async def renew() -> bool | None:
        drawn.append(None)
        return answers.pop(0)

    follower = Follower(database, renew)
    await looked(follower, drawn, 2)
    assert answers == []
    await follower.look()
    assert len(drawn) == 2


async def looked(follower: Follower, drawn: list[object], times: int) -> None:
    """Look until it was drawn so many times; it rests between."""
    while len(drawn) < times:
        await follower.look()


@pytest.mark.parametrize(
    ("days", "words", "tone"),
    [
        (3_650, "in 10 years", ""),
        (200, "in 200 days", ""),
        (30, "in 30 days", "warn"),
        (1, "in 1 day", "warn"),
        (0.5, "today", "warn"),
        (-2, "2 days ago", "bad"),
        (None, "unknown", "quiet"),
    ],
)
def test_ends_in_words(days: float | None, words: str, tone: str) -> None:
    ends_at = None if days is None else NOW + timedelta(days=days)
    assert until_words(ends_at, now=NOW) == words
    assert until_tone(ends_at, now=NOW) == tone
