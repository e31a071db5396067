"""The seam of load generators: can it run here, what can it do, and run.

`native` is ours; others are programs found on PATH. Whoever judges a result reads `Capabilities`,
since a generator that hides its own delay or does not correct for coordinated omission cannot win
a comparison.
"""

from collections.abc import AsyncGenerator
from typing import ClassVar, Literal, Protocol, runtime_checkable

import msgspec

from meshery.core.errors import MesheryError
from meshery.performance.native.plan import Plan
from meshery.performance.sample import Sample


class GeneratorLostError(MesheryError):
    """The load generator ended before its final account: what came until then is incomplete."""

    code: ClassVar[str] = "meshery.generator_lost"
    title: ClassVar[str] = "The load generator was lost"
    http_status: ClassVar[int] = 503


class GeneratorFailedError(MesheryError):
    """The load generator could not run the plan and says why."""

    code: ClassVar[str] = "meshery.generator_failed"
    title: ClassVar[str] = "The load generator could not run"
    http_status: ClassVar[int] = 503


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a generator's numbers are worth.

    `corrected`: latency counts from the slot. `own_delay`: it tells how late it was itself.
    `histogram`: `exact` counts, `bucketed`, or `percentiles` only; only exact ones merge without
    loss. `arms`: several interleaved streams in one run.
    """

    protocols: tuple[str, ...]
    open_loop: bool
    closed_loop: bool
    corrected: bool
    own_delay: bool
    arms: bool
    raw_samples: bool
    histogram: Literal["exact", "bucketed", "percentiles"]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a generator runs on this host; `reason` says why not, `version` which."""

    available: bool
    version: str = ""
    reason: str = ""


@runtime_checkable
class LoadGenerator(Protocol):
    """One load generator. Entry points of the group `meshery.generators` name such classes."""

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    async def probe(self) -> Probe:
        """Whether it can run here; never raises for a generator that is merely absent."""
        ...

    def run(self, plan: Plan) -> AsyncGenerator[Sample, None]:
        """Run the plan: Started first, Final last, Block and Second between them.

        Closing the generator (`contextlib.aclosing`) or cancelling its task stops the load at once.
        InvalidInputError for a plan it cannot run, GeneratorFailedError when it refuses while
        starting, GeneratorLostError when it ends before Final.
        """
        ...
