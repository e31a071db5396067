"""Whether a sidecar serves: live, with all its listeners, and every file taken."""

import asyncio

from meshery.core.errors import DeadlineError, UnavailableError
from meshery.sandbox.envoy.admin import AdminClient
from meshery.sandbox.envoy.log import read_log, startup_failure
from meshery.sandbox.envoy.sidecar import Sidecar
from meshery.sandbox.envoy.subscriptions import versions, watched_files

_POLL_S = 0.01
_CREATE_FAILURE = "listener_manager.listener_create_failure"


async def wait_ready(sidecar: Sidecar, *, timeout_s: float = 10.0, log_from: int = 0) -> None:
    """Wait until a sidecar serves.

    One clear error when it cannot: ConflictError for a taken port, otherwise what its log (from
    byte `log_from` on) says; DeadlineError when it says nothing.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    async with AdminClient(sidecar.instance.admin_socket, timeout_s=timeout_s) as client:
        while True:
            missing = await what_is_missing(client, sidecar)
            if not missing:
                return
            text = read_log(sidecar.log_file, start=log_from)
            failure = startup_failure(text, name=sidecar.name) if " critical " in text else None
            if failure is not None:
                raise failure
            if loop.time() > deadline:
                raise DeadlineError(
                    f"{sidecar.name} is not ready after {timeout_s:g} s",
                    cause=missing,
                    remedy="look at its log: `mesheryctl sandbox logs`",
                    code="meshery.sandbox.not_ready",
                )
            await asyncio.sleep(_POLL_S)


async def what_is_missing(client: AdminClient, sidecar: Sidecar) -> str:
    """What a sidecar lacks to serve, in words; empty when it serves.

    `/ready` alone is not enough: it says LIVE although a listener could not be made.
    """
    try:
        if not await client.is_live():
            return "it is still starting"
        up = {listener.port for listener in await client.listeners()}
        failures = await client.stats(f"^{_CREATE_FAILURE}$")
        serving = await versions(client, watched_files(sidecar.directory))
    except UnavailableError as error:
        return error.cause
    instance = sidecar.instance
    ports = {port for port in (instance.inbound_port, instance.outbound_port) if port}
    down = sorted(ports - up)
    if down or int(failures.get(_CREATE_FAILURE, "0")):
        return f"it does not listen on {', '.join(str(port) for port in down)}"
    refused = [file for file, version in serving.items() if not version]
    return f"it has not taken {', '.join(refused)}" if refused else ""
