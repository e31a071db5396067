"""Messages and nouns say the same: no field of one is missing in the other."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshery._proto.meshery.adapter.v1 import adapter_pb2 as pb
from meshery.adapters import mesh, model
from meshery.adapters.wire import from_message, to_message
from meshery.behaviours import rendering
from meshery.core.errors import InvalidInputError

PAIRS: list[tuple[Any, Any]] = [
    (model.Description, pb.DescribeResponse),
    (model.Build, pb.Build),
    (mesh.Status, pb.Status),
    (model.VersionList, pb.Versions),
    (mesh.Version, pb.Version),
    (mesh.Index, pb.Index),
    (mesh.Injection, pb.Injection),
    (mesh.Profile, pb.Profile),
    (mesh.Chart, pb.Chart),
    (mesh.Trust, pb.Trust),
    (mesh.Store, pb.Store),
    (mesh.AddOn, pb.AddOn),
    (mesh.NativeKind, pb.NativeKind),
    (model.BehaviourKind, pb.BehaviourKind),
    (model.OperationInfo, pb.Operation),
    (model.MigrationInfo, pb.Migration),
    (rendering.World, pb.World),
    (rendering.Service, pb.Service),
    (rendering.ServicePort, pb.ServicePort),
    (rendering.Rendering, pb.RenderResponse),
    (rendering.Outcome, pb.Outcome),
    (model.Component, pb.Component),
    (model.Finding, pb.Finding),
    (model.Translation, pb.TranslateResponse),
    (model.Order, pb.OperateRequest),
    (model.Cluster, pb.Cluster),
    (model.StepStarted, pb.StepStarted),
    (model.Progress, pb.Progress),
    (model.StepFinished, pb.StepFinished),
    (model.Told, pb.Told),
    (model.Heartbeat, pb.Heartbeat),
    (model.Finished, pb.Finished),
    (model.Health, pb.HealthResponse),
]


@pytest.mark.parametrize(("noun", "message"), PAIRS, ids=lambda each: each.__name__)
def test_a_noun_and_its_message_have_the_same_fields(noun: Any, message: Any) -> None:
    said = {field.name.removesuffix("_json") for field in message.DESCRIPTOR.fields}
    assert said == {field.encode_name for field in msgspec.structs.fields(noun)}


def test_every_field_of_a_mesh_is_data_that_is_told_or_a_function() -> None:
    told = {field.name for field in msgspec.structs.fields(model.Description)}
    unsaid = {field.name for field in msgspec.structs.fields(mesh.Mesh)} - told
    assert unsaid == {"port", "render"}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
JSON = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(TEXTS, LEAVES, max_size=3)
ORDERS = st.builds(
    model.Order,
    operation=TEXTS,
    operation_id=TEXTS,
    attempt=st.integers(0, 2**32 - 1),
    namespace=TEXTS,
    is_removal=st.booleans(),
    input=st.dictionaries(TEXTS, JSON, min_size=1, max_size=3),
    clusters=st.lists(st.builds(model.Cluster, name=TEXTS, kubeconfig=TEXTS), max_size=3).map(
        tuple
    ),
    last_step=TEXTS,
    state=st.dictionaries(TEXTS, JSON, max_size=3),
    heartbeat_s=st.floats(0, 100),
)


@settings(deadline=None, max_examples=60)
@given(ORDERS)
def test_an_order_travels_unchanged(order: model.Order) -> None:
    raw = to_message(order, pb.OperateRequest).SerializeToString()
    assert from_message(pb.OperateRequest.FromString(raw), model.Order) == order


@pytest.mark.parametrize(
    "given",
    [
        pb.OperateRequest(operation="a", operation_id="b", state_json="{"),
        pb.OperateRequest(operation="a", operation_id="b", state_json="[]"),
        pb.OperateRequest(operation="a", operation_id="b", input_json="[" * 100_000),
    ],
)
def test_what_cannot_be_read_is_an_error_with_words(given: pb.OperateRequest) -> None:
    with pytest.raises(InvalidInputError, match="OperateRequest cannot be read"):
        from_message(given, model.Order)
