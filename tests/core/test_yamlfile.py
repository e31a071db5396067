from pathlib import Path

import pytest

from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import MAX_BYTES, parse_yaml, read_yaml


def test_every_path_knows_its_line() -> None:
    document = parse_yaml("a:\n  b: 1\n  list:\n    - x: 1\n    - x: 2\n", source="test")
    assert document.line("a.b") == 2
    assert document.line("a.list[1].x") == 5
    assert document.line("a.list[1].unknown") == 5


def test_a_syntax_fault_names_the_line() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_yaml("a: 1\nb: [1,\n", source="spec.yaml")
    assert "spec.yaml" in str(caught.value)
    assert caught.value.problems[0].line >= 2


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 100 + "]" * 100,
        "a: &a [x]\n" + "".join(f"k{number}: *a\n" for number in range(100)),
        "a" * 2_000_000,
        "a0: &a0 [x, y]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 31)),
        "a0: &a0 {x: y}\n"
        + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 31)),
    ],
)
def test_bombs_are_refused_before_they_expand(bomb: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_yaml(bomb, source="bomb.yaml")


def test_no_python_object_is_built() -> None:
    with pytest.raises(InvalidInputError):
        parse_yaml("!!python/object/apply:os.system ['true']", source="evil.yaml")


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot read"):
        read_yaml(tmp_path / "none.yaml")


def test_binary_rubbish_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        parse_yaml(b"\x00\xff\xfe", source="rubbish")


@pytest.mark.parametrize("value", ["2001-99-99", "9" * 5_000, "&a [*a]"])
def test_what_python_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_yaml(f"a: {value}", source="odd.yaml")


def test_plain_aliases_are_read() -> None:
    document = parse_yaml("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n", source="test")
    assert document.data == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


def test_the_limit_counts_bytes_and_no_more_than_it_is_read(tmp_path: Path) -> None:
    wide = "é" * (MAX_BYTES // 2 + 1)
    for given in (wide, wide.encode()):
        with pytest.raises(InvalidInputError, match=f"larger than {MAX_BYTES} bytes"):
            parse_yaml(given, source="test")
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidInputError, match=f"larger than {MAX_BYTES} bytes"):
        read_yaml(endless)
