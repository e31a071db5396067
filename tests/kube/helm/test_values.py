"""`--values` and `--set`: what they come to is what Helm's own reader makes of them."""

from typing import Any

import pytest
from helm_python import parse_set_string, parse_set_string_values
from hypothesis import given
from hypothesis import strategies as st

from meshery.core.errors import InvalidInputError
from meshery.kube.helm.values import merged, set_into, values_of


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a=1",
            "a=-1",
            "a=0",
            "a=-0",
            "a=01",
            "a=1.5",
            "a=true",
            "a=TRUE",
            "a=null",
            "a=",
            "a=x y",
        ),
        *(
            "a.b.c=1",
            "a.b=1,a.c=2",
            "a[0]=x",
            "a[1]=x",
            "a[0].b=1",
            "a[0][1]=x",
            "a[0].b=1,a[1].b=2",
        ),
        *("a={x,y}", "a={}", "a={1,true,null}", "a={x},b=1", r"a\.b=1", r"a=x\,y", r"a={x\,y,z}"),
        *(
            "a=b=c",
            "a={x\\},y}",
            "a=9223372036854775807",
            "a=9223372036854775808",
            "a=[0]",
            "a=x{y}",
        ),
        *(r"nodeSelector.kubernetes\.io/role=master", "a={,x}", "a={x,}", "a={,}"),
    ],
)
def test_an_expression_is_what_helm_takes_it_for(text: str) -> None:
    assert _set(text) == parse_set_string(text)
    assert _set(text, as_text=True) == parse_set_string_values(text)


@pytest.mark.parametrize(
    "text",
    ["a", "a,b=1", "=1", "a.=1", ".a=1", "a[x]=1", "a[-1]=1", "a[0=1", "a[99999]=1", "a={x", "",
     "a={x}y", "a[0]b=1", "a=1,", "a.b=1,a[0]=2", "a[0]=1,a.b=2", f"{'a.' * 40}b=1"],
)  # fmt: skip
def test_what_is_no_expression_is_told(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        _set(text)
    assert caught.value.specific_code == "meshery.helm.set"


@given(st.text(alphabet="ab.=,[]{}01\\", max_size=12))
def test_no_expression_means_something_else_than_to_helm(text: str) -> None:
    """What we take, Helm takes for the same; we refuse more: empty names, and what has no value."""
    try:
        found = _set(text)
    except InvalidInputError:
        return
    assert found == parse_set_string(text)


def test_an_expression_changes_what_files_say() -> None:
    first = {"a": {"b": [{"c": 1}, {"c": 2}], "keep": True}, "list": [1, 2]}
    second = {"a": {"d": None}, "list": [3]}
    found = values_of([first, second], sets=["a.b[1].c=x", "a.e={y}", "new.deep=1"])
    assert found == {
        "a": {"b": [{"c": 1}, {"c": "x"}], "keep": True, "d": None, "e": ["y"]},
        "list": [3],
        "new": {"deep": 1},
    }
    assert first["a"]["b"][1] == {"c": 2}  # type: ignore[index]  # what was given stays as it was
    assert merged() == {}


def _set(text: str, *, as_text: bool = False) -> dict[str, Any]:
    values: dict[str, Any] = {}
    set_into(values, text, as_text=as_text)
    return values
