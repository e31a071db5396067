"""YAML as Kubernetes reads it: compared with Go's own reader, which is the one that counts."""

from typing import Any

import pytest
from helm_python import values_from_yaml
from hypothesis import given
from hypothesis import strategies as st

from meshery.core.errors import InvalidInputError
from meshery.kube.helm.manifest import is_kept, load, objects_of, parted

SCALARS = [
    *("2026-11-22", "2026-11-22T05:00:00Z", "12:30:45", "1_000", "0o17", "017", "08", "0x1F"),
    *("0b101", "1e3", "1.5", "-3", "+3", ".5", "1.", "yes", "no", "on", "off", "y", "n"),
    *("true", "True", "TRUE", "null", "~", "Null", "''", '"1"', "1.2.3", "v1", "=", "0", "-0"),
    *(
        "123456789012345678901",
        "1e",
        "e1",
        "1e+3",
        "!!str 1",
        "!!int '3'",
        "0.0",
        "00",
        "0x",
        "a:b",
    ),
]
"""Plain words that readers of YAML disagree about."""


@pytest.mark.parametrize("text", SCALARS)
def test_plain_words_are_what_go_takes_them_for(text: str) -> None:
    try:
        expected = values_from_yaml(f"a: {text}\n")["a"]
    except ValueError:
        pytest.skip("Go refuses it: no object ever held it")
    found = load(f"a: {text}\n", source="x")["a"]
    assert (_near(found), type(found)) == (_near(expected), type(expected))


def _near(found: Any) -> Any:
    """Large whole numbers pass through a float in the call that answers for Go, and only there."""
    return float(found) if isinstance(found, int) and abs(found) > 2**53 else found


@pytest.mark.parametrize("name", ["y", "1", "0x10", "true", "2026-11-22", "'1'", "1.5", "a b"])
def test_names_are_texts(name: str) -> None:
    text = f"{name}: {{{name}: 1}}\n"
    assert load(text, source="x") == values_from_yaml(text)


@pytest.mark.parametrize("name", ["~", "[a]", "{a: b}"])
def test_other_names_are_refused_by_both(name: str) -> None:
    with pytest.raises(ValueError, match="YAML"):
        values_from_yaml(f"? {name}\n: 1\n")
    with pytest.raises(InvalidInputError):
        load(f"? {name}\n: 1\n", source="x")


@given(st.from_regex(r"[-+]?[0-9_:.xobe]{1,6}", fullmatch=True))
def test_numbers_and_what_looks_like_them(text: str) -> None:
    try:
        expected = values_from_yaml(f"a: {text}\n")["a"]
    except ValueError:
        return
    found = load(f"a: {text}\n", source="x")["a"]
    assert (_near(found), type(found)) == (_near(expected), type(expected))


def test_several_documents_lists_and_empty_ones() -> None:
    text = """---
# Source: a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
--- # next

---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: b, annotations: {helm.sh/resource-policy: keep}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: c, annotations: {helm.sh/hook: "pre-install, post-upgrade"}}
"""
    objects, hooks = parted(objects_of(text, source="x"))
    assert [each["metadata"]["name"] for each in objects] == ["a", "b"]
    assert [is_kept(each) for each in objects] == [False, True]
    assert hooks[0].events == ("pre-install", "post-upgrade")


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: b", 0), ("- 1", 0), ("kind: 3\napiVersion: v1", 0), ("a: b\nc: [", 3), ("a: !!x b", 1)],
)
def test_what_is_no_object_is_told(text: str, line: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        objects_of(text, source="c/templates/x.yaml")
    (problem,) = caught.value.problems
    assert (problem.path, problem.line) == ("c/templates/x.yaml", line)
