"""What storage servers can have that stand already."""

from typing import Any

import pytest

from meshery.core.errors import InvalidInputError
from meshery.operator.broker_storage import claims, file_store_bytes, fitting
from meshery.operator.model import Storage

TWO = Storage("2Gi")


def standing(storage: Storage | None) -> Any:
    """The StatefulSet of servers that were made with it."""
    spec = claims(storage, {"a": "b"}) if storage else {}
    return {"metadata": {"name": "meshery-nats"}, "spec": spec}


def test_messages_take_less_than_the_volume_has() -> None:
    assert file_store_bytes(None) == 2 * 1024**3
    assert 1.5 * 1024**3 < file_store_bytes(TWO) < 2 * 1024**3


@pytest.mark.parametrize("wanted", [None, TWO, Storage("2Gi", "")])
def test_new_servers_have_what_is_asked_for(wanted: Storage | None) -> None:
    assert fitting(wanted, None) == (wanted, "")
    assert fitting(wanted, standing(wanted)) == (wanted, "")


def test_what_may_change() -> None:
    assert fitting(Storage("2048Mi"), standing(TWO)) == (TWO, "")
    deleted = Storage("2Gi", None, "Delete")
    assert fitting(deleted, standing(TWO)) == (deleted, "")
    assert fitting(TWO, standing(deleted)) == (TWO, "")


@pytest.mark.parametrize(
    ("held", "wanted", "said"),
    [
        (None, TWO, "cannot be given to servers that stand"),
        (TWO, None, "cannot be taken from servers that stand"),
        (TWO, Storage("3Gi"), "kubectl delete statefulset meshery-nats --cascade=orphan"),
        (TWO, Storage("1Gi"), "claims data-meshery-nats-*"),
        (TWO, Storage("2Gi", "fast"), "storageClassName of servers that stand cannot change"),
        (TWO, Storage("2Gi", ""), "storageClassName of servers that stand cannot change"),
    ],
)
def test_servers_that_stand_go_on_as_they_are(
    held: Storage | None, wanted: Storage | None, said: str
) -> None:
    going_on, refused = fitting(wanted, standing(held))
    assert going_on == held
    assert said in refused
    assert "meshery-nats" in refused


@pytest.mark.parametrize("size", ["", "2", "2GB", "-1Gi", "0Gi", "2Gi "])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(InvalidInputError):
        fitting(Storage(size), standing(TWO))
