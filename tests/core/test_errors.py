import json

from meshery.core.errors import (
    InvalidInputError,
    MesheryError,
    NotFoundError,
    Problem,
    error_from_dict,
)


def test_an_error_survives_the_wire() -> None:
    error = InvalidInputError(
        "two faults",
        cause="a typo",
        remedy="mend it",
        problems=[Problem("spec.services[0].name", "is empty", 7, "give it a name")],
    )
    back = error_from_dict(json.loads(json.dumps(error.as_dict())))
    assert isinstance(back, InvalidInputError)
    assert back.as_dict() == error.as_dict()
    assert back.exit_code == 2


def test_a_problem_document_becomes_the_same_error() -> None:
    document = {"title": "Not found", "detail": "no sandbox shop", "code": "meshery.not_found"}
    back = error_from_dict(document)
    assert isinstance(back, NotFoundError)
    assert str(back) == "no sandbox shop"


def test_an_unknown_code_is_kept() -> None:
    back = error_from_dict({"what": "odd", "code": "vendor.odd"})
    assert type(back) is MesheryError
    assert back.as_dict()["code"] == "vendor.odd"


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in MesheryError.__subclasses__()]
    assert len(codes) == len(set(codes))
