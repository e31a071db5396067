"""How much a chart may be, before anything of it is believed."""

from pathlib import PurePosixPath

import msgspec

from meshery.core.errors import InvalidInputError, LimitError

HOSTILE = "meshery.helm.hostile"
"""The code of a chart that tries to reach out of its folder."""

_MEBIBYTE = 1024 * 1024
_LONGEST_NAME = 255


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a chart: of its archive, all its files, one of them, their number and depth.

    Helm itself refuses a file of more than 5 MiB, and 100 MiB in all.
    """

    archive_bytes: int = 32 * _MEBIBYTE
    total_bytes: int = 100 * _MEBIBYTE
    file_bytes: int = 5 * _MEBIBYTE
    files: int = 10_000
    depth: int = 16


BOUNDS = Bounds()


class Taken:
    """What was taken so far; LimitError as soon as it is too much."""

    def __init__(self, bounds: Bounds, *, source: str) -> None:
        self._bounds = bounds
        self._source = source
        self._files = 0
        self._bytes = 0

    def add(self, name: str, size: int) -> None:
        """One more file."""
        self._files += 1
        self._bytes += size
        if size > self._bounds.file_bytes:
            raise self._too_much(f"{name[:200]} has {size} bytes", self._bounds.file_bytes)
        if self._files > self._bounds.files:
            raise self._too_much("it has too many files", self._bounds.files)
        if self._bytes > self._bounds.total_bytes:
            raise self._too_much("its files are too large together", self._bounds.total_bytes)

    def _too_much(self, cause: str, limit: int) -> LimitError:
        return too_much(self._source, cause, limit=limit)


def too_much(source: str, cause: str, *, limit: int) -> LimitError:
    """The error of a chart that is too large."""
    return LimitError(
        f"the chart {source} is too large",
        cause=f"{cause}; the limit is {limit}",
        remedy="take what is no part of the chart out of it",
        code="meshery.helm.size",
    )


def checked_path(name: str, bounds: Bounds, *, source: str) -> PurePosixPath:
    """The path of a file within a chart. InvalidInputError when it could lead elsewhere."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    is_plain = not name.startswith("/") and "\\" not in name and "\0" not in name
    is_within = ".." not in parts and not any(":" in part for part in parts[:1])
    if not is_plain or not is_within or any(len(part) > _LONGEST_NAME for part in parts):
        raise hostile(source, f"the path {name[:200]!r} leads out of it")
    if len(parts) > bounds.depth:
        raise hostile(source, f"{name[:200]!r} lies deeper than {bounds.depth} folders")
    return PurePosixPath(*parts)


def hostile(source: str, cause: str) -> InvalidInputError:
    """The error of a chart that is not what a chart is."""
    return InvalidInputError(
        f"the chart {source} is refused",
        cause=cause,
        remedy="charts hold plain files in folders; get it from its vendor",
        code=HOSTILE,
    )
