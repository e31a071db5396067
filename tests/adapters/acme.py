"""A mesh that is none: Acme, small and with something of everything, and its adapter."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from meshery.adapters.call import Call
from meshery.adapters.draft import Draft, native, render_each
from meshery.adapters.library import Adapter, Task
from meshery.adapters.mesh import (
    AddOn,
    Chart,
    Index,
    Injection,
    Mesh,
    Migration,
    NativeKind,
    Operation,
    Profile,
    Status,
    Store,
    Trust,
    Version,
    Versions,
)
from meshery.adapters.model import Build, Cluster
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.rendering import Rendering, World
from meshery.behaviours.resilience import Retry
from meshery.core.errors import InvalidInputError, Problem

Object = dict[str, Any]
ALTERNATIVES = {kind: f"what comes nearest to {kind}" for kind in Kind}


def _retry(draft: Draft) -> None:
    params = draft.params(Retry)
    spec = {"attempts": params.attempts, "seen": [each.name for each in draft.world.services]}
    draft.put(native("acme.test/v1", "Policy", draft.service.name, draft.namespace, spec))
    if params.budget is not None:
        draft.dropped("budget", "Acme counts tries")


def render(behaviours: Sequence[Behaviour], world: World) -> Rendering:
    return render_each(behaviours, world, {Kind.RETRY: _retry}, ALTERNATIVES, mesh="Acme")


def _check(objects: Sequence[Object]) -> list[Problem]:
    return [
        Problem(f"[{place}].spec.attempts", "is too many", hint="3 is enough")
        for place, each in enumerate(objects)
        if each.get("spec", {}).get("attempts", 0) > 3
    ]


def _read(objects: Sequence[Object]) -> tuple[Sequence[Mapping[str, Any]], Sequence[str]]:
    documents = [
        {
            "name": each["metadata"]["name"],
            "kind": "retry",
            "target": {"service": each["metadata"]["name"]},
            "params": {"attempts": each["spec"]["attempts"]},
        }
        for each in objects
        if each["kind"] == "Policy"
    ]
    return documents, [
        f"{each['kind']} has no equal" for each in objects if each["kind"] != "Policy"
    ]


def _deny(world: World) -> list[Object]:
    return [native("acme.test/v1", "Deny", "all", world.namespace, {})]


MESH = Mesh(
    name="acme",
    title="Acme Service Mesh",
    smp="ACME",
    port=0,
    status=Status(state="active", as_of="2026-11-01", source="made up"),
    versions=Versions(
        known=(
            Version(name="2.0.0-rc.1", channel="preview"),
            Version(name="1.10.0", kubernetes=("1.29", "1.33"), charts={"acme": "10.0.0"}),
            Version(name="1.9.0", ends="2026-12-31"),
        ),
        as_of="2026-11-01",
        source="made up",
        index=Index(url="http://127.0.0.1:1/charts", chart="acme"),
    ),
    render=render,
    injection=Injection(mode="sidecar", namespace_labels={"acme.test/inject": "yes"}),
    profiles=(Profile(name="default", summary="all", charts=("acme",), values={"acme": {"n": 1}}),),
    charts=(
        Chart(
            name="acme",
            repository="https://charts.acme.test",
            release="acme",
            namespace="acme-system",
            values={"proxy": {"replicas": 2}},
        ),
    ),
    trust=Trust(
        stores={
            "issuer": Store(
                kind="Secret",
                name="acme-ca",
                namespace="acme-system",
                keys={"certificate": "tls.crt", "key": "tls.key"},
            )
        },
        values={"acme": {"ca": "acme-ca"}},
        secret_values={"acme": ("ca.key", "ca.token")},
    ),
    kinds=(
        NativeKind(
            api_version="acme.test/v1",
            kind="Policy",
            summary="what clients do",
            schema={"type": "object", "properties": {"attempts": {"type": "integer"}}},
        ),
        NativeKind(api_version="acme.test/v1", kind="Zone", summary="", is_namespaced=False),
        NativeKind(api_version="acme.test/v2", kind="Gate", summary="", since="1.10.0"),
    ),
    add_ons=(AddOn(name="board", summary="shows it"),),
    operations=(
        Operation(key="acme", text="Acme Service Mesh", category="install", does="install"),
        Operation(
            key="deny-all",
            text="Deny all",
            category="configure",
            does="manifest",
            manifests=_deny,
        ),
        Operation(key="custom", text="Custom YAML", category="custom", does="custom"),
    ),
    validators={"attempts": _check},
    migrations=(Migration(to="istio", why="it lives", read=_read),),
)


class Input(msgspec.Struct):
    """What the installation takes."""

    replicas: int = 1


class Bench:
    """What a test sees and decides of the installation's steps."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.cleaned = asyncio.Event()
        self.go_on = asyncio.Event()
        self.inputs: list[Any] = []
        self.orders: list[Any] = []
        self.applied: list[tuple[list[str], list[Object], bool]] = []

    async def fetch(self, call: Call) -> dict[str, str]:
        self.inputs.append(call.input)
        self.orders.append(call.order)
        call.progress(1, 2, "charts", "one")
        self.done.append("fetch")
        return {"release": f"acme-{call.version}"}

    async def install(self, call: Call) -> None:
        await call.tell("Installing", call.state["fetch"]["release"])
        self.done.append("install")

    async def wait(self, call: Call) -> dict[str, int]:
        await self.go_on.wait()
        self.done.append("wait")
        return {"replicas": call.input.replicas}

    async def hang(self, _call: Call) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cleaned.set()

    async def swallow(self, _call: Call) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        self.done.append("swallow")

    async def fail(self, call: Call) -> None:
        raise ValueError(f"broken with {call.order.clusters[0].kubeconfig}")

    async def refuse(self, _call: Call) -> None:
        raise InvalidInputError("no such zone", cause="it is gone", remedy="name another")

    async def flood(self, call: Call) -> None:
        while True:
            await call.tell("again")
            await asyncio.sleep(0)

    async def remove(self, _call: Call) -> None:
        self.done.append("remove")

    async def apply(
        self, clusters: Sequence[Cluster], objects: Sequence[Object], *, is_removal: bool
    ) -> None:
        self.applied.append(([each.kubeconfig for each in clusters], list(objects), is_removal))


def adapter(bench: Bench, *, mesh: Mesh = MESH) -> Adapter:
    """Acme's adapter, whose steps a test can hold up."""
    return Adapter(
        mesh,
        tasks=(
            Task(
                "acme",
                "Acme Service Mesh",
                (bench.fetch, bench.install, bench.wait),
                (bench.remove,),
                input=Input,
            ),
            Task("hang", "Hang", (bench.fetch, bench.hang), category="custom"),
            Task("swallow", "Swallow", (bench.swallow, bench.remove), category="custom"),
            Task("last", "Last", (bench.swallow,), category="custom"),
            Task("fail", "Fail", (bench.fail,), category="custom"),
            Task("refuse", "Refuse", (bench.refuse,), category="custom"),
            Task("flood", "Flood", (bench.flood,), category="custom"),
        ),
        build=Build("1.0.0", "abcdef"),
        fingerprints=({"mesh": "acme", "images": ["acme/proxy"]},),
        applier=bench.apply,
    )
