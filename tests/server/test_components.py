"""The parts of a server say what they are now, not what they were when it started."""

from fixtures.nats import NatsServer
from fixtures.waiting import until
from meshery.core.settings import Settings
from meshery.operations.platform import Platform
from meshery.server.components import components
from meshery.server.parts import Parts
from operations.support import opened, quick


async def state_of_the_bus(platform: Platform) -> str:
    (found,) = [each for each in await components(platform, Parts()) if each.name == "bus"]
    return found.state


async def test_a_bus_that_went_away_is_told_as_failed_until_it_is_back(
    sqlite_settings: Settings, private_nats: NatsServer
) -> None:
    async def is_failed() -> bool:
        return await state_of_the_bus(platform) == "failed"

    async def is_ok() -> bool:
        return await state_of_the_bus(platform) == "ok"

    async with opened(quick(sqlite_settings, private_nats)) as platform:
        assert await is_ok()
        private_nats.kill()
        await until(is_failed, what="the news that the bus is away")
        private_nats.start()
        await until(is_ok, what="the news that the bus is back")
