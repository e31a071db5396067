"""Where charts come from: `--chart DIR|FILE|oci://...|https://...`, to checked folders of ours.

    source = source_of("https://charts.example.org/stable", name="weaver", version="1.2.0")
    charts = await obtain(source, into=folder)

A folder or archive may hold several charts; `pick` takes one by name. Nothing of a chart is run.
"""

import asyncio
import difflib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from meshery.core.errors import InvalidInputError, LimitError, NotFoundError
from meshery.core.paths import private_dir
from meshery.kube.helm import folder as folders
from meshery.kube.helm.archive import unpack
from meshery.kube.helm.bounds import BOUNDS
from meshery.kube.helm.chart import LocalChart, read_chart
from meshery.kube.helm.neighbours import complete
from meshery.kube.helm.registry import pull, reference_of
from meshery.kube.helm.repository import download, download_archive
from meshery.kube.helm.versions import is_same

_ARCHIVES = (".tgz", ".tar.gz")
MAX_CHARTS = 100


class ChartSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chart is to be had. `name` and `version` are what a repository is asked for."""

    kind: Literal["folder", "file", "registry", "address", "repository"]
    location: str
    name: str = ""
    version: str = ""


def source_of(text: str, *, name: str = "", version: str = "") -> ChartSource:
    """Read what a person gave as `--chart`; nothing is fetched.

    InvalidInputError when it is neither there nor an address, or when a name lacks.
    """
    kind = _kind(text)
    if kind == "repository" and not name:
        raise InvalidInputError(
            f"{text} is a repository, and which chart of it is not said",
            remedy="name the chart, or give the address of its archive (.tgz)",
            code="meshery.helm.source",
        )
    if kind == "registry":
        reference_of(text)
    return ChartSource(kind=kind, location=text, name=name, version=version)


async def obtain(
    source: ChartSource, *, into: Path, registered: Collection[str] = ()
) -> tuple[LocalChart, ...]:
    """Every chart of a source, checked, in folders below `into`.

    Raises InvalidInputError (no chart, hostile, lacks dependencies), LimitError, NotFoundError
    (version, with near ones), ForbiddenError (a private address that is not `registered`),
    UnavailableError.
    """
    private_dir(into)
    if source.kind == "folder":
        return await asyncio.to_thread(_of_folder, Path(source.location), into)
    archive = await _archive(source, registered)
    return await asyncio.to_thread(_of_archive, archive, into, source.location)


def pick(charts: Sequence[LocalChart], *, name: str = "", version: str = "") -> LocalChart:
    """One of several charts. NotFoundError names those there are."""
    named = [chart for chart in charts if not name or chart.name == name]
    found = [chart for chart in named if not version or is_same(chart.version, version)]
    if len(found) == 1:
        return found[0]
    listed = [f"{chart.name} {chart.version}" for chart in found or named or charts]
    close = difflib.get_close_matches(f"{name} {version}", listed, n=5, cutoff=0.0)
    wanted = " ".join(part for part in (name, version) if part) or "one chart"
    raise NotFoundError(
        f"the source holds {len(found)} charts that are {wanted}",
        cause=f"it holds {', '.join(close or listed)}",
        remedy="name one of them, with its version",
        code="meshery.helm.version" if named else "meshery.helm.chart_name",
    )


def _kind(text: str) -> Literal["folder", "file", "registry", "address", "repository"]:
    if text.startswith("oci://"):
        return "registry"
    if text.startswith(("https://", "http://")):
        return "address" if text.partition("?")[0].endswith(_ARCHIVES) else "repository"
    path = Path(text)
    if path.is_dir():
        return "folder"
    if path.is_file():
        return "file"
    raise InvalidInputError(
        f"there is no chart {text[:200]!r}",
        cause="it is neither a folder nor a file here, nor an address",
        remedy="give a folder, an archive (.tgz), oci://HOST/CHART, or https://REPOSITORY",
        code="meshery.helm.source",
    )


async def _archive(source: ChartSource, registered: Collection[str]) -> bytes:
    if source.kind == "file":
        return await asyncio.to_thread(_read, Path(source.location))
    if source.kind == "address":
        return await download_archive(source.location, registered=registered)
    if source.kind == "registry":
        reference = reference_of(source.location)
        return await pull(reference, version=source.version, registered=registered)
    return await download(
        source.location, name=source.name, version=source.version, registered=registered
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(BOUNDS.archive_bytes + 1)
    except OSError as error:
        raise InvalidInputError(
            f"cannot read {path}",
            cause=str(error.strerror),
            remedy="check the path and its permissions",
            code="meshery.helm.source",
        ) from error
    return content


def _of_archive(archive: bytes, into: Path, source: str) -> tuple[LocalChart, ...]:
    place = _fresh(into)
    digest = unpack(archive, place, source=source)
    found = [path for path in folders.charts_in(place) if path.is_dir()]
    for path in _some(found, source):
        complete(path, beside=path, root=place)
    return tuple(_checked(path, source=source, digest=digest) for path in found)


def _of_folder(root: Path, into: Path) -> tuple[LocalChart, ...]:
    charts: list[LocalChart] = []
    for path in _some(folders.charts_in(root), str(root)):
        if path.is_dir():
            place = _fresh(into)
            folders.copy(path, place, root=root)
            complete(place, beside=path, root=root)
            charts.append(_checked(place, source=str(path), digest=folders.digest_of(place)))
        else:
            charts += _of_archive(_read(path), into, str(path))
    return tuple(charts)


def _some(found: Sequence[Path], source: str) -> Sequence[Path]:
    if not found:
        raise InvalidInputError(
            f"{source} holds no chart",
            cause="there is no Chart.yaml in it",
            remedy="give the folder or the archive of a chart, or of several",
            code="meshery.helm.chart",
        )
    if len(found) > MAX_CHARTS:
        raise LimitError(
            f"{source} holds more than {MAX_CHARTS} charts", remedy="give a part of it"
        )
    return found


def _fresh(into: Path) -> Path:
    """A folder that is not there yet."""
    for number in range(MAX_CHARTS * 10):
        place = into / str(number)
        if not place.exists():
            return private_dir(place)
    raise LimitError(f"{into} holds too many charts", remedy="give a fresh folder")


def _checked(folder: Path, *, source: str, digest: str) -> LocalChart:
    chart = read_chart(folder, source=source, digest=digest)
    if chart.missing:
        names = ", ".join(each.name for each in chart.missing)
        raise InvalidInputError(
            f"the chart {chart.name} lacks charts that it depends on",
            cause=f"its charts folder has no {names}",
            remedy=f"fetch them first: `helm dependency build {source}`",
            code="meshery.helm.dependencies",
        )
    return chart
