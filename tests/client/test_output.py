import json

import msgspec
import pytest
import yaml

from meshery.client.output import Column, emit, table_text
from meshery.core.page import Page


class Mesh(msgspec.Struct):
    name: str
    size: int
    tags: list[str]


PAGE = Page([Mesh("shop", 6, ["a", "b"]), Mesh("learn|x", 12000, [])], 1, 2, 5)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    emit(PAGE, "json")
    assert json.loads(capsys.readouterr().out)["items"][0]["name"] == "shop"


def test_yaml_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    emit(PAGE, "yaml")
    assert yaml.safe_load(capsys.readouterr().out)["total"] == 5


def test_names_stand_alone(capsys: pytest.CaptureFixture[str]) -> None:
    emit(PAGE, "name")
    assert capsys.readouterr().out == "shop\nlearn|x\n"


def test_a_table_aligns_and_tells_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    emit(PAGE, columns=["name", Column("N", "size", right=True), "tags"])
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "NAME         N  TAGS",
        "shop         6  a, b",
        "learn|x  12000  -",
    ]
    assert "2 of 5" in shown.err


def test_markdown_escapes_bars(capsys: pytest.CaptureFixture[str]) -> None:
    emit(PAGE, "markdown", columns=["name"])
    assert "| learn\\|x |" in capsys.readouterr().out


def test_one_object_is_a_list_of_fields(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"a": True, "b": None, "c": 0.00123456, "d": 12345.678, "e": {"x": 1}})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines == [["a", "yes"], ["b", "-"], ["c", "0.001235"], ["d", "12,346"], ["e", '{"x":1}']]


def test_an_empty_list_shows_its_head() -> None:
    assert table_text([Column("NAME", "name")], []) == "NAME"
