"""A program that loads operator and watcher as the image has them, and tells all it loaded.

What the extra `operator` does not install cannot be imported, nor what the image leaves out of the
Kubernetes client, and there is no directory for temporary files.
"""

import asyncio
import importlib
import pkgutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
ROOMS = ("meshery.operator", "meshery.discovery.watch", "meshery.kube")
GENERATED = ("client.models.", "client.api.")


def _installed() -> set[str]:
    """Distributions that `meshery[operator]` brings, with all that these ask for."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    found = {"meshery"}
    waiting = [*project["dependencies"], *project["optional-dependencies"]["operator"]]
    while waiting:
        wanted = Requirement(waiting.pop())
        name = canonicalize_name(wanted.name)
        if name not in found:
            found.add(name)
            waiting += _asked_for(name, wanted.extras)
    return found


def _asked_for(name: str, extras: Iterable[str]) -> list[str]:
    try:
        listed = requires(name) or []
    except PackageNotFoundError:  # for another Python or system than this one
        return []
    chosen = ["", *extras]
    return [each for each in listed if _applies(Requirement(each), chosen)]


def _applies(wanted: Requirement, extras: Sequence[str]) -> bool:
    marker = wanted.marker
    return marker is None or any(marker.evaluate({"extra": each}) for each in extras)


_IN = _installed()
OUTSIDE = {
    package
    for package, owners in packages_distributions().items()
    if not _IN & {canonicalize_name(owner) for owner in owners}
}
"""Packages that this environment has and the image has not."""


class Refuse(MetaPathFinder):
    """Keeps from being found what the image has not."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, inner = fullname.partition(".")
        is_generated = package == "kubernetes" and inner.removeprefix("aio.").startswith(GENERATED)
        if package in OUTSIDE or is_generated:
            raise ModuleNotFoundError(f"the image has no {fullname}", name=fullname)
        return None


def _load_all() -> None:
    for room in ROOMS:
        package = importlib.import_module(room)
        for each in pkgutil.iter_modules(package.__path__, f"{room}."):
            if not each.ispkg:
                importlib.import_module(each.name)


async def _open_a_connection() -> None:
    from meshery.kube.access import Access
    from meshery.kube.transport import Transport

    await Transport(Access(name="pod", server="https://127.0.0.1:6443")).close()


if __name__ == "__main__":
    sys.meta_path.insert(0, Refuse())
    tempfile.tempdir = "/nowhere"
    _load_all()
    asyncio.run(_open_a_connection())
    sys.stdout.write("\n".join(sorted(sys.modules)))
