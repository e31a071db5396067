"""Log lines of an adapter's process: JSON or plain, by the standard library alone."""

import json
import logging
import sys
from datetime import UTC, datetime


class _JsonLines(logging.Formatter):
    """A line of JSON for each record, as the other processes write them."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = {
            "process": "adapter",
            "room": record.name,
            "level": record.levelname.lower(),
            "timestamp": at,
            "event": record.getMessage(),
        }
        return json.dumps(line, ensure_ascii=False)


def configure(*, level: str = "info", is_json: bool = True) -> None:
    """Write log lines of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    if is_json:
        handler.setFormatter(_JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    # Libraries are heard when something is wrong; our own lines as asked for.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("meshery").setLevel(level.upper())
