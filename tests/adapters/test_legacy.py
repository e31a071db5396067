"""The original's contract, driven by a client that is compiled from its own description."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import msgspec
import pytest
from google.protobuf.descriptor import FieldDescriptor

from adapters.acme import MESH, Bench, adapter
from adapters.original import OriginalClient, original_client, pool
from fixtures import waiting
from meshery._proto.meshes import meshops_pb2
from meshery.adapters.draft import native
from meshery.adapters.library import Adapter
from meshery.adapters.model import Cluster
from meshery.adapters.serving import Serving, serve
from meshery.behaviours.model import Behaviour, Fidelity
from meshery.behaviours.rendering import Outcome, Rendering, World
from meshery.behaviours.security import Mtls

KUBECONFIG = "apiVersion: v1\nusers: [{token: this-is-a-very-secret-token}]\n"


@pytest.fixture
async def original(serving: Serving) -> AsyncIterator[OriginalClient]:
    with original_client(serving.address) as client:
        yield client


@pytest.fixture
async def listener(original: OriginalClient, serving: Serving) -> AsyncIterator["Collector"]:
    collector = Collector(original)
    await collector.start()
    yield collector
    await collector.end()


class Collector:
    """Events as they come."""

    def __init__(self, client: OriginalClient) -> None:
        self.events: list[Any] = []
        self._client = client

    async def start(self) -> None:
        self._stream = await asyncio.to_thread(self._client, "StreamEvents")
        await asyncio.to_thread(self._stream.initial_metadata)
        self._reading = asyncio.create_task(asyncio.to_thread(self._read))

    def _read(self) -> None:
        try:
            for event in self._stream:
                self.events.append(event)
        except grpc.RpcError:
            pass

    async def end(self) -> None:
        self._stream.cancel()
        await self._reading

    async def last(self, operation_id: str, *, ending: str = "") -> Any:
        async def is_there() -> bool:
            return any(
                each.operation_id == operation_id and each.details.endswith(ending)
                for each in self.events
            )

        await waiting.until(is_there, what=f"an event of {operation_id}")
        return next(each for each in reversed(self.events) if each.operation_id == operation_id)


def fields(message: Any) -> list[tuple[Any, ...]]:
    return [
        (
            each.name,
            each.number,
            each.type,
            each.is_repeated,
            each.message_type.name if each.message_type else None,
            each.enum_type.name if each.enum_type else None,
        )
        for each in sorted(message.fields, key=lambda field: field.number)
    ]


def test_our_messages_are_the_original_s_field_by_field() -> None:
    ours = meshops_pb2.DESCRIPTOR
    theirs = pool().FindFileByName("original.proto")
    assert ours.package == theirs.package
    assert set(ours.message_types_by_name) == set(theirs.message_types_by_name)
    for name, message in theirs.message_types_by_name.items():
        assert fields(ours.message_types_by_name[name]) == fields(message), name
        assert not ours.message_types_by_name[name].oneofs
    for name, enum in theirs.enum_types_by_name.items():
        mine = ours.enum_types_by_name[name]
        assert {each.name: each.number for each in mine.values} == {
            each.name: each.number for each in enum.values
        }
    numbers = [each.number for each in ours.message_types_by_name["ProcessOAMRequest"].fields]
    assert numbers == [1, 2, 3, 4, 7]
    configs = ours.message_types_by_name["ApplyRuleRequest"].fields_by_name["kube_configs"]
    assert configs.is_repeated
    assert configs.type == FieldDescriptor.TYPE_STRING


def test_our_service_is_the_original_s_method_by_method() -> None:
    def methods(service: Any) -> dict[str, tuple[Any, ...]]:
        return {
            each.name: (
                each.input_type.full_name,
                each.output_type.full_name,
                each.client_streaming,
                each.server_streaming,
            )
            for each in service.methods
        }

    ours = meshops_pb2.DESCRIPTOR.services_by_name["MeshService"]
    theirs = pool().FindServiceByName("meshes.MeshService")
    assert ours.full_name == theirs.full_name
    assert methods(ours) == methods(theirs)


async def ask(original: OriginalClient, method: str, **given: Any) -> Any:
    return await asyncio.to_thread(lambda: original(method, **given))


async def test_name_versions_and_build(original: OriginalClient) -> None:
    assert (await ask(original, "MeshName")).name == "ACME"
    versions = (await ask(original, "MeshVersions")).version
    assert list(versions) == ["2.0.0-rc.1", "1.10.0", "1.9.0"]
    info = await ask(original, "ComponentInfo")
    assert (info.type, info.name, info.version, info.git_sha) == (
        "adapter",
        "ACME",
        "1.0.0",
        "abcdef",
    )


async def test_operations_with_the_literal_for_no_error(original: OriginalClient) -> None:
    answer = await ask(original, "SupportedOperations")
    assert answer.error == "none"
    assert [(each.key, each.value, each.category) for each in answer.ops][:3] == [
        ("acme", "Acme Service Mesh", 0),
        ("deny-all", "Deny all", 2),
        ("custom", "Custom YAML", 4),
    ]


async def test_an_installation_is_accepted_and_ends_in_the_known_words(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    answer = await ask(
        original,
        "ApplyOperation",
        opName="acme",
        namespace="default",
        username="me",
        operation_id="id-1",
        kube_configs=[KUBECONFIG],
        version="",
    )
    assert (answer.error, answer.operation_id) == ("", "id-1")
    assert not bench.go_on.is_set(), "it was accepted, not waited for"
    bench.go_on.set()
    event = await listener.last("id-1", ending="is now installed.")
    assert event.event_type == 0
    assert event.summary == "Acme service mesh 1.10.0 installed successfully"
    assert event.details == "The Acme service mesh is now installed."
    assert "mesh is now installed" in event.details, "the original's command line waits for it"
    assert (event.component, event.component_name) == ("adapter", "ACME")
    assert bench.orders[0].clusters[0].kubeconfig == KUBECONFIG


async def test_a_removal_ends_in_its_words(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    await ask(original, "ApplyOperation", opName="acme", delete_op=True, operation_id="id-2")
    event = await listener.last("id-2")
    assert event.summary == "Acme service mesh 1.10.0 removed successfully"
    assert bench.done == ["remove"]


async def test_an_unknown_operation_is_an_event_not_an_error(
    original: OriginalClient, listener: Collector
) -> None:
    answer = await ask(original, "ApplyOperation", opName="dance", operation_id="id-3")
    assert answer.error == ""
    event = await listener.last("id-3")
    assert (event.event_type, event.summary, event.details, event.error_code) == (
        2,
        "deploying",
        "Operation is not supported",
        "",
    )


async def test_a_failure_is_told_with_its_cause_and_without_logins(
    original: OriginalClient, listener: Collector
) -> None:
    await ask(
        original, "ApplyOperation", opName="fail", operation_id="id-4", kube_configs=[KUBECONFIG]
    )
    event = await listener.last("id-4")
    assert event.event_type == 2
    assert event.summary.startswith("Error while ")
    assert "ValueError" in event.probable_cause
    assert event.suggested_remediation
    assert "very-secret" not in str(event)


async def test_a_version_that_is_unknown_is_never_replaced(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    await ask(original, "ApplyOperation", opName="acme", operation_id="id-5", version="1.11.0")
    event = await listener.last("id-5")
    assert event.event_type == 2
    assert "1.10.0" in event.suggested_remediation
    assert bench.done == []


async def test_objects_of_an_operation_are_applied_to_every_cluster(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    await ask(
        original,
        "ApplyOperation",
        opName="deny-all",
        namespace="shop",
        operation_id="id-6",
        kube_configs=["one", "two"],
    )
    await listener.last("id-6")
    (clusters, objects, is_removal) = bench.applied[0]
    assert (clusters, is_removal) == (["one", "two"], False)
    assert objects[0]["metadata"] == {"name": "all", "namespace": "shop"}


async def test_old_servers_send_the_login_once(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    await ask(original, "CreateMeshInstance", k8sConfig=b"once", contextName="here")
    await ask(original, "ApplyOperation", opName="deny-all", operation_id="id-7")
    await listener.last("id-7")
    assert bench.applied[0][0] == ["once"]


async def test_a_listener_that_leaves_is_forgotten(
    original: OriginalClient, serving: Serving
) -> None:
    async def are(count: int) -> None:
        async def is_so() -> bool:
            return serving.listeners == count

        await waiting.until(is_so, what=f"{count} listeners")

    collectors = [Collector(original) for _ in range(3)]
    for each in collectors:
        await each.start()
    await are(3)
    for each in collectors:
        await each.end()
    await are(0)


async def test_events_come_in_order_and_all_to_everyone(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    other = Collector(original)
    await other.start()
    bench.go_on.set()
    await ask(original, "ApplyOperation", opName="acme", operation_id="id-8")
    for each in (listener, other):
        await each.last("id-8", ending="is now installed.")
        assert [event.summary for event in each.events] == [
            "Installing",
            "Acme service mesh 1.10.0 installed successfully",
        ]
    await other.end()


COMPONENT = (
    '{"kind": "Component", "apiVersion": "core.oam.dev/v1alpha2",'
    ' "metadata": {"name": "mine", "namespace": "shop", "labels": {"a": "b"},'
    ' "annotations": {"%s": "acme.test/v1", "%s": "Policy", "own": "kept"}},'
    ' "spec": {"type": "Policy.Acme", "version": "1.10.0", "settings": {"attempts": 2}}}'
)
CAPITALS = (
    '{"Kind": "Component", "MetaData": {"Name": "mine", "Namespace": "shop",'
    ' "Labels": {"a": "b"}, "Annotations": {"%s": "acme.test/v1", "%s": "Policy",'
    ' "own": "kept"}}, "Spec": {"Type": "Policy.Acme", "Settings": {"attempts": 2}}}'
)
NEW = ("design.meshmodel.io.k8s.APIVersion", "design.meshmodel.io.k8s.Kind")
OLD = (
    "pattern.meshery.io.mesh.workload.k8sAPIVersion",
    "pattern.meshery.io.mesh.workload.k8sKind",
)


@pytest.mark.parametrize("text", [COMPONENT % NEW, COMPONENT % OLD, CAPITALS % NEW])
async def test_components_are_applied_in_either_casing(
    original: OriginalClient, bench: Bench, text: str
) -> None:
    answer = await ask(original, "ProcessOAM", oam_comps=[text], kube_configs=["one"])
    assert answer.message == "mine applied successfully"
    (clusters, objects, is_removal) = bench.applied[0]
    assert (clusters, is_removal) == (["one"], False)
    assert objects == [
        {
            "apiVersion": "acme.test/v1",
            "kind": "Policy",
            "metadata": {
                "name": "mine",
                "namespace": "shop",
                "labels": {"a": "b"},
                "annotations": {"own": "kept"},
            },
            "spec": {"attempts": 2},
        }
    ]


async def test_the_mesh_itself_is_a_component(
    original: OriginalClient, listener: Collector, bench: Bench
) -> None:
    bench.go_on.set()
    text = (
        '{"metadata": {"name": "mesh"}, "spec": {"type": "AcmeMesh", "settings": {"replicas": 4}}}'
    )
    answer = await ask(original, "ProcessOAM", oam_comps=[text])
    assert answer.message == "Acme service mesh 1.10.0 installed successfully"
    assert bench.inputs[0].replicas == 4


async def test_deletes_go_the_other_way_round(original: OriginalClient, bench: Bench) -> None:
    first = COMPONENT % NEW
    second = first.replace('"mine"', '"later"')
    answer = await ask(original, "ProcessOAM", oam_comps=[first, second], delete_op=True)
    assert answer.message == "later deleted successfully\nmine deleted successfully"
    assert [each[2] for each in bench.applied] == [True, True]


TRAIT = (
    '{"Kind": "ApplicationConfiguration", "Spec": {"Components": [{"ComponentName": "mesh",'
    ' "Traits": [{"Name": "%s", "Properties": %s}], "Scopes": []}]}}'
)


@pytest.mark.parametrize("name", ["automaticSidecarInjection", "automaticSidecarInjection.Acme"])
async def test_namespaces_join_the_mesh_by_a_trait(
    original: OriginalClient, bench: Bench, name: str
) -> None:
    text = TRAIT % (name, '{"namespaces": ["shop", "web"]}')
    answer = await ask(original, "ProcessOAM", oam_config=text, kube_configs=["one"])
    assert answer.message == f"{name} applied successfully"
    (_, objects, is_removal) = bench.applied[0]
    assert not is_removal
    assert [each["metadata"] for each in objects] == [
        {"name": "shop", "labels": {"acme.test/inject": "yes"}},
        {"name": "web", "labels": {"acme.test/inject": "yes"}},
    ]


@pytest.mark.parametrize(("policy", "mode"), [("strict", "strict"), ("mutual", "permissive")])
async def test_mutual_tls_is_rendered_for_a_trait(policy: str, mode: str) -> None:
    seen: list[Behaviour] = []

    def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
        seen.extend(behaviours)
        made = native("acme.test/v1", "Tls", "default", world.namespace, {})
        return Rendering((made,), (Outcome(behaviours[0].name, Fidelity.EXACT),))

    bench = Bench()
    mesh = msgspec.structs.replace(MESH, render=render)
    properties = f'{{"policy": "{policy}", "namespaces": ["shop"]}}'
    text = (TRAIT % ("mTLS", properties)).lower()
    async with serve(adapter(bench, mesh=mesh), port=0) as serving:
        with original_client(serving.address) as client:
            answer = await ask(client, "ProcessOAM", oam_config=text, delete_op=True)
    assert answer.message == "mtls deleted successfully"
    assert (seen[0].target.namespace, seen[0].params) == ("shop", Mtls(mode, "namespace"))  # type: ignore[arg-type]
    assert bench.applied[0][2], "what was rendered is deleted"


async def test_a_fault_of_the_applier_is_told_without_the_login() -> None:
    async def apply(clusters: Sequence[Cluster], objects: Any, *, is_removal: bool) -> None:
        raise OSError(f"no way with {clusters[0].kubeconfig}")

    made = Adapter(MESH, applier=apply)
    async with serve(made, port=0) as serving:
        with original_client(serving.address) as client, pytest.raises(grpc.RpcError) as caught:
            await ask(client, "ProcessOAM", oam_comps=[COMPONENT % NEW], kube_configs=[KUBECONFIG])
    assert "mine was not applied" in caught.value.details()
    assert "very-secret" not in caught.value.details()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"oam_comps": ["{broken"]}, "no JSON object"),
        ({"oam_comps": ["[1, 2]"]}, "no JSON object"),
        ({"oam_comps": ["{}"]}, "lacks metadata.name or spec.type"),
        ({"oam_config": "[]"}, "no JSON object"),
        ({"oam_config": TRAIT % ("glitter", "{}")}, "takes no trait glitter"),
        ({"oam_config": TRAIT % ("mTLS", '{"policy": "loose"}')}, "mTLS has no policy"),
        ({"oam_config": TRAIT % ("mTLS", '{"policy": "strict"}')}, "names no namespaces"),
        (
            {"oam_config": TRAIT % ("mTLS", '{"policy": "strict", "namespaces": ["shop"]}')},
            "Acme Service Mesh has no mTLS",
        ),
        (
            {
                "oam_config": TRAIT % ("automaticSidecarInjection", '{"namespaces": ["shop"]}'),
                "delete_op": True,
            },
            "namespaces would be deleted",
        ),
        (
            {"oam_comps": [COMPONENT % NEW], "oam_config": TRAIT % ("glitter", "{}")},
            "takes no trait glitter",
        ),
    ],
)
async def test_what_cannot_be_processed_is_a_status_with_words(
    original: OriginalClient, bench: Bench, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await ask(original, "ProcessOAM", **given)
    assert words in caught.value.details()
    assert bench.applied == [], "nothing was touched before all of it was understood"
    assert (await ask(original, "MeshName")).name == "ACME", "one bad call ends nothing else"
