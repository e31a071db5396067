"""What is given to apply, where it is hardly anything."""

import pytest

from meshery.core.errors import InvalidInputError
from meshery.sandbox.documents import read_objects


@pytest.mark.parametrize("text", ["[]", "{kind: List}", "{kind: List, items: []}"])
def test_nothing_to_apply_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="nothing to apply"):
        read_objects(text, source="f.yaml")


@pytest.mark.parametrize("text", ["{kind: List, items: 5}", "5", "[[]]", "[null]", "''"])
def test_what_is_no_document_is_told(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_objects(text, source="f.yaml")
    assert caught.value.problems
