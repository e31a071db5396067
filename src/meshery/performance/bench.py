"""Where a measurement takes place: the generator, whose account it is, and who listens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from meshery.performance.environment import capture_host
from meshery.performance.generator import LoadGenerator
from meshery.performance.live import LiveSecond
from meshery.performance.native.plan import Plan
from meshery.performance.recording import SecondListener
from meshery.performance.result import Environment
from meshery.performance.sample import Second
from meshery.performance.summary import live_arms

Tell = Callable[[LiveSecond], Awaitable[None]]


async def tell_nobody(_second: LiveSecond) -> None:
    """For measurements that nobody watches."""


@dataclass(frozen=True)
class Bench:
    """One measurement's surroundings. `result_id` names the result before it exists."""

    generator: LoadGenerator
    result_id: str
    operation_id: str = ""
    tell: Tell = tell_nobody
    host: Environment = field(default_factory=capture_host)

    def listener(
        self, plan: Plan, *, phase: str, label: str = "", after_s: float = 0.0, of_s: float = 0.0
    ) -> SecondListener:
        """Turns the generator's seconds into those that are published.

        A plan that is a part of a longer measurement begins `after_s` into it; `of_s` is its whole.
        """

        async def listen(second: Second) -> None:
            await self.tell(
                LiveSecond(
                    second=round(after_s) + second.second,
                    phase=phase,
                    label=label,
                    rate_rps=plan.rate_rps,
                    duration_s=of_s or plan.length_s,
                    arms=live_arms(second.arms),
                )
            )

        return listen
