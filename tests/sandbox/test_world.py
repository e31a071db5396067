"""The world of a sandbox: from all of its objects, and after a change of its behaviours alone."""

import copy
from pathlib import Path

from meshery.apply.shape import stamp
from meshery.apply.target import Object, ref_of
from meshery.sandbox.edits import plan_apply, plan_delete
from meshery.sandbox.layout import Places, allocate
from meshery.sandbox.model import World
from meshery.sandbox.objects import objects_of, workloads_of
from meshery.sandbox.service import as_objects
from meshery.sandbox.spec import bundled_spec
from meshery.sandbox.store import Layout
from meshery.sandbox.world import build_world, changed_world

KEPT = [
    stamp(document, None, resource_version=version)
    for version, document in enumerate(
        sorted(objects_of(bundled_spec("learn")), key=ref_of), start=1
    )
]
LAYOUT: Layout = allocate(workloads_of(KEPT), kept={})


def world(objects: list[Object] | tuple[Object, ...]) -> World:
    places = Places(Path("/home/somebody"), "learn")
    return build_world("learn", objects, layout=LAYOUT, places=places)


def slow(name: str, duration: str = "10ms") -> list[Object]:
    params = {"delay": {"duration": duration, "percent": 100}}
    document = {"name": name, "kind": "fault", "target": {"service": "service-b"}}
    return as_objects([{**document, "params": params}])


def test_a_change_of_behaviours_alone_gives_the_world_that_all_objects_give() -> None:
    first = plan_apply([*slow("one"), *slow("two")], KEPT, version=20, dry_run=False)
    again = plan_apply(slow("one", "20ms"), first.objects, version=22, dry_run=False)
    (behaviour,) = [change.ref for change in again.changes]
    gone = plan_delete([behaviour], again.objects, dry_run=False)
    before = KEPT
    for plan in (first, again, gone):
        after = changed_world(world(before), plan.edits, plan.objects)
        assert after == world(plan.objects)
        before = list(plan.objects)
    assert [each.name for each in world(gone.objects).behaviours] == ["two"]


def test_a_change_of_anything_else_is_not_taken_for_one_of_behaviours() -> None:
    metadata = {"name": "new", "namespace": "default"}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    plan = plan_apply([*slow("one"), account], KEPT, version=20, dry_run=False)
    assert changed_world(world(KEPT), plan.edits, plan.objects) is None


def test_every_object_the_ports_and_the_home_count_each_time() -> None:
    first = world(KEPT)
    slower = copy.deepcopy(KEPT)
    workload = next(each for each in slower if each["metadata"]["name"] == "service-a-v1")
    template = workload["spec"]["template"]["metadata"]
    template["annotations"]["sandbox.meshery.io/latency"] = "70ms"
    assert world(slower).service("service-a").versions[0].latency_ms == 70
    assert world(KEPT) == first
    ports = {name: dict.fromkeys(each, 1) for name, each in LAYOUT.items()}
    elsewhere = Places(Path("/home/another"), "learn")
    moved = build_world("learn", KEPT, layout=ports, places=elsewhere)
    assert {each.inbound_port for each in moved.instances} == {1}
    assert all(each.directory.startswith("/home/another/") for each in moved.instances)
