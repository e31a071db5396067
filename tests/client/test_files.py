"""Files named on a command line: bounded before they are held, and said when they are no text."""

from pathlib import Path

import pytest

from meshery.client.files import MAX_BYTES, read_file
from meshery.core.errors import InvalidInputError


def test_a_file_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("é")
    assert read_file(str(tmp_path / "a")) == "é"


def test_a_file_of_any_size_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidInputError, match=f"larger than {MAX_BYTES} bytes"):
        read_file(str(endless))


@pytest.mark.parametrize(("content", "said"), [(b"\xff", "is no text"), (None, "cannot read")])
def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "a").write_bytes(content)
    with pytest.raises(InvalidInputError, match=said):
        read_file(str(tmp_path / "a"))
