"""Where the broker of a cluster is, and the way to it: tried on and on, since it may come later."""

from collections.abc import Callable, Mapping

from meshery.core.bus import Bus
from meshery.core.bus_address import BusAddress, parse_address, read_address
from meshery.core.errors import UnavailableError
from meshery.core.settings import Settings
from meshery.core.streams import DISCOVERY_STREAM
from meshery.core.telemetry import get_logger
from meshery.discovery.watch import wire
from meshery.kube.backoff import Backoff

CONNECT_S = 10.0

_log = get_logger("discovery.broker")


def broker_address(
    settings: Settings, *, environment: Mapping[str, str], given: str = ""
) -> BusAddress:
    """From the flag, `BROKER_URL` with its token in it or in `NATS_TOKEN`, else the settings.

    InvalidInputError for what is no NATS address, UnavailableError where none is known.
    """
    text = given or environment.get("BROKER_URL", "")
    if not text:
        return read_address(settings)
    parts = [parse_address(each, named="BROKER_URL") for each in text.split(",")]
    token = next((each.token for each in parts if each.token), environment.get("NATS_TOKEN", ""))
    return BusAddress(",".join(each.url for each in parts), token)


async def connected(
    settings: Settings,
    address: BusAddress,
    *,
    name: str = wire.CONNECTION_NAME,
    failed: Callable[[UnavailableError], None] = lambda _: None,
) -> Bus:
    """A bus that carries DISCOVERY alone; waits until the broker answers."""
    backoff = Backoff(most_s=10.0)
    while True:
        try:
            return await Bus.connect(
                settings,
                url=address.url,
                token=address.token,
                wait_s=CONNECT_S,
                name=name,
                only=(DISCOVERY_STREAM,),
            )
        except UnavailableError as error:
            _log.info("broker.waits", what=error.what, cause=error.cause)
            failed(error)
        await backoff.wait()
