"""A behaviour live, against a bare file rename seen by Envoy.

Ours counts from asking the sandbox's target (plan, lease, render anew, write, acknowledge by every
sidecar that carries it) to the first request through the caller's sidecar that shows it. The peer
renames one route file of a single Envoy and counts to the first request that shows it.
"""

import asyncio
import http.client
import threading
import time
from statistics import median

from bare_envoy import BareEnvoy, bare_envoy
from harness import claim, show
from own_server import foreign_share, own_server, sandbox_down, sandbox_up

from meshery.core.settings import Settings
from meshery.operations.platform import Platform, open_platform
from meshery.sandbox.service import SandboxService, as_objects

ROUNDS = 40
TARGET = 5.0


def main() -> None:
    """Measure in turn and state the claim."""
    with own_server() as (client, settings), bare_envoy() as envoy:
        sandbox_up(client, "learn")
        foreign = foreign_share()
        live, whole, bare = asyncio.run(_rounds(settings, envoy))
        sandbox_down(client, "learn")
    ours, peer = median(live), median(bare)
    show(f"live {ours * 1e3:.1f} ms, acknowledged and stored {median(whole) * 1e3:.1f} ms")
    show(f"bare rename {peer * 1e3:.1f} ms")
    claim(
        "a behaviour live / a bare rename seen",
        ratio=ours / peer,
        target=f"<= {TARGET:g}",
        met=ours / peer <= TARGET,
        detail=f"medians of {ROUNDS} rounds: {ours * 1e3:.1f} ms, {peer * 1e3:.1f} ms; "
        f"acknowledged and stored {median(whole) * 1e3:.1f} ms",
        foreign=foreign,
    )


async def _rounds(
    settings: Settings, envoy: BareEnvoy
) -> tuple[list[float], list[float], list[float]]:
    live, whole, bare = [], [], []
    async with open_platform(settings, role="server", kinds={}) as platform:
        for number in range(ROUNDS):
            bare.append(await asyncio.to_thread(envoy.change_s))
            seen_s, done_s = await _change(platform, 410 + number)
            live.append(seen_s)
            whole.append(done_s)
    return live, whole, bare


async def _change(platform: Platform, status: int) -> tuple[float, float]:
    """Abort all requests with `status`: seconds until one shows it, and until `apply` is done."""
    service = SandboxService(platform)
    caller = next(each for each in (await service.world("learn")).instances_of("service-a"))
    behaviour = {
        "name": "bench",
        "kind": "fault",
        "target": {"service": "service-b"},
        "params": {"abort": {"status": status, "percent": 100}},
    }
    seen: list[float] = []

    def look() -> None:
        while _status(caller.outbound_port) != status:
            pass
        seen.append(time.perf_counter())

    watcher = threading.Thread(target=look)
    watcher.start()
    started = time.perf_counter()
    await service.target("learn").apply(as_objects([behaviour]))
    done = time.perf_counter()
    await asyncio.to_thread(watcher.join)
    return seen[0] - started, done - started


def _status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/echo", headers={"Host": "service-b"})
        return connection.getresponse().status
    except http.client.HTTPException:
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    main()
