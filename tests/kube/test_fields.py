from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meshery.kube.fields import FieldChange, authored, field_changes


def test_what_the_server_adds_is_no_change() -> None:
    before = {"metadata": {"name": "a", "resourceVersion": "1", "managedFields": []}, "spec": 1}
    after = {"metadata": {"name": "a", "resourceVersion": "2", "uid": "u"}, "spec": 1, "status": {}}
    assert field_changes(before, after) == ()
    assert authored(after) == {"metadata": {"name": "a"}, "spec": 1}


def test_named_items_are_compared_by_name_and_others_by_position() -> None:
    before = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b"}], "args": [1, 2]}}
    after = {"spec": {"containers": [{"name": "b"}, {"name": "a", "image": "2"}], "args": [1, 3]}}
    assert field_changes(before, after) == (
        FieldChange("spec.containers[a].image", "1", "2"),
        FieldChange("spec.args[1]", 2, 3),
    )


def test_a_list_of_another_length_is_one_change() -> None:
    changes = field_changes({"args": [1]}, {"args": [1, 2]})
    assert changes == (FieldChange("args", [1], [1, 2]),)


_VALUE = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(before=_VALUE, after=_VALUE)
def test_there_are_changes_exactly_when_something_differs(before: Any, after: Any) -> None:
    assert bool(field_changes({"spec": before}, {"spec": after})) == (before != after)
    assert field_changes({"spec": before}, {"spec": before}) == ()
