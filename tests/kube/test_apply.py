"""Server-side apply and deletion, all on the real API server."""

import asyncio
from typing import Any

import pytest

from fixtures.kube import KubeNamespace, deployment
from kube.examples import CONFIG_MAPS, DEPLOYMENTS, PODS, config_map
from kube.rigged import refuses, rigged, says
from meshery.core.errors import ConflictError, DeadlineError, InvalidInputError, NotFoundError
from meshery.kube.apply import BUSY, LOOKS, NAMESPACES, apply, create_namespace, delete, get
from meshery.kube.client import KubeClient
from meshery.kube.errors import FieldConflict, FieldConflictError
from meshery.kube.fields import FieldChange
from meshery.kube.listing import Selection, list_all


async def test_apply_creates_changes_and_leaves(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    def wanted(value: str) -> dict[str, Any]:
        return config_map("one", namespace=kube_namespace.name, a=value)

    created = await apply(client, CONFIG_MAPS, wanted("1"))
    assert (created.action, created.before) == ("created", None)
    assert (await apply(client, CONFIG_MAPS, wanted("1"))).action == "unchanged"
    changed = await apply(client, CONFIG_MAPS, wanted("2"))
    assert changed.action == "configured"
    assert changed.changes == (FieldChange("data.a", "1", "2"),)
    item = await get(client, CONFIG_MAPS, "one", namespace=kube_namespace.name)
    assert item.document()["data"] == {"a": "2"}


async def test_an_object_that_somebody_else_made_meanwhile_was_not_created_here() -> None:
    made = config_map("one") | {"metadata": {"name": "one", "uid": "u", "resourceVersion": "7"}}
    missing = refuses(404, "NotFound", "there is none")
    async with (
        rigged(missing, says(200, made), missing, says(201, made)) as server,
        KubeClient(server.access()) as client,
    ):
        theirs = await apply(client, CONFIG_MAPS, config_map("one"))
        ours = await apply(client, CONFIG_MAPS, config_map("one"))
    assert (theirs.action, ours.action) == ("configured", "created")


async def test_a_dry_run_shows_defaults_and_stores_nothing(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    document = deployment("web")
    document["metadata"]["namespace"] = kube_namespace.name
    previewed = await apply(client, DEPLOYMENTS, document, dry_run=True)
    assert previewed.action == "created"
    assert previewed.after["spec"]["revisionHistoryLimit"] == 10
    with pytest.raises(NotFoundError):
        await get(client, DEPLOYMENTS, "web", namespace=kube_namespace.name)
    await apply(client, DEPLOYMENTS, document)
    document["spec"]["template"]["spec"]["containers"][0]["image"] = "other:2"
    previewed = await apply(client, DEPLOYMENTS, document, dry_run=True)
    assert previewed.action == "configured"
    assert previewed.changes == (
        FieldChange(
            "spec.template.spec.containers[main].image", "example.invalid/web:1", "other:2"
        ),
    )


async def test_a_preview_shows_nothing_of_what_others_do_meanwhile(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    def theirs(value: str) -> dict[str, Any]:
        return config_map("one", namespace=kube_namespace.name, theirs=value)

    async def controller() -> None:
        for number in range(60):
            await apply(client, CONFIG_MAPS, theirs(str(number)), manager="other")
            await asyncio.sleep(0.05)  # a controller looks, decides, and waits for more

    await apply(client, CONFIG_MAPS, config_map("one", namespace=kube_namespace.name, ours="1"))
    busy = asyncio.create_task(controller())
    wanted = config_map("one", namespace=kube_namespace.name, ours="2")
    seen: set[str] = set()
    while not busy.done():
        previewed = await apply(client, CONFIG_MAPS, wanted, dry_run=True)
        seen |= {change.path for change in previewed.changes}
        await asyncio.sleep(0.02)
    await busy
    assert seen == {"data.ours"}


async def test_a_preview_that_never_gets_a_quiet_look_says_so() -> None:
    def at(version: int) -> dict[str, Any]:
        return config_map("one", a=str(version)) | {
            "metadata": {"name": "one", "resourceVersion": str(version)}
        }

    busy = [says(200, at(version)) for version in range(2 * LOOKS)]
    async with rigged(*busy) as server, KubeClient(server.access()) as client:
        disturbed = await apply(client, CONFIG_MAPS, config_map("one"), dry_run=True)
    assert len(server.seen) == 2 * LOOKS
    assert disturbed.note == BUSY
    quiet = [says(200, at(1)), says(200, at(1)), says(200, at(1)), says(200, at(2))]
    async with rigged(*quiet) as server, KubeClient(server.access()) as client:
        previewed = await apply(client, CONFIG_MAPS, config_map("one"), dry_run=True)
        applied = await apply(client, CONFIG_MAPS, config_map("one"))
    assert (previewed.note, applied.note) == ("", "")


async def test_fields_of_others_conflict_until_they_are_taken(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    await apply(client, CONFIG_MAPS, config_map("one", namespace=space, a="1", b="1"))
    theirs = config_map("one", namespace=space, a="2", b="2", c="2")
    with pytest.raises(FieldConflictError) as caught:
        await apply(client, CONFIG_MAPS, theirs, manager="other")
    assert set(caught.value.conflicts) == {
        FieldConflict("meshery", "data.a"),
        FieldConflict("meshery", "data.b"),
    }
    forced = await apply(client, CONFIG_MAPS, theirs, manager="other", force=True)
    assert forced.after["data"] == {"a": "2", "b": "2", "c": "2"}
    # What we no longer say and others own stays; what only we owned goes.
    ours = await apply(client, CONFIG_MAPS, config_map("one", namespace=space))
    assert ours.after["data"] == {"a": "2", "b": "2", "c": "2"}


async def test_what_the_schema_does_not_know_is_refused_with_its_path(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    document = deployment("web")
    document["metadata"]["namespace"] = kube_namespace.name
    document["spec"]["replicaz"] = 3
    with pytest.raises(InvalidInputError, match=r"\.spec\.replicaz"):
        await apply(client, DEPLOYMENTS, document)
    del document["spec"]["replicaz"]
    document["spec"]["replicas"] = -1
    with pytest.raises(InvalidInputError) as caught:
        await apply(client, DEPLOYMENTS, document)
    assert [problem.path for problem in caught.value.problems] == ["spec.replicas"]


async def test_a_version_that_is_not_current_is_a_conflict(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    first = await apply(client, CONFIG_MAPS, config_map("one", namespace=space, a="1"))
    await apply(client, CONFIG_MAPS, config_map("one", namespace=space, a="2"))
    stale = config_map("one", namespace=space, a="3")
    stale["metadata"]["resourceVersion"] = first.after["metadata"]["resourceVersion"]
    with pytest.raises(ConflictError):
        await apply(client, CONFIG_MAPS, stale)


async def test_an_object_of_a_megabyte_is_stored_and_a_larger_one_refused(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    big = await apply(client, CONFIG_MAPS, config_map("big", namespace=space, a="x" * 1_000_000))
    assert big.action == "created"
    with pytest.raises(InvalidInputError):
        await apply(client, CONFIG_MAPS, config_map("huge", namespace=space, a="x" * 4_000_000))


async def test_deletion_waits_until_all_is_gone(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    document = deployment("web")
    document["metadata"]["namespace"] = space
    await apply(client, DEPLOYMENTS, document)
    await kube_namespace.until_ready("web")
    await delete(client, DEPLOYMENTS, "web", namespace=space, dry_run=True)
    held = await delete(
        client, DEPLOYMENTS, "web", namespace=space, propagation="Foreground", wait_s=30
    )
    assert held.metadata.name == "web"
    pods, _ = await list_all(client, PODS, selection=Selection(namespace=space))
    assert [pod for pod in pods if not pod.metadata.deletion_timestamp] == []
    with pytest.raises(NotFoundError):
        await delete(client, DEPLOYMENTS, "web", namespace=space)


async def test_a_deletion_that_is_held_names_the_finalizer(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    document = config_map("held", namespace=kube_namespace.name)
    document["metadata"]["finalizers"] = ["example.com/never"]
    await apply(client, CONFIG_MAPS, document)
    with pytest.raises(DeadlineError) as caught:
        await delete(client, CONFIG_MAPS, "held", namespace=kube_namespace.name, wait_s=0.3)
    assert "example.com/never" in caught.value.cause
    document["metadata"]["finalizers"] = []
    await apply(client, CONFIG_MAPS, document)


async def test_only_the_very_object_is_deleted(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    await apply(client, CONFIG_MAPS, config_map("one", namespace=space))
    with pytest.raises(ConflictError):
        await delete(client, CONFIG_MAPS, "one", namespace=space, uid="another")


async def test_a_namespace_is_made_once(client: KubeClient, kube_namespace: KubeNamespace) -> None:
    name = f"{kube_namespace.name}-more"
    assert (await create_namespace(client, name, labels={"mesh": "on"})).action == "created"
    again = await create_namespace(client, name, labels={"mesh": "on"})
    assert again.action == "unchanged"
    assert again.after["metadata"]["labels"]["mesh"] == "on"
    await delete(client, NAMESPACES, name, wait_s=30)


async def test_many_appliers_at_once_lose_nothing(
    client: KubeClient, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    await asyncio.gather(
        *(
            apply(
                client,
                CONFIG_MAPS,
                config_map("shared", namespace=space, **{f"k{number}": "x"}),
                manager=f"m{number}",
            )
            for number in range(20)
        )
    )
    item = await get(client, CONFIG_MAPS, "shared", namespace=space)
    assert len(item.document()["data"]) == 20
