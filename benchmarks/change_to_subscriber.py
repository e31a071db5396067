"""From a change in a cluster to a GraphQL subscriber, beside `kubectl get -w` of the same objects.

On a real API server (etcd and kube-apiserver) 500 changes a second are made for some seconds, in an
open loop. Both readers run at the same time, each in a process of its own that stamps what it gets
by the same clock; a change is known by its resourceVersion. Its delay counts from the moment its
request was sent. What the GraphQL subscriber reads has passed the watch, the bus, the rows and the
server; none may be lost, none come twice.
"""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from harness import Strangers, claim, cpu_s, missing, show, take_precedence
from own_server import own_server

from meshery.client.http import ServerClient
from meshery.connections.flatten import kubeconfig_of
from meshery.core.errors import UnsupportedError
from meshery.kube.kubeconfig import OWN, read_kubeconfigs
from meshery.kube.local.binaries import KUBECTL
from meshery.kube.local.control_plane import ControlPlane, control_plane
from meshery.kube.local.options import PlaneOptions

NAME = "change to GraphQL subscriber / to kubectl get -w, p99 at 500 changes/s"
TARGET = 3.0
RATE_PER_S = 500
SECONDS = 10
ROUNDS = 3
OBJECTS = 200
NAMESPACE = "bench"
PATIENCE_S = 30.0
LEAST_RATE = 0.95
PROCESSES = ("server", "supervisor", "worker")
CONNECT = "mutation($text: String!) { connectKubernetes(kubeconfig: $text) { outcome } }"
STATE = "{ clusters { nodes { state } } discoveryChanges { next } }"
CHANGES = """subscription($after: Long) {
  discoveryChanges(after: $after, only: {namespace: "bench", kind: "ConfigMap"}) { resourceVersion }
}"""


@dataclass(frozen=True)
class Round:
    """p99 in seconds of both, what was lost or came twice, and the rate that was made.

    `cpu_ms` is CPU time per change, by process; `foreign` what none of them used.
    """

    graphql_s: float
    kubectl_s: float
    graphql_median_s: float
    kubectl_median_s: float
    lost: int
    twice: int
    rate_per_s: float
    foreign: float
    cpu_ms: Mapping[str, float]


def main() -> None:
    """Measure, and state the claim."""
    take_precedence()
    try:
        rounds = asyncio.run(_measured())
    except UnsupportedError as error:
        missing(NAME, target=f"<= {TARGET:g}, none lost", reason=f"{error.what}; {error.remedy}")
        return
    ratio = median(each.graphql_s / each.kubectl_s for each in rounds)
    lost, twice = sum(each.lost for each in rounds), sum(each.twice for each in rounds)
    rate = median(each.rate_per_s for each in rounds)
    is_whole = not lost and not twice and rate >= LEAST_RATE * RATE_PER_S
    ours_s, theirs_s = (
        median(each.graphql_s for each in rounds),
        median(each.kubectl_s for each in rounds),
    )
    claim(
        NAME,
        ratio=ratio,
        target=f"<= {TARGET:g}, none lost",
        met=ratio <= TARGET and is_whole,
        detail=f"medians of {ROUNDS} rounds: {ours_s * 1e3:.1f} ms, {theirs_s * 1e3:.1f} ms at "
        f"{rate:.0f}/s; {lost} lost, {twice} twice",
        foreign=median(each.foreign for each in rounds),
    )


async def _measured() -> list[Round]:
    with tempfile.TemporaryDirectory(prefix="meshery-bench-kube-") as folder:
        options = PlaneOptions(name="bench", is_api_only=True)
        async with control_plane(Path(folder), options=options) as plane:
            return await asyncio.to_thread(_beside, plane)


def _beside(plane: ControlPlane) -> list[Round]:
    with own_server() as (client, settings):
        _make_objects(plane)
        _connect(client, plane)
        token = (settings.home_path / "token").read_text().strip()
        rounds = []
        for number in range(ROUNDS):
            found = _round(client, token, plane, number, _processes(plane, settings.home_path))
            show(
                f"round {number + 1}: GraphQL p50 {found.graphql_median_s * 1e3:.1f} ms, "
                f"p99 {found.graphql_s * 1e3:.1f} ms; kubectl p50 "
                f"{found.kubectl_median_s * 1e3:.1f} ms, p99 {found.kubectl_s * 1e3:.1f} ms; "
                f"{found.rate_per_s:.0f}/s, {found.lost} lost, {found.twice} twice"
            )
            used = ", ".join(f"{name} {cpu_ms:.2f}" for name, cpu_ms in found.cpu_ms.items())
            show(f"  CPU per change in ms: {used}")
            rounds.append(found)
        return rounds


