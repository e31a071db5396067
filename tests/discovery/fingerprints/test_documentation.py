"""The page about fingerprints names every state, reason and kind of evidence."""

from pathlib import Path
from typing import get_args

from meshery.discovery.fingerprints.model import EvidenceType, MeshState, Reason

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "fingerprints.md"


def test_the_page_is_complete() -> None:
    text = PAGE.read_text()
    words = [*MeshState, *Reason, *get_args(EvidenceType)]
    assert [word for word in words if word not in text] == []
