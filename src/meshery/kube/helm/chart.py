"""A chart in a folder of ours: what its files say, read before Helm ever sees it.

Format: helm.sh/docs/topics/charts. `read_chart` reads `Chart.yaml`; templates are the child's.
"""

import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import YamlDocument, read_yaml
from meshery.kube.helm.manifest import load
from meshery.kube.helm.model import Values

CHART_FILE = "Chart.yaml"
_SCHEMA_BYTES = 5 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}")
_VERSION = re.compile(r"v?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """A chart that another one needs; `is_there` tells whether it lies in its `charts/`."""

    name: str
    version: str = ""
    repository: str = ""
    condition: str = ""
    alias: str = ""
    is_there: bool = False


class LocalChart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart that was checked, in a folder that nobody else writes to.

    `source` is where it came from, `digest` the SHA-256 of its archive (`sha256:`) or, of a folder,
    of its files (`tree-sha256:`). `kubernetes` is the range of versions that it says it runs on
    (`ranges.fits`).
    """

    name: str
    version: str
    folder: str
    source: str = ""
    digest: str = ""
    app_version: str = ""
    kubernetes: str = ""
    description: str = ""
    kind: Literal["application", "library"] = "application"
    deprecated: bool = False
    dependencies: tuple[Dependency, ...] = ()

    def defaults(self) -> YamlDocument:
        """Its `values.yaml`, with lines. InvalidInputError when it is no YAML within bounds."""
        path = Path(self.folder) / "values.yaml"
        if not path.exists():
            return YamlDocument({}, {}, str(path.name))
        return _document(path)

    def schema(self) -> dict[str, Any] | None:
        """Its `values.schema.json`; None without one. InvalidInputError when it is no schema."""
        path = Path(self.folder) / "values.schema.json"
        if not path.exists():
            return None
        try:
            found: Values = msgspec.json.decode(_bounded(path), type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _fault(self.name, [Problem("values.schema.json", str(error))]) from error
        return found

    @property
    def missing(self) -> tuple[Dependency, ...]:
        """Dependencies that Helm would miss."""
        return tuple(each for each in self.dependencies if not each.is_there)


class _Dependency(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    repository: str = ""
    condition: str = ""
    alias: str = ""


class _ChartFile(msgspec.Struct, frozen=True, rename="camel"):
    api_version: Literal["v1", "v2"]
    name: str
    version: str
    app_version: str | None = ""
    kube_version: str | None = ""
    description: str | None = ""
    type: Literal["application", "library", ""] | None = ""
    deprecated: bool | None = False
    dependencies: tuple[_Dependency, ...] | None = ()


class _Requirements(msgspec.Struct, frozen=True):
    dependencies: tuple[_Dependency, ...] | None = ()


def read_chart(folder: Path, *, source: str, digest: str) -> LocalChart:
    """The chart in `folder`. InvalidInputError with every fault of its `Chart.yaml`."""
    said = _converted(_document(folder / CHART_FILE), _ChartFile)
    problems = [
        Problem(f"{CHART_FILE}: {field}", message)
        for field, message in (
            ("name", "" if _NAME.fullmatch(said.name) else f"{said.name!r:.60} is no chart's name"),
            ("version", "" if _VERSION.fullmatch(said.version) else "is no semantic version"),
        )
        if message
    ]
    if problems:
        raise _fault(source, problems)
    return LocalChart(
        name=said.name,
        version=said.version,
        folder=str(folder),
        source=source,
        digest=digest,
        app_version=said.app_version or "",
        kubernetes=said.kube_version or "",
        description=said.description or "",
        kind=said.type or "application",
        deprecated=bool(said.deprecated),
        dependencies=_dependencies(folder, said),
    )


def _dependencies(folder: Path, said: _ChartFile) -> tuple[Dependency, ...]:
    listed = said.dependencies or ()
    old = folder / "requirements.yaml"  # where charts of apiVersion v1 have them
    if said.api_version == "v1" and old.exists():
        listed = _converted(_document(old), _Requirements).dependencies or ()
    there = folder / "charts"
    names = [path.name for path in there.iterdir()] if there.is_dir() else []
    return tuple(
        Dependency(
            name=each.name,
            version=each.version,
            repository=each.repository,
            condition=each.condition,
            alias=each.alias,
            is_there=any(_is_of(name, each.name) for name in names),
        )
        for each in listed
    )


def _is_of(entry: str, name: str) -> bool:
    """Whether an entry of `charts/` is the folder or the archive of a chart."""
    return entry == name or bool(re.fullmatch(rf"{re.escape(name)}-v?\d.*\.tgz", entry))


def _document(path: Path) -> YamlDocument:
    """A file within bounds, with lines; its plain words as Helm reads them."""
    bounded = read_yaml(path)
    text = path.read_text("utf-8", "replace")
    return msgspec.structs.replace(bounded, data=load(text, source=path.name))


def _converted(document: YamlDocument, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(document.data, kind)
    except msgspec.ValidationError as error:
        found = re.search(r" - at `\$\.?(.*)`$", str(error))
        path = found[1] if found else ""
        message = str(error).partition(" - at ")[0]
        name = Path(document.source).name
        raise _fault(name, [Problem(path, message, document.line(path))]) from error


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SCHEMA_BYTES)


def _fault(source: str, problems: list[Problem]) -> InvalidInputError:
    return InvalidInputError(
        f"the chart {source} cannot be used",
        cause="; ".join(f"{each.path}: {each.message}" for each in problems),
        remedy="check it with `helm lint`; versions must be written as texts, in quotes",
        code="meshery.helm.chart",
        problems=problems,
    )
