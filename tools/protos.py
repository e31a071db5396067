"""Makes `src/meshery/_proto` of `proto/`: as hatch's build hook, or `python tools/protos.py`.

What is made is in no commit: it demands the runtime of its generator, and would be stale in
silence.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand
    BuildHookInterface = object

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "proto"
TARGET = ROOT / "src" / "meshery" / "_proto"
DOCSTRING = '"""Made of `proto/` when the package is installed or built; not to be edited."""\n'


class ProtoHook(BuildHookInterface):
    """Runs before a wheel is built, and before an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the modules."""
        del version, build_data
        generate()


def generate() -> None:
    """Make all modules anew, so that none of a file that is gone stays behind."""
    from grpc_tools import protoc

    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    sources = sorted(str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto"))
    targets = [f"--python_out={TARGET}", f"--pyi_out={TARGET}"]
    if failed := protoc.main(["protoc", f"-I{SOURCES}", *targets, *sources]):
        raise SystemExit(f"protoc failed ({failed}) on {', '.join(sources)}")
    for folder in [TARGET, *(path for path in TARGET.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text(DOCSTRING)


if __name__ == "__main__":
    generate()
    sys.stdout.write(f"{TARGET}\n")
