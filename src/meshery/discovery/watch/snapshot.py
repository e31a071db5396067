"""`SnapshotFile`: what a watch tells, as YAML documents in a file, without any broker.

As MeshSync writes it: each object once, as it was first seen, followed by `---`. A second file,
`NAME-extended`, may hold every change. Secrets are redacted here as on the wire.
"""

from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec
import yaml

from meshery.core.errors import InvalidInputError
from meshery.core.telemetry import counter
from meshery.discovery.model import Seen, Told
from meshery.discovery.watch import wire

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_written = counter("discovery_written", "Objects written to a snapshot")


class SnapshotFile:
    """A sink. Use as a context manager; an existing file is added to."""

    def __init__(self, path: Path, *, extended: bool = False) -> None:
        self.path = path
        self._file = _opened(path)
        self._all = _opened(_beside(path)) if extended else None
        self._uids: set[str] = set()

    async def put(self, told: Told) -> None:
        """Write an object that was not seen yet."""
        if not isinstance(told, Seen) or not bytes(told.document):
            return
        is_new = told.event != "DELETED" and told.key.uid not in self._uids
        if not is_new and self._all is None:
            return
        document = msgspec.json.decode(told.document)
        text = _yaml(wire.resource(document, cluster_id=told.cluster_id))
        if self._all is not None:
            _write(self._all, text)
        if is_new:
            self._uids.add(told.key.uid)
            _write(self._file, text)
            _written.inc()

    def lag_s(self, kind: str) -> float:  # noqa: ARG002 - writing is done when `put` returns
        """Nothing waits here."""
        return 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in (self._file, self._all):
            if file is not None:
                file.close()


def free_name(folder: Path) -> Path:
    """`meshery-cluster-snapshot-YYYYMMDD-NN.yaml` with the first number that is not taken."""
    today = f"{datetime.now(UTC):%Y%m%d}"
    for number in range(100):
        path = folder / f"meshery-cluster-snapshot-{today}-{number:02}.yaml"
        if not path.exists():
            return path
    raise InvalidInputError(
        "a hundred snapshots were taken today",
        remedy="name a file with -outputFile, or remove some of them",
        code="meshery.discovery.snapshot",
    )


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-extended{path.suffix or '.yaml'}")


def _opened(path: Path) -> TextIO:
    try:
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"cannot write {path}",
            cause=str(error.strerror),
            remedy="name another file with -outputFile",
            code="meshery.discovery.snapshot",
        ) from error


def _write(file: TextIO, text: str) -> None:
    # Whole documents at a time: who reads along sees no half of one for long.
    file.write(text)
    file.flush()


def _yaml(found: dict[str, Any]) -> str:
    return yaml.dump(found, Dumper=_Dumper, sort_keys=True, allow_unicode=True) + "---\n"
