from meshery.apply.difference import differences
from meshery.apply.masking import HIDDEN, masked, masked_differences
from meshery.apply.target import Difference, Object, ref_of

COPY = "kubectl.kubernetes.io/last-applied-configuration"


def secret(value: str, **annotations: str) -> Object:
    metadata = {"name": "s", **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"key": value}}


def told(before: Object | None, after: Object | None) -> tuple[Difference, ...]:
    return masked_differences(ref_of(secret("")), differences(before, after))


def test_of_a_secret_only_the_names_are_shown() -> None:
    shown = masked(secret("aGlkZGVu", **{COPY: "aGlkZGVu", "team": "one"}))
    assert shown["data"] == {"key": HIDDEN}
    assert shown["metadata"]["annotations"] == {COPY: HIDDEN, "team": "one"}


def test_a_difference_tells_where_and_not_what() -> None:
    assert told(secret("old"), secret("new")) == (Difference("data.key", HIDDEN, HIDDEN),)
    assert told(secret("old"), {**secret("old"), "data": None}) == (
        Difference("data", {"key": HIDDEN}, None),
    )
    (whole,) = told(None, secret("new"))
    assert whole.after["data"] == {"key": HIDDEN}
    (copy,) = told(secret("x"), secret("x", **{COPY: "new"}))
    assert copy.after == {COPY: HIDDEN}
    (copy,) = told(secret("x", **{COPY: "old"}), secret("x", **{COPY: "new"}))
    assert (copy.before, copy.after) == (HIDDEN, HIDDEN)


def test_other_kinds_are_shown_as_they_are() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": {"a": "b"}}
    found = differences(None, document)
    assert masked(document) == document
    assert masked_differences(ref_of(document), found) == found
