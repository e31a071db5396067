from meshery.apply.difference import authored, differences
from meshery.apply.target import Difference


def test_tells_each_changed_place() -> None:
    before = {"kind": "X", "spec": {"a": 1, "items": [{"w": 90}, {"w": 10}], "gone": True}}
    after = {"kind": "X", "spec": {"a": 1, "items": [{"w": 80}, {"w": 10}], "new": "n"}}
    assert differences(before, after) == (
        Difference("spec.gone", True, None),
        Difference("spec.items[0].w", 90, 80),
        Difference("spec.new", None, "n"),
    )


def test_a_list_of_another_length_is_one_change() -> None:
    assert differences({"spec": {"l": [1, 2]}}, {"spec": {"l": [2]}}) == (
        Difference("spec.l", [1, 2], [2]),
    )


def test_what_the_store_adds_is_no_difference() -> None:
    stored = {"kind": "X", "metadata": {"name": "n", "uid": "u", "generation": 4}, "status": {}}
    assert authored(stored) == {"kind": "X", "metadata": {"name": "n"}}
    assert differences(stored, {"kind": "X", "metadata": {"name": "n"}}) == ()
