"""What storage servers can have that stand already."""

from typing import Any
from uuid import uuid4

import pytest

from kube.conftest import client_of
from meshery.core.errors import ConflictError, InvalidInputError
from meshery.kube.apply import delete
from meshery.kube.item import Metadata
from meshery.kube.local.control_plane import ControlPlane
from meshery.operator.broker_frame import BrokerFrame
from meshery.operator.broker_parts import BrokerParts
from meshery.operator.broker_storage import claims, file_store_bytes, fitting
from meshery.operator.children import STATEFUL_SETS, Children
from meshery.operator.model import BrokerSpec, Served, Storage
from meshery.operator.names import BROKERS, Key

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


async def test_servers_deleted_during_a_look_are_not_made_again_as_they_stood(
    second_kube: ControlPlane,
) -> None:
    key = Key(BROKERS, "default", f"b{uuid4().hex[:8]}")
    metadata = Metadata(name=key.name, namespace=key.namespace, uid=str(uuid4()))
    owner = Served(key, metadata, BrokerSpec(), (), {})
    frame = BrokerFrame(owner)
    parts = BrokerParts(frame, image="nats:2", secured=None, storage=TWO, leaf=None)
    async with client_of(second_kube) as client:
        children = Children(client, owner, manager="test")
        stood = await children.put(parts.stateful_set([], standing=None))
        assert await children.put(parts.stateful_set([], standing=stood)) == stood
        await delete(client, STATEFUL_SETS, frame.name, namespace="default")
        with pytest.raises(ConflictError):
            await children.put(parts.stateful_set([], standing=stood))
        assert await children.find(STATEFUL_SETS, frame.name) is None
