import pytest

from meshery.apply.target import ref_of
from meshery.core.errors import InvalidInputError
from meshery.sandbox.documents import read_objects

TWO = """\
- name: canary
  kind: split
  target: api
  params: {backends: [{subset: v1, weight: 9}, {subset: v2}]}
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: guest}
"""
BAD = """\
kind: List
items:
  - name: canary
    kind: spilt
    target: api
  - name: late
    kind: fault
    target: api
    params:
      delay: {duration: 100}
  - 7
"""


def test_plain_behaviours_become_objects_and_objects_stay() -> None:
    canary, guest = read_objects(TWO, source="two.yaml")
    assert str(ref_of(canary)) == "Behaviour default/canary"
    assert canary["spec"]["target"] == {"service": "api"}
    assert guest == {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "guest"}}


def test_one_alone_and_a_list_of_kubernetes() -> None:
    one = read_objects('{"name": "r", "kind": "retry", "target": "api"}', source="x")
    (again,) = read_objects(
        f'{{"kind": "List", "items": [{one[0]}]}}'.replace("'", '"'), source="x"
    )
    assert [again] == one


def test_every_fault_of_every_document_with_its_line() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_objects(BAD, source="bad.yaml")
    places = [(problem.line, problem.path) for problem in caught.value.problems]
    assert {
        (4, "items[0].kind"),
        (10, "items[1].params.delay.duration"),
        (11, "items[2]"),
    } <= set(places)
    assert f"bad.yaml has {len(places)} faults" in caught.value.what
    assert "line 4:" in caught.value.cause


@pytest.mark.parametrize("text", ["", "7", "[7]"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_objects(text, source="x")
