"""Pictures of pages: for people to look at, so only where they are asked for (`--pictures`)."""

import os
from pathlib import Path

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "pages"
PICTURES = "MESHERY_TEST_PICTURES"
"""Set in the environment while pictures are kept."""


def are_kept() -> bool:
    return bool(os.environ.get(PICTURES))


def keep(name: str, picture: bytes) -> None:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    (ARTIFACTS / f"{name}.png").write_bytes(picture)
