"""Kubeconfigs as clouds' own command lines write them, into a file that is gone afterwards.

Each vendor's program knows how its clusters are logged in to; it runs here, on the person's
machine, and may ask that person something.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from meshery.core.errors import DeadlineError, OperationFailedError, UnsupportedError

RUN_S = 300.0
"""How long a program may take: it may wait for a person to log in."""


class Vendor(msgspec.Struct, frozen=True):
    """One vendor's program, and what to do where it is missing."""

    program: str
    title: str
    remedy: str


AKS = Vendor("az", "Azure Kubernetes Service", "install the Azure CLI, then `az login`")
EKS = Vendor("aws", "Amazon EKS", "install the AWS CLI, then `aws configure`")
GKE = Vendor(
    "gcloud", "Google Kubernetes Engine", "install the gcloud CLI, then `gcloud auth login`"
)
MINIKUBE = Vendor("minikube", "minikube", "install minikube, then `minikube start`")


@contextmanager
def private_kubeconfig() -> Iterator[Path]:
    """A file for a program to write a kubeconfig to; only its owner may read it, while it is."""
    with tempfile.TemporaryDirectory(prefix="meshery-") as folder:
        path = Path(folder) / "config"
        path.touch(mode=0o600)
        yield path


def run_program(
    vendor: Vendor,
    words: Sequence[str],
    *,
    kubeconfig: Path,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Run a vendor's program, its output on standard error, until it wrote `kubeconfig`.

    UnsupportedError where it is not installed, OperationFailedError when it fails or wrote nothing,
    DeadlineError when it takes longer than `RUN_S`.
    """
    found = shutil.which(vendor.program, path=environment.get("PATH"))
    if found is None:
        raise UnsupportedError(
            f"{vendor.program} is not on PATH",
            cause=f"it is what logs in to clusters of {vendor.title}",
            remedy=f"{vendor.remedy}; or connect a kubeconfig: mesheryctl kubernetes connect",
            code="meshery.vendor.missing",
        )
    command = " ".join([vendor.program, *words])
    try:
        done = subprocess.run(  # noqa: S603 - a program of the person's own, and no shell
            [found, *words],
            check=False,
            env={**environment, "KUBECONFIG": str(kubeconfig)},
            stdout=sys.stderr,
            timeout=RUN_S,
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineError(f"`{command}` did not end within {RUN_S:g} s") from error
    except OSError as error:
        raise OperationFailedError(f"`{command}` cannot be run", cause=str(error)) from error
    if done.returncode:
        raise OperationFailedError(
            f"`{command}` failed",
            cause=f"its exit code is {done.returncode}; what it said stands above",
            remedy=f"run it yourself until it works; {vendor.remedy}",
            code="meshery.vendor.failed",
        )
    if not kubeconfig.stat().st_size:
        raise OperationFailedError(
            f"`{command}` wrote no kubeconfig",
            remedy=f"is it the {vendor.program} of {vendor.title}, in a version of today?",
            code="meshery.vendor.silent",
        )
