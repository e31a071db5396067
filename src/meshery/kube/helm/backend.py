"""Where Helm comes from: its library, else its program, else a clear word.

Both do the same calls; `program.py` is for machines that the library has no wheel for.
"""

import importlib.util
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
    """The library where it is installed, else `helm` on PATH. UnsupportedError for neither."""
    if importlib.util.find_spec("helm_python") is not None:
        from meshery.kube.helm.library import Library

        return Library(order, kubeconfig=kubeconfig, told=told)
    program = shutil.which("helm", path=os.environ.get("PATH", ""))
    if program is not None:
        from meshery.kube.helm.program import Program

        return Program(program, order, kubeconfig=kubeconfig)
    raise UnsupportedError(
        "there is no Helm on this machine",
        cause="neither the package helm-python-sdk is installed, nor a program `helm` on PATH",
        remedy="pip install 'meshery[charts]' (Linux x86_64, macOS); elsewhere install Helm 3.14 "
        "or newer from your system's packages",
        code="meshery.helm.missing",
    )
