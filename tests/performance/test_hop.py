"""A real hop of a real mesh: what it costs off, on and off again, and what a function costs."""

import pytest

from meshery.operations.model import Operation, OperationState
from meshery.operations.platform import Platform
from meshery.performance.model import FunctionsRequest, OverheadRequest
from meshery.performance.result import Result
from meshery.performance.service import PerformanceService
from meshery.sandbox.service import SandboxService
from meshery.sandbox.spec import SandboxSpec, ServiceSpec
from processes.supervision import Host

SPEC = SandboxSpec(
    name="tiny",
    services=(ServiceSpec(name="web", calls=("api",)), ServiceSpec(name="api")),
)


async def succeeded(platform: Platform, operation: Operation) -> Operation:
    done = await platform.operations.wait(operation.id, timeout_s=60)
    assert done.state is OperationState.SUCCEEDED, done.error
    return done


async def result_of(
    platform: Platform, service: PerformanceService, operation: Operation
) -> Result:
    done = await succeeded(platform, operation)
    assert done.result is not None
    return await service.get_result(done.result["result_id"])


@pytest.fixture
async def mesh(house: Platform) -> Platform:
    """The house with a sandbox of two services up."""
    await succeeded(house, await SandboxService(house).up(SPEC, actor="me"))
    return house


async def test_the_cost_of_a_hop_and_of_its_functions(
    mesh: Platform, service: PerformanceService, host: Host
) -> None:
    wanted = OverheadRequest(
        sandbox="tiny", rate_rps=100, duration_s=2, warmup_s=0.3, lower_rate=False
    )
    hop = await result_of(mesh, service, await service.run_overhead(wanted, actor="me"))
    assert {arm.requests for arm in hop.arms.values()} == {200}
    assert {tuple(arm.statuses) for arm in hop.arms.values()} == {("200",)}
    assert hop.delta_us["p50"].low > 0
    assert hop.arms["on"].p50_us > hop.arms["off"].p50_us
    assert hop.proxy is not None
    assert hop.proxy.cpu_us_per_request > 20
    assert set(hop.proxy.memory_mb_per_proxy) == {"client sidecar", "server sidecar"}
    assert hop.proxy.memory_mb > 5
    assert (hop.environment.mesh, hop.environment.sandbox) == ("sandbox", "tiny")
    assert hop.environment.envoy_version
    assert len(hop.environment.sandbox_digest) == 16

    costs = FunctionsRequest(sandbox="tiny", rate_rps=100, duration_s=1, warmup_s=0.2)
    functions = await result_of(mesh, service, await service.functions(costs, actor="me"))
    assert [cost.name for cost in functions.functions] == [
        "mtls", "access", "route", "retries", "ratelimit",
    ]  # fmt: skip
    for cost in functions.functions:
        assert {tuple(arm.statuses) for arm in cost.arms.values()} == {("200",)}, cost.name
        assert set(cost.delta_us) == {"p50", "p90", "p99"}
        assert cost.distinguishable is not cost.delta_us["p50"].holds_zero
    left = [status.name for status in await host.client.list("sandbox/tiny/pair-")]
    assert left == []


async def test_a_hop_that_is_not_there(mesh: Platform, service: PerformanceService) -> None:
    wanted = OverheadRequest(sandbox="tiny", source="web", destination="nobody")
    operation = await service.run_overhead(wanted, actor="me")
    done = await mesh.operations.wait(operation.id, timeout_s=30)
    assert done.state is OperationState.FAILED
    assert done.error is not None
    assert "nobody" in done.error["what"]
