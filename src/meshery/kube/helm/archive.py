"""Chart archives unpacked by us: plain files and folders within bounds, nothing else.

Refused, not left out: absolute paths and `..`, links of both kinds, devices and pipes, a file that
comes twice. What is unpacked is counted as it comes, headers included, so that a bomb ends early.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from pathlib import Path

from meshery.core.errors import InvalidInputError
from meshery.kube.helm.bounds import (
    BOUNDS,
    Bounds,
    Taken,
    checked_path,
    hostile,
    too_much,
)

_HEADERS_BYTES = 16 * 1024 * 1024
"""What the archive's own bookkeeping may take beside its files."""


def unpack(archive: bytes, into: Path, *, source: str, bounds: Bounds = BOUNDS) -> str:
    """Unpack a gzipped tar into an empty folder; its digest (`sha256:`). Blocks.

    InvalidInputError for what is no archive or is hostile, LimitError for one that is too large.
    """
    if len(archive) > bounds.archive_bytes:
        raise too_much(source, f"its archive has {len(archive)} bytes", limit=bounds.archive_bytes)
    taken = Taken(bounds, source=source)
    plain = _Counted(archive, limit=bounds.total_bytes + _HEADERS_BYTES, source=source)
    try:
        with tarfile.open(fileobj=plain, mode="r|") as tar:
            for member in tar:
                _take(tar, member, into, taken, bounds=bounds, source=source)
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, UnicodeError) as error:
        raise InvalidInputError(
            f"{source} is no archive of a chart",
            cause=str(error) or type(error).__name__,
            remedy="a chart's archive is a gzipped tar, as `helm package` writes it",
            code="meshery.helm.archive",
        ) from error
    return f"sha256:{hashlib.sha256(archive).hexdigest()}"


def _take(
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    into: Path,
    taken: Taken,
    *,
    bounds: Bounds,
    source: str,
) -> None:
    path = into / checked_path(member.name, bounds, source=source)
    if not member.isdir() and (not member.isreg() or member.issparse()):
        raise hostile(source, f"{member.name[:200]!r} is {_kind(member)}")
    taken.add(member.name, member.size)
    try:
        _write(tar, member, path)
    except (FileExistsError, NotADirectoryError) as error:
        raise hostile(source, f"{member.name[:200]!r} comes twice") from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = None if member.isdir() else tar.extractfile(member)
    folder = path if content is None else path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if content is not None:
        with path.open("xb") as file:
            file.write(content.read())
        path.chmod(0o600)


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"a link to {member.linkname[:200]!r}"
    return "a device or a pipe" if member.isdev() else "no plain file"


class _Counted(io.RawIOBase):
    """The unpacked bytes of a gzip file, up to a limit."""

    def __init__(self, packed: bytes, *, limit: int, source: str) -> None:
        self._plain = gzip.GzipFile(fileobj=io.BytesIO(packed))
        self._left = limit
        self._limit = limit
        self._source = source

    def read(self, size: int = -1) -> bytes:
        """At most as much as is left, and never more than a piece at a time."""
        found = self._plain.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(found)
        if self._left < 0:
            raise too_much(self._source, "it unpacks to too much", limit=self._limit)
        return found
