import pytest

from apply.target_suite import TargetSuite
from meshery.apply.memory import MemoryTarget
from meshery.apply.target import Ref, Target
from meshery.core.errors import UnsupportedError


@pytest.fixture
def target() -> Target:
    return MemoryTarget("plan", kinds=frozenset({"v1/ServiceAccount"}))


class TestMemoryTarget(TargetSuite):
    async def test_nothing_runs_there(self, target: Target) -> None:
        with pytest.raises(UnsupportedError):
            target.reach(Ref("v1", "ServiceAccount", "suite-a"))
