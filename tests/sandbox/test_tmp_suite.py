from collections.abc import AsyncIterator

import pytest

from apply.carry_suite import CarrySuite
from meshery.apply.target import Target
from meshery.operations.platform import Platform
from meshery.sandbox.target import SandboxTarget
from sandbox.running import running_sandbox
from sandbox.test_carry import SOLO


@pytest.fixture
async def target(platform: Platform) -> AsyncIterator[Target]:
    async with running_sandbox(platform, SOLO) as life:
        yield SandboxTarget(platform, life.name)


class TestCarryInSandbox(CarrySuite):
    pass
