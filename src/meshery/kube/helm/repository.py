"""Charts of a repository: its index, and archives compared with what the index says of them.

helm.sh/docs/topics/chart_repository. Everything is fetched through our guarded HTTP; the index is
read in a child, since it is large and a stranger's.
"""

import asyncio
import difflib
import hashlib
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

import msgspec

from meshery.core.errors import InvalidInputError, NotFoundError, UnavailableError
from meshery.core.http import Fetched, fetch
from meshery.kube.helm.bounds import BOUNDS
from meshery.kube.helm.calls import Index, Order
from meshery.kube.helm.model import Entry, Offered
from meshery.kube.helm.process import exchange
from meshery.kube.helm.versions import is_same, near, newest

MAX_INDEX_BYTES = 20 * 1024 * 1024
FETCH_S = 120.0
"""How long an index or an archive may take to come."""
_READ_S = 60.0


async def offered(url: str, *, name: str, registered: Collection[str] = ()) -> tuple[Entry, ...]:
    """The versions of a chart, as the index lists them. NotFoundError names near charts."""
    answer = await fetch(
        f"{url.rstrip('/')}/index.yaml",
        registered=registered,
        max_bytes=MAX_INDEX_BYTES,
        timeout_s=FETCH_S,
    )
    _require(answer, "index")
    found = await _read(answer.body, name)
    if not found.entries:
        close = difflib.get_close_matches(name, found.names, n=5, cutoff=0.3) or found.names[:5]
        raise NotFoundError(
            f"the repository {url} has no chart {name!r}",
            cause=f"it has {', '.join(close)}" if close else "it has none",
            remedy="choose one of them",
            code="meshery.helm.chart_name",
        )
    return found.entries


async def download(
    url: str, *, name: str, version: str = "", registered: Collection[str] = ()
) -> bytes:
    """The archive of a chart; without a version of the newest that is no pre-release.

    NotFoundError names near versions: none is ever taken in place of another.
    """
    entries = await offered(url, name=name, registered=registered)
    entry = chosen(entries, version, name=name)
    if not entry.urls:
        raise UnavailableError(
            f"the index of {url} has no address for {name} {entry.version}",
            remedy="tell who keeps the repository",
            code="meshery.helm.index",
        )
    return await download_archive(
        urljoin(f"{url.rstrip('/')}/", entry.urls[0]), digest=entry.digest, registered=registered
    )


async def download_archive(
    url: str, *, digest: str = "", registered: Collection[str] = ()
) -> bytes:
    """An archive by its address, compared with a digest (hex SHA-256) where there is one."""
    answer = await fetch(
        url, registered=registered, max_bytes=BOUNDS.archive_bytes, timeout_s=FETCH_S
    )
    _require(answer, "archive")
    found = hashlib.sha256(answer.body).hexdigest()
    if digest and found != digest:
        raise InvalidInputError(
            f"the archive {url} is not what the index says",
            cause=f"its digest is {found}, not {digest}",
            remedy="try again; if it stays so, do not trust this repository",
            code="meshery.helm.digest",
        )
    return answer.body


def chosen(entries: Collection[Entry], version: str, *, name: str) -> Entry:
    """The entry of a version, `v` or not; of none the newest. NotFoundError names near ones."""
    known = [entry.version for entry in entries]
    wanted = version or newest(known)
    found = next((entry for entry in entries if is_same(entry.version, wanted)), None)
    if found is None:
        raise NotFoundError(
            f"there is no version {version} of the chart {name}",
            cause=f"near ones: {', '.join(near(version, known))}",
            remedy="choose one of them",
            code="meshery.helm.version",
        )
    return found


async def _read(index: bytes, name: str) -> Offered:
    with TemporaryDirectory(prefix="meshery-index-") as folder:
        file = Path(folder) / "index.yaml"
        await asyncio.to_thread(file.write_bytes, index)
        order = Order(call=Index(file=str(file), name=name), lifeline=True)
        raw = await exchange(order, heard=lambda _line: None, time_s=_READ_S)
    return msgspec.json.decode(raw, type=Offered)


def _require(answer: Fetched, what: str) -> None:
    if answer.status != 200:
        raise UnavailableError(
            f"there is no {what} at {answer.url}",
            cause=f"the answer was {answer.status}",
            remedy="check the address of the repository",
            code="meshery.helm.repository",
        )
