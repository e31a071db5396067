import asyncio

from meshery.operator.queue import WorkQueue


async def test_a_key_waits_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    queue.add("c")
    assert await asyncio.wait_for(queue.get(), 1) == "c"


async def test_a_key_that_comes_while_it_is_looked_at_comes_again_afterwards() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.get()
    queue.add("a")
    queue.add("b")
    assert await queue.get() == "b", "never two looks at one key at a time"
    queue.done("a", next_s=60)
    assert await asyncio.wait_for(queue.get(), 1) == "a"
    queue.close()


async def test_a_look_may_ask_for_the_next_one() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.done(await queue.get(), next_s=0.01)
    assert await asyncio.wait_for(queue.get(), 1) == "a"
    queue.done("a")
    queue.add_later("a", 60)
    queue.add("a")  # earlier than it was due
    assert await asyncio.wait_for(queue.get(), 1) == "a"


async def test_failures_wait_longer_each_time_and_one_success_forgets_them() -> None:
    queue: WorkQueue[str] = WorkQueue()
    waits = []
    for _ in range(3):
        queue.add("a")
        waits.append(queue.failed(await queue.get()))
    assert waits[0] < waits[1] < waits[2]
    for _ in range(20):
        queue.add("a")
        assert queue.failed(await queue.get()) <= 72.0
    queue.add("a")
    queue.done(await queue.get())
    queue.add("a")
    assert queue.failed(await queue.get()) < 1.0
    queue.close()
