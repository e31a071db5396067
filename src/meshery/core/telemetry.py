"""How the processes speak of themselves.

Structured logs with operation and request ids, and Prometheus metrics.

Logs go to standard error: JSON lines for machines, or coloured lines for eyes (`log.format`).
Events are short constant strings with key/value pairs. Anything whose key looks secret is masked
here once more, though no caller should pass one.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TextIO, cast

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from structlog.typing import FilteringBoundLogger

from meshery.core.settings import LogSettings

registry = CollectorRegistry()
"""Our own metrics; a registry of ours, so that a library's global ones do not mix in."""

_SECRET_KEYS = ("token", "secret", "password", "authorization", "cookie", "key_pem", "private")


class _Patient:
    """Standard error that may fail: a full disk under the log must not end what logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: it is closed
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure_logging(settings: LogSettings, *, process: str) -> None:
    """Set up logging of this process; `process` (server, worker, ...) stands in every line."""
    level = getattr(logging, settings.level.upper())
    stream = cast(TextIO, _Patient(sys.stderr))
    render: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    _adopt_standard_logging(stream, max(level, logging.WARNING), shared, render)


def get_logger(room: str) -> FilteringBoundLogger:
    """The logger of a room, such as `operations.worker`."""
    return cast(FilteringBoundLogger, structlog.get_logger(room=room))


@contextmanager
def log_context(**ids: str) -> Iterator[None]:
    """Put ids (operation_id, request_id, sandbox) on every line logged inside."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def counter(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Counter:
    """A counter `meshery_NAME` in our registry."""
    return Counter(name, meaning, labels, namespace="meshery", registry=registry)


def gauge(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
    """A gauge `meshery_NAME` in our registry."""
    return Gauge(name, meaning, labels, namespace="meshery", registry=registry)


def histogram(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Histogram:
    """A histogram `meshery_NAME` (seconds unless the name says otherwise) in our registry."""
    return Histogram(name, meaning, labels, namespace="meshery", registry=registry)


@cache
def watch_process() -> None:
    """Have memory, time and garbage of this process in our registry, once."""
    for kind in (ProcessCollector, PlatformCollector, GCCollector):
        kind(registry=registry)


def _mask_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name in event:
        if any(word in name.lower() for word in _SECRET_KEYS):
            event[name] = "***"
    return event


def _adopt_standard_logging(stream: TextIO, level: int, shared: list[Any], render: Any) -> None:
    """Libraries log through the standard library; give their lines the same form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                render,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