def _processes(plane: ControlPlane, home: Path) -> dict[str, int]:
    """The processes that run all the time, by their names."""
    found = dict(plane.pids)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        name = next((word for word in words if word in PROCESSES), "") or Path(words[0]).name
        if f"MESHERY_HOME={home}".encode() in environment and int(folder.name) != os.getpid():
            found[name] = int(folder.name)
    return found


def _make_objects(plane: ControlPlane) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _object(number)}}
        for number in range(OBJECTS)
    ]
    _kubectl(plane, "apply", "-f", "-", stdin=json.dumps(space))
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    _kubectl(plane, "-n", NAMESPACE, "create", "-f", "-", stdin=json.dumps(listed))


def _connect(client: ServerClient, plane: ControlPlane) -> None:
    """Connect the cluster, and wait until all of it is watched."""
    access = read_kubeconfigs([plane.kubeconfig]).access(plane.context(), trust=OWN)
    text = json.dumps(kubeconfig_of([access]))
    _asked(client, CONNECT, text=text)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        clusters = _asked(client, STATE)["clusters"]["nodes"]
        if [each["state"] for each in clusters] == ["WATCHING"]:
            return
        time.sleep(0.5)
    raise TimeoutError("the cluster was not watched within 120 s")


def _asked(client: ServerClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = client.post("/api/graphql", {"query": query, "variables": variables})
    if answer.get("errors"):
        raise RuntimeError(f"{answer['errors']}")
    data: dict[str, Any] = answer["data"]
    return data


def _round(
    client: ServerClient,
    token: str,
    plane: ControlPlane,
    number: int,
    processes: Mapping[str, int],
) -> Round:
    after = _asked(client, STATE)["discoveryChanges"]["next"]
    total = RATE_PER_S * SECONDS
    cluster = {
        "BENCH_URL": plane.url,
        "BENCH_TOKEN": plane.token(),
        "BENCH_CA": str(plane.ca_file),
    }
    server = {"BENCH_SERVER": client.url, "BENCH_SERVER_TOKEN": token, "BENCH_AFTER": str(after)}
    watch = {"BENCH_KUBECTL": json.dumps([*_access(plane), "-n", NAMESPACE, "get", "configmaps"])}
    strangers = Strangers(*processes.values())
    before = {name: cpu_s(pid) for name, pid in processes.items()}
    # One change more than are counted comes first: that which opens the writer's connection.
    with (
        _role("graphql", total + 1, server) as ours,
        _role("kubectl", total + 1, watch) as theirs,
    ):
        with _role("changes", total, {**cluster, "BENCH_ROUND": str(number)}) as writer:
            sent = _told(writer, SECONDS + PATIENCE_S)
        got = [_told(each, PATIENCE_S) for each in (ours, theirs)]
        foreign = strangers.share()
    used = {name: (cpu_s(pid) - before[name]) / total * 1000 for name, pid in processes.items()}
    return _judged(sent, got[0], got[1], foreign=foreign, cpu_ms=used)


def _judged(
    sent: Mapping[str, Any],
    graphql: Mapping[str, Any],
    kubectl: Mapping[str, Any],
    *,
    foreign: float,
    cpu_ms: Mapping[str, float],
) -> Round:
    versions: dict[str, float] = sent["seen"][0]
    ours, theirs = ({**each["seen"][0]} for each in (graphql, kubectl))
    delays = [
        sorted(got[version] - at for version, at in versions.items() if version in got)
        for got in (ours, theirs)
    ]
    return Round(
        graphql_s=_quantile(delays[0], 0.99),
        kubectl_s=_quantile(delays[1], 0.99),
        graphql_median_s=_quantile(delays[0], 0.5),
        kubectl_median_s=_quantile(delays[1], 0.5),
        lost=len(versions.keys() - ours.keys()),
        twice=int(graphql["twice"]),
        rate_per_s=len(versions) / (max(versions.values()) - min(versions.values())),
        foreign=foreign,
        cpu_ms=cpu_ms,
    )


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


@contextmanager
def _role(role: str, total: int, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """One of the three processes, ready."""
    process = subprocess.Popen(
        [sys.executable, __file__, role, str(total)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the process for {role} did not get ready")
        yield process
    finally:
        process.kill()
        process.communicate()


def _told(process: subprocess.Popen[str], patience_s: float) -> dict[str, Any]:
    """What a process says at its end; it is told when to give up."""
    out, _ = process.communicate(f"{patience_s}\n", timeout=patience_s + 30)
    told: dict[str, Any] = json.loads(out)
    return told


def _access(plane: ControlPlane) -> list[str]:
    context = ["--kubeconfig", str(plane.kubeconfig), "--context", plane.context()]
    return [str(plane.binaries.path(KUBECTL)), *context]


def _kubectl(plane: ControlPlane, *words: str, stdin: str) -> None:
    subprocess.run(
        [*_access(plane), *words], input=stdin, text=True, check=True, stdout=subprocess.DEVNULL
    )


def _object(number: int) -> str:
    return f"object-{number:03}"


# What follows runs in processes of its own.


class Seen:
    """When each resourceVersion came."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._at: dict[str, float] = {}
        self._twice = 0

    def note(self, version: str) -> bool:
        """Stamp one; whether that was the last."""
        if version in self._at:
            self._twice += 1
        else:
            self._at[version] = time.monotonic()
        return len(self._at) >= self._total

    def tell(self) -> None:
        """Say it all."""
        print(json.dumps({"seen": [self._at], "twice": self._twice}), flush=True)


async def change(total: int) -> None:
    """Change objects in turn at the rate, whatever the answers do; say when each was sent."""
    import aiohttp  # cheaper than our own client: it competes for the CPU with what it loads

    trust = ssl.create_default_context(cafile=os.environ["BENCH_CA"])
    headers = {
        "authorization": f"Bearer {os.environ['BENCH_TOKEN']}",
        "content-type": "application/merge-patch+json",
    }
    base = f"{os.environ['BENCH_URL']}/api/v1/namespaces/{NAMESPACE}/configmaps"
    sent: dict[str, float] = {}
    pool = aiohttp.TCPConnector(ssl=trust, limit=32)
    async with aiohttp.ClientSession(headers=headers, connector=pool) as client:

        async def patch(number: int) -> None:
            mark = f"{os.environ['BENCH_ROUND']}-{number}"
            body = json.dumps({"metadata": {"annotations": {"mark": mark}}})
            at = time.monotonic()
            address = f"{base}/{_object(number % OBJECTS)}"
            async with client.patch(address, data=body, raise_for_status=True) as answer:
                sent[(await answer.json())["metadata"]["resourceVersion"]] = at

        await patch(total)  # opens a connection; not counted
        sent.clear()
        print("ready", flush=True)
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(total):
                await asyncio.sleep(begun + number / RATE_PER_S - time.monotonic())
                group.create_task(patch(number))
    print(json.dumps({"seen": [sent]}), flush=True)


async def follow_graphql(total: int) -> None:
    """Stamp what a subscription tells."""
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    address = os.environ["BENCH_SERVER"].replace("http", "ws", 1) + "/api/graphql"
    headers = {"Authorization": f"Bearer {os.environ['BENCH_SERVER_TOKEN']}"}
    payload = {"query": CHANGES, "variables": {"after": int(os.environ["BENCH_AFTER"])}}
    async with connect(
        address,
        additional_headers=headers,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        proxy=None,
        max_queue=None,
    ) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        await asyncio.sleep(1.0)
        print("ready", flush=True)
        seen = Seen(total)
        with_end = asyncio.create_task(_stamp(socket, seen))
        patience = asyncio.create_task(_give_up())
        await asyncio.wait({with_end, patience}, return_when=asyncio.FIRST_COMPLETED)
        seen.tell()
        os._exit(0)


async def _stamp(socket: Any, seen: Seen) -> None:
    async for message in socket:
        document = json.loads(message)
        if document["type"] == "next":
            change_told = document["payload"]["data"]["discoveryChanges"]
            if seen.note(change_told["resourceVersion"]):
                return


async def _give_up() -> None:
    patience_s = await asyncio.to_thread(sys.stdin.readline)
    await asyncio.sleep(float(patience_s))


async def follow_kubectl(total: int) -> None:
    """Stamp what `kubectl get -w` prints."""
    form = r'jsonpath={.metadata.resourceVersion}{"\n"}'
    words = [*json.loads(os.environ["BENCH_KUBECTL"]), "--watch-only", "-o", form]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await asyncio.sleep(2.0)  # it says nothing before the first change
    print("ready", flush=True)
    seen = Seen(total)
    reading = asyncio.create_task(_stamp_lines(process.stdout, seen))
    patience = asyncio.create_task(_give_up())
    await asyncio.wait({reading, patience}, return_when=asyncio.FIRST_COMPLETED)
    process.kill()
    await process.wait()
    seen.tell()
    os._exit(0)


async def _stamp_lines(lines: asyncio.StreamReader, seen: Seen) -> None:
    async for line in lines:
        if seen.note(line.decode().strip()):
            return


ROLES = {"changes": change, "graphql": follow_graphql, "kubectl": follow_kubectl}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(ROLES[sys.argv[1]](int(sys.argv[2])))
    else:
        main()
