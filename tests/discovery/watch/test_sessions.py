"""Logs and shells as a plain NATS client has them, of a pod whose kubelet kwok plays."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest

from discovery.watch.support import CLUSTER, bus_of, eventually, running
from discovery.watch.test_wire import ask, heard
from fixtures.nats import NatsServer
from fixtures.waiting import until
from kube.conftest import client_of
from kube.kubelet import running_pod
from kube.rigged import hangs, rigged
from meshery.discovery.watch.cluster import ClusterWatch
from meshery.discovery.watch.meshsync import MeshSyncFace
from meshery.discovery.watch.publisher import Publisher
from meshery.discovery.watch.sessions import LOG_BYTES, MOST, Sessions, pieces
from meshery.kube.client import KubeClient
from meshery.kube.local.control_plane import ControlPlane


@dataclass
class Face:
    """A face that answers, and the pod it may be asked about."""

    pod: str
    server: NatsServer
    log: Path

    async def ask(self, entity: str, **fields: Any) -> None:
        asked = {"id": "s1", "name": self.pod, "namespace": "default", "container": "main"}
        await ask(self.server, entity, {"0": asked | fields})


@pytest.fixture
async def face(
    second_kube: ControlPlane, nats_server: NatsServer, tmp_path: Path
) -> AsyncIterator[Face]:
    async with (
        client_of(second_kube) as client,
        running_pod(second_kube, client, tmp_path) as pod,
        bus_of(nats_server) as bus,
    ):
        watch = ClusterWatch(client, CLUSTER, Publisher(bus))
        async with running(MeshSyncFace(watch, client, bus).run()):
            await nats_ready(nats_server)
            yield Face(pod, nats_server, tmp_path / "web.log")


async def nats_ready(server: NatsServer) -> None:
    """Wait until requests are heard: a request that nobody hears is lost."""
    async with heard(server, "meshsync-meta") as versions:

        async def is_answered() -> bool:
            await ask(server, "meshsync-meta")
            return bool(versions)

        await until(is_answered, what="an answer")


@asynccontextmanager
async def typing(server: NatsServer, session: str) -> AsyncIterator[Any]:
    client = await nats.connect(server.url, token=server.token)

    async def say(text: str) -> None:
        message = {"ObjectType": "exec-input", "EventType": "", "Request": None, "Object": text}
        await client.publish(f"input.{session}", json.dumps(message).encode())
        await client.flush()

    try:
        yield say
    finally:
        await client.close()


def text_of(messages: list[dict[str, Any]]) -> str:
    return "".join(each["Object"]["data"] for each in messages)


async def test_a_log_is_streamed_until_it_is_stopped(face: Face) -> None:
    async with heard(face.server, "meshery.meshsync.logs") as told:
        await face.ask("log-stream", follow=True, taillines=2)
        await eventually(lambda: "line 2\n" in text_of(told))
        assert "line 0" not in text_of(told)
        first = told[0]
        assert (first["ObjectType"], first["EventType"], first["Request"]) == (
            "log-stream",
            "ADDED",
            None,
        )
        assert {key: first["Object"][key] for key in ("id", "primary", "secondary")} == {
            "id": "s1",
            "primary": face.pod,
            "secondary": "main",
        }
        assert first["Object"]["data"].startswith("2026-01-01T00:00:00")
        await face.ask("log-stream", follow=True)  # runs already: nothing is told twice
        say(face, "ä" * 3000)
        await eventually(lambda: text_of(told).count("ä") == 3000)
        sizes = [len(each["Object"]["data"].encode()) for each in told]
        assert max(sizes) <= LOG_BYTES
        assert text_of(told).count("line 1") == 1
        await face.ask("log-stream", stop=True)
        async with heard(face.server, "active_sessions.exec") as sessions:
            await face.ask("active-exec")
            await eventually(lambda: bool(sessions) and sessions[-1]["Object"] == [])
        say(face, "after")
        await face.ask("log-stream", taillines=1, id="s2")
        await eventually(lambda: "after" in text_of(told))
        assert [each["Object"]["id"] for each in told if "after" in each["Object"]["data"]] == [
            "s2"
        ]


def say(face: Face, text: str) -> None:
    with face.log.open("a") as log:
        log.write(f"2026-01-01T00:00:01.000000000Z stdout F {text}\n")


async def test_a_log_that_is_not_there_is_told(face: Face) -> None:
    async with heard(face.server, "meshery.meshsync.logs") as told:
        await face.ask("log-stream", name="none")
        await eventually(lambda: bool(told))
        assert (told[0]["ObjectType"], told[0]["EventType"]) == ("error", "ERROR")
        assert "none" in told[0]["Object"]["data"]


async def test_a_shell_is_typed_into_and_closed(face: Face) -> None:
    session = f"exec.default.{face.pod}.main.s1"
    async with (
        heard(face.server, session) as printed,
        heard(face.server, "active_sessions.exec") as sessions,
        typing(face.server, session) as type_in,
    ):
        await face.ask("exec-request")
        await face.ask("active-exec")
        await eventually(lambda: any(each["Object"] == [session] for each in sessions))
        assert sessions[-1]["ObjectType"] == "active-exec"
        await eventually(lambda: bool(printed), what="a prompt")
        await type_in("echo one-$((40 + 2))")
        await eventually(lambda: "one-42" in shown(printed))
        assert {each["ObjectType"] for each in printed} == {"exec-output"}
        await face.ask("exec-request", stop=True)
        await eventually(lambda: sessions[-1]["Object"] == [], timeout_s=30)


async def test_a_shell_ends_by_itself_and_an_unknown_pod_is_told(face: Face) -> None:
    session = f"exec.default.{face.pod}.main.s1"
    async with heard(face.server, session) as printed, typing(face.server, session) as type_in:
        await face.ask("exec-request")
        await eventually(lambda: bool(printed), what="a prompt")
        await type_in("exit")
        await face.ask("exec-request", id="s1")
        async with heard(face.server, "exec.default.none.main.s1") as errors:
            await face.ask("exec-request", name="none")
            await eventually(lambda: bool(errors))
            assert errors[0]["ObjectType"] == "error"


async def test_a_session_that_is_refused_is_told_to_who_asked(nats_server: NatsServer) -> None:
    wanted = {
        str(number): {"name": f"p{number}", "namespace": "n", "container": "c", "id": "s"}
        for number in range(MOST + 1)
    }
    last = wanted[str(MOST)]
    async with (
        rigged(hangs) as cluster,
        KubeClient(cluster.access()) as client,
        bus_of(nats_server) as bus,
        heard(nats_server, "meshery.meshsync.logs") as logs,
        heard(nats_server, "exec.n.*.c.s") as shells,
        heard(nats_server, "active_sessions.exec") as nameless,
    ):
        sessions = Sessions(client, bus)
        try:
            await sessions.log_stream(wanted)
            await sessions.exec_request({"0": {**last, "name": "*"}, "1": last})
            await eventually(lambda: bool(logs) and bool(shells) and bool(nameless))
        finally:
            await sessions.close()
    assert [each["Object"]["primary"] for each in logs] == [last["name"]]
    assert logs[0]["ObjectType"] == shells[0]["ObjectType"] == nameless[0]["ObjectType"] == "error"
    assert "sessions run already" in shells[0]["Object"]
    assert "cannot be a session" in nameless[0]["Object"]


async def test_requests_that_make_no_sense_hurt_nobody(face: Face) -> None:
    payloads: list[Any] = [None, [], "x", {"0": {"id": 7}}, {"0": {"name": "*", "namespace": ">"}}]
    for payload in payloads:
        for entity in ("log-stream", "exec-request"):
            await ask(face.server, entity, payload)
    await nats_ready(face.server)


def shown(messages: list[dict[str, Any]]) -> str:
    return "".join(each["Object"] for each in messages)


@pytest.mark.parametrize("text", ["", "abc", "äöü" * 7, "a" + "€" * 9, "x" * 40])
def test_pieces_cut_no_letter(text: str) -> None:
    found = list(pieces(text.encode(), 8))
    assert "".join(found) == text
    assert all(len(piece.encode()) <= 8 for piece in found)


def test_what_is_no_text_is_cut_all_the_same() -> None:
    assert len("".join(pieces(b"\x80" * 100, 8))) == 100
