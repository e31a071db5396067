"""Where Helm comes from: its library, else its program, else a clear word.

Both do the same calls; `program.py` is for machines that the library has no wheel for.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from meshery.core.errors import UnsupportedError
from meshery.kube.helm.calls import Call, Order

Told = Callable[[str], None]
"""Who hears of progress."""


class Backend(Protocol):
    """One of the ways to Helm. `perform` blocks; `cancel` is called from another thread."""

    def perform(self, call: Call) -> Any:
        """Do it; the answer as `calls.ANSWERS` says. Errors are those of the house's tree."""
        ...

    def cancel(self) -> bool:
        """Ask for an end; False when it cannot be had in good order."""
        ...


def choose(order: Order, *, kubeconfig: Path | None, told: Told) -> Backend:
    """The library where it is installed and loads, else `helm` on PATH.

    UnsupportedError for neither.
    """
    library, fault = _library()
    if library is not None:
        return library(order, kubeconfig=kubeconfig, told=told)
    program = shutil.which("helm", path=os.environ.get("PATH", ""))
    if program is not None:
        from meshery.kube.helm.program import Program

        return Program(program, order, kubeconfig=kubeconfig)
    raise UnsupportedError(
        "there is no Helm on this machine",
        cause=f"the package helm-python-sdk is of no use ({fault}), and PATH has no `helm`",
        remedy="pip install 'meshery[charts]'; where that has no wheel for this machine, install "
        "Helm 3.17 or newer",
        code="meshery.helm.missing",
    )


def _library() -> tuple[Callable[..., Backend] | None, str]:
    """What makes the library's backend; without one, the reason."""
    try:
        from meshery.kube.helm.library import Library
    except Exception as error:  # noqa: BLE001 - built without its binary it raises an error that cannot be named either
        return None, str(error).partition("\n")[0]
    return Library, ""
