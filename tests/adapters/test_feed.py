"""One stream of events to many: nobody is held up, and whoever falls behind knows it."""

from meshery.adapters.feed import Feed, Listener


async def heard(listener: Listener[int]) -> list[int]:
    return [event async for event in listener]


async def test_everyone_hears_everything_in_order() -> None:
    feed: Feed[int] = Feed()
    with feed.listening() as one, feed.listening() as other:
        for number in range(5):
            feed.publish(number)
        feed.close()
        assert await heard(one) == [0, 1, 2, 3, 4]
        assert await heard(other) == [0, 1, 2, 3, 4]
    assert not one.has_missed


async def test_who_falls_behind_is_let_go_and_knows_it() -> None:
    feed: Feed[int] = Feed(most_waiting=3)
    with feed.listening() as slow:
        with feed.listening() as quick:
            for number in range(3):
                feed.publish(number)
            quick_events = aiter(quick)
            assert [await anext(quick_events) for _ in range(3)] == [0, 1, 2]
            for number in range(3, 6):
                feed.publish(number)
            assert [await anext(quick_events) for _ in range(3)] == [3, 4, 5]
        assert feed.listeners == 0, "the slow one was let go, the quick one left"
        assert await heard(slow) == [0, 1, 2]
    assert slow.has_missed
    assert not quick.has_missed


async def test_who_left_gets_nothing() -> None:
    feed: Feed[int] = Feed()
    with feed.listening() as listener:
        pass
    feed.publish(1)
    listener.end()
    assert await heard(listener) == []
