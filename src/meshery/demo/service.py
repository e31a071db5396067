"""The verb of the demo: start it."""

import msgspec

from meshery.core.errors import InvalidInputError, Problem
from meshery.demo.model import DemoRequest
from meshery.operations.model import Operation, Subject
from meshery.operations.platform import Platform
from meshery.performance.model import OverheadRequest
from meshery.performance.service import PerformanceService
from meshery.sandbox.spec import bundled_spec

KIND = "demo.run"


class DemoService:
    """What a person can ask of the demo."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def start(
        self, request: DemoRequest, *, actor: str, idempotency_key: str = ""
    ) -> Operation:
        """Queue a demo. NotFoundError, LimitError or InvalidInputError for what cannot be."""
        self._check(request)
        return await self._platform.operations.submit(
            KIND,
            subject=Subject("sandbox", request.sandbox, request.sandbox),
            input=msgspec.to_builtins(request),
            actor=actor,
            idempotency_key=idempotency_key,
        )

    def _check(self, request: DemoRequest) -> None:
        spec = bundled_spec(request.sandbox)
        spec.service(request.source)
        versions = {version.name for version in spec.service(request.destination).versions}
        if not {"v1", "v2"} <= versions:
            raise InvalidInputError(
                f"{request.destination} of {request.sandbox} has no versions v1 and v2",
                cause="the demo shifts requests between them",
                remedy="use the sandbox shop",
                problems=[Problem("destination", "needs the versions v1 and v2")],
            )
        PerformanceService(self._platform).check_measurement(
            OverheadRequest(
                sandbox=request.sandbox,
                rate_rps=request.rate_rps,
                duration_s=request.duration_s,
            ),
            arms=3,
        )
