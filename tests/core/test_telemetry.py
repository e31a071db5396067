import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from meshery.core.settings import LogSettings
from meshery.core.telemetry import configure_logging, get_logger, log_context


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_line_names_its_process_room_and_operation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogSettings(), process="worker")
    with log_context(operation_id="o-1"):
        get_logger("operations").info("claimed", fence=2)
    get_logger("operations").info("idle")
    inside, outside = lines(capsys)
    assert inside["process"] == "worker"
    assert inside["room"] == "operations"
    assert inside["operation_id"] == "o-1"
    assert inside["fence"] == 2
    assert "operation_id" not in outside


def test_secrets_are_masked_even_if_somebody_passes_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogSettings(), process="server")
    get_logger("web").info("login", token="abc", Authorization="Bearer abc")
    assert "abc" not in json.dumps(lines(capsys))


def test_less_severe_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(level="warning"), process="server")
    get_logger("web").info("quiet")
    get_logger("web").warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_libraries_speak_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(), process="server")
    logging.getLogger("some.library").warning("careful")
    assert lines(capsys)[0]["event"] == "careful"


def test_a_log_that_cannot_be_written_breaks_nothing() -> None:
    program = """
import logging
import subprocess
import sys
from meshery.core.settings import LogSettings
from meshery.core.telemetry import configure_logging, get_logger
configure_logging(LogSettings(format="json"), process="test")
for number in range(500):
    get_logger("test").error("disk.full", number=number)
    logging.getLogger("library").error("disk full")
print("alive")
"""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert ended.stdout == b"alive\n"
