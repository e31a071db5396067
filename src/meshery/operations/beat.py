"""The heartbeat of a worker: renews its leases from a thread and an event loop of its own.

A step that blocks the worker's loop therefore cannot lose its lease. The beat also brings news of
the rows: which claims are lost, and which operations are to be cancelled.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping

from meshery.core.database import Database
from meshery.core.durations import parse_duration
from meshery.core.errors import UnavailableError
from meshery.core.settings import Settings
from meshery.core.telemetry import get_logger
from meshery.operations.claims import Claim, renew
from meshery.operations.model import OperationState

_log = get_logger("operations.beat")

_RETRY_S = 0.1

News = Callable[[Claim, OperationState | None], None]
"""Called on the worker's loop: a claim and its operation's state, None when the claim is lost."""


class Beat:
    """Claims that are kept alive until they are dropped."""

    def __init__(self, settings: Settings, *, news: News) -> None:
        self._settings = settings
        self._lease_s = parse_duration(settings.worker.lease)
        self._beat_s = parse_duration(settings.worker.beat)
        self._news = news
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._renewed: dict[Claim, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operations-beat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    async def stop(self) -> None:
        """End, and wait for the thread."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join)

    def keep(self, claim: Claim) -> None:
        """Renew this claim from now on."""
        with self._lock:
            self._renewed[claim] = time.monotonic()

    def drop(self, claim: Claim) -> None:
        """Renew it no more."""
        with self._lock:
            self._renewed.pop(claim, None)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        database: Database | None = None
        try:
            while not self._stop.is_set():
                pause_s = self._beat_s
                try:
                    if database is None:
                        database = await Database.open(self._settings)
                    await self._once(database)
                except UnavailableError as error:
                    _log.error("beat.failed", cause=error.cause, code=error.specific_code)
                    self._give_up_lapsed()
                    pause_s = min(self._beat_s, _RETRY_S)
                except Exception:  # noqa: BLE001 - the edge of a thread
                    _log.exception("beat.broken")
                await asyncio.to_thread(self._stop.wait, pause_s)
        finally:
            if database is not None:
                await database.close()

    async def _once(self, database: Database) -> None:
        with self._lock:
            held = list(self._renewed)
        started = time.monotonic()
        valid = await renew(database, held, lease_s=self._lease_s)
        with self._lock:
            for claim in held:
                if claim in valid and claim in self._renewed:
                    self._renewed[claim] = started
        self._tell({claim: valid.get(claim) for claim in held})

    def _give_up_lapsed(self) -> None:
        """Without the database nobody can say who owns what; on another host somebody may by now.

        SQLite serves one host: there the outage keeps others out as well, and the row decides.
        """
        if self._settings.database_url.startswith("sqlite"):
            return
        oldest = time.monotonic() - self._lease_s
        with self._lock:
            lapsed = [claim for claim, renewed in self._renewed.items() if renewed < oldest]
        self._tell(dict.fromkeys(lapsed))

    def _tell(self, states: Mapping[Claim, OperationState | None]) -> None:
        for claim, state in states.items():
            if state in (None, OperationState.CANCELLING):
                self._loop.call_soon_threadsafe(self._news, claim, state)
