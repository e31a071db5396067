"""Both ways to Helm: its library, and its program where there is one on PATH."""

import shutil
import sys
from pathlib import Path

import pytest

from kube.helm.samples import python_without_library


@pytest.fixture(params=["library", "program"])
def python(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A Python with each of the ways to Helm."""
    if request.param == "library":
        return sys.executable
    program = shutil.which("helm")
    if program is None:
        pytest.skip("there is no `helm` on PATH")
    return python_without_library(tmp_path, path=f"{Path(program).parent}:/usr/bin:/bin")
