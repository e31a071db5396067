"""Connecting clusters: every context is told what became of it, and none is kept twice."""

import asyncio
import dataclasses
import json
from pathlib import Path

import msgspec
import pytest

from connections.kubeconfigs import (
    NOWHERE,
    access_of,
    encoded,
    hostile,
    merged,
    nowhere,
    program,
    text_of,
)
from fixtures.kube import kubectl
from fixtures.waiting import until
from kube.rigged import Authority, RiggedServer, authority, hangs, refuses, rigged, says
from meshery.connections.keepers import KEEPERS, ask_all
from meshery.connections.model import ConnectionState, Outcome
from meshery.connections.service import ConnectionService
from meshery.connections.tables import connection as table
from meshery.core.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from meshery.core.page import PageQuery
from meshery.core.settings import KubernetesSettings
from meshery.kube.access import Access, Credentials
from meshery.kube.local.control_plane import ControlPlane
from meshery.operations.events import EventFilter
from meshery.operations.keepers import run_keepers
from meshery.operations.platform import Platform

REACHABLE, UNREACHABLE = ConnectionState.REACHABLE, ConnectionState.UNREACHABLE
UNAUTHORISED = ConnectionState.UNAUTHORISED
ACTOR = "ann"


async def connect(service: ConnectionService, *accesses: Access) -> list[Outcome]:
    return await service.connect(text_of(*accesses), actor=ACTOR)


async def told(platform: Platform) -> list[str]:
    page = await platform.events.list(only=EventFilter(categories=("connections",)))
    return [event.text for event in page.items]


async def cluster_id_of(plane: ControlPlane) -> str:
    found = json.loads(await kubectl(plane, "get", "namespace", "kube-system", "-o", "json"))
    return str(found["metadata"]["uid"])


async def test_a_cluster_is_known_by_its_system_namespace(
    service: ConnectionService, platform: Platform, kube: ControlPlane
) -> None:
    (outcome,) = await connect(service, access_of(kube))
    assert (outcome.outcome, outcome.updated, outcome.error) == ("connected", False, None)
    shown = outcome.connection
    assert shown is not None
    assert shown.cluster_id == await cluster_id_of(kube)
    assert (shown.name, shown.server, shown.state) == (kube.context(), kube.url, REACHABLE)
    assert (shown.kind, shown.login, shown.namespace) == ("kubernetes", "token", "default")
    assert shown.version.startswith("v1.")
    assert shown.checked_at is not None
    assert await service.get(shown.id) == shown
    assert await told(platform) == [f"Cluster {kube.context()}: connected"]
    async with service.client(shown.id) as client:
        assert (await client.get("/api/v1/namespaces/default")).status == 200


async def test_the_same_cluster_is_not_kept_twice(
    service: ConnectionService, kube: ControlPlane
) -> None:
    (first,) = await connect(service, access_of(kube, name="mine"))
    (second,) = await connect(service, access_of(kube, "viewer", name="mine"))
    assert first.connection is not None
    assert second.connection is not None
    # A viewer may not read the namespace, so the address tells that it is the same one.
    assert second.connection.id == first.connection.id
    assert second.updated
    assert "before" in second.words
    elsewhere = access_of(kube, name="mine")
    other_address = elsewhere.server.replace("127.0.0.1", "localhost")
    moved = msgspec.structs.replace(elsewhere, server=other_address, tls_server_name="127.0.0.1")
    (third,) = await connect(service, moved)
    assert third.connection is not None
    assert third.connection.id == first.connection.id
    assert third.connection.server == other_address
    (other,) = await connect(service, access_of(kube, name="again"))
    assert not other.updated, "another context of it is another connection"
    assert len(await service.all()) == 2


async def test_many_at_once_are_kept_once(service: ConnectionService, kube: ControlPlane) -> None:
    answers = await asyncio.gather(*(connect(service, access_of(kube)) for _ in range(5)))
    assert len({each[0].connection.id for each in answers if each[0].connection}) == 1
    assert sorted(each[0].updated for each in answers) == [False, True, True, True, True]


async def test_two_clusters(
    service: ConnectionService, kube: ControlPlane, second_kube: ControlPlane
) -> None:
    outcomes = await connect(service, access_of(kube), access_of(second_kube))
    assert [each.outcome for each in outcomes] == ["connected", "connected"]
    ids = [each.connection.cluster_id for each in outcomes if each.connection]
    assert ids == [await cluster_id_of(kube), await cluster_id_of(second_kube)]
    assert len(set(ids)) == 2


async def test_one_broken_context_among_good_ones(
    service: ConnectionService, kube: ControlPlane, tmp_path: Path
) -> None:
    good = access_of(kube)
    config = json.loads(text_of(good, nowhere()))
    for part in (
        hostile("runs", program()),
        hostile("reads", {"tokenFile": "/etc/hostname"}),
        hostile("garbled", {"client-certificate-data": encoded("no PEM")}),
    ):
        for section, entries in part.items():
            config[section] += entries
    config["contexts"].append({"name": "dangling", "context": {"cluster": "none"}})
    names = [good.name, "away", "runs", "reads", "garbled", "dangling", "ghost"]
    outcomes = await service.connect(json.dumps(config), contexts=names, actor=ACTOR)
    assert {each.context: each.outcome for each in outcomes} == {
        good.name: "connected",
        "away": "unreachable",
        **dict.fromkeys(names[2:], "refused"),
    }
    assert all(each.words for each in outcomes)
    for each in outcomes[2:]:
        assert each.error is not None
        assert each.error["remedy"], each.context
    assert outcomes[2].error is not None
    assert outcomes[2].error["code"] == "meshery.kubeconfig.refused"
    assert "ServiceAccount" in outcomes[2].error["remedy"]
    assert [each.name for each in await service.all()] == sorted([good.name, "away"])


async def test_a_cluster_that_never_answers_keeps_no_other_waiting(
    single: Platform, kube: ControlPlane
) -> None:
    service = ConnectionService(single)
    async with rigged(hangs) as silent:
        mute = msgspec.structs.replace(silent.access(), name="mute")
        (before,) = await connect(service, access_of(kube, name="well"))
        waiting = asyncio.create_task(connect(service, mute))
        assert before.connection is not None
        assert (await service.ping(before.connection.id)).state is REACHABLE
        await until(lambda: _was_asked(silent))
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait({waiting})
    assert [each.name for each in await service.all()] == ["well"]


async def _was_asked(server: RiggedServer) -> bool:
    return bool(server.seen)


async def test_a_cluster_that_is_away_is_kept_and_told_when_it_comes(
    service: ConnectionService, platform: Platform, kube: ControlPlane
) -> None:
    real = access_of(kube, name="late")
    (outcome,) = await connect(service, msgspec.structs.replace(real, server=NOWHERE))
    shown = outcome.connection
    assert shown is not None
    assert (outcome.outcome, shown.state, shown.cluster_id) == ("unreachable", UNREACHABLE, "")
    assert "does not answer" in shown.reason
    assert shown.remedy
    (outcome,) = await connect(service, real)  # its address was wrong
    assert outcome.connection is not None
    assert not outcome.updated
    await service.disconnect(shown.id, actor=ACTOR)
    with pytest.raises(NotFoundError):
        await service.get(shown.id)
    assert (await told(platform))[0] == "Cluster late was disconnected"


async def test_changes_become_events(single: Platform, second_kube: ControlPlane) -> None:
    service = ConnectionService(single)
    (outcome,) = await connect(service, access_of(second_kube, name="flaky"))
    assert outcome.connection is not None
    await second_kube.kill_api_server()
    try:
        await ask_all(single)
        await ask_all(single)
        away = await service.get(outcome.connection.id)
        assert away.state is UNREACHABLE
        assert away.cluster_id == outcome.connection.cluster_id
        assert away.version
    finally:
        await second_kube.start_api_server()
    await ask_all(single)
    assert (await service.get(away.id)).state is REACHABLE
    texts = await told(single)
    assert texts[0] == "Cluster flaky is reachable"
    assert texts[1].startswith("Cluster flaky is unreachable: ")
    assert len(texts) == 3, "only changes are told"


async def test_the_keeper_asks_again_and_again(single: Platform) -> None:
    version, space = says(200, {"gitVersion": "v1.30.0"}), says(200, {"metadata": {"uid": "one"}})
    often = _with(
        single,
        settings=msgspec.structs.replace(
            single.settings, kubernetes=KubernetesSettings(check_every="1s")
        ),
    )
    service = ConnectionService(often)
    async with rigged(version, space) as server:
        (outcome,) = await connect(service, server.access())
        shown = outcome.connection
        assert shown is not None
        server.answers = [refuses(401, "Unauthorized", "Unauthorized")]
        keeping = asyncio.create_task(
            run_keepers(often, where="worker", owner="here", keepers=KEEPERS)
        )
        try:

            async def is_told() -> bool:
                return (await service.get(shown.id)).state is UNAUTHORISED

            await until(is_told)
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})


async def test_a_wrong_token(service: ConnectionService, kube: ControlPlane) -> None:
    (outcome,) = await connect(service, access_of(kube, token="wrong"))
    shown = outcome.connection
    assert shown is not None
    assert (outcome.outcome, shown.state) == ("unreachable", UNAUTHORISED)
    assert shown.remedy
    (outcome,) = await connect(service, access_of(kube))
    assert outcome.connection is not None
    assert (outcome.updated, outcome.connection.id) == (True, shown.id)
    assert outcome.connection.state is REACHABLE


async def test_no_credentials_at_all(single: Platform, kube: ControlPlane) -> None:
    bare = msgspec.structs.replace(access_of(kube), credentials=Credentials())
    (outcome,) = await connect(ConnectionService(single), bare)
    assert outcome.connection is not None
    assert outcome.connection.state is UNAUTHORISED
    assert outcome.connection.login == "none"


async def test_an_identity_with_few_rights_is_connected_all_the_same(
    single: Platform, kube: ControlPlane
) -> None:
    (outcome,) = await connect(ConnectionService(single), access_of(kube, "viewer"))
    shown = outcome.connection
    assert shown is not None
    assert (shown.state, shown.cluster_id) == (REACHABLE, "")
    assert "kube-system" in shown.reason


@pytest.mark.parametrize("days", [1, -1])
async def test_certificates_that_cannot_be_trusted(
    single: Platform, kube: ControlPlane, tmp_path: Path, days: int
) -> None:
    service, issuer = ConnectionService(single), authority()
    unknown = msgspec.structs.replace(access_of(kube), ca=issuer.pem)
    (outcome,) = await connect(service, unknown)
    assert outcome.connection is not None
    assert "unknown authority" in outcome.connection.reason
    tls = issuer.server_context(tmp_path, days=days)
    async with rigged(refuses(403, "Forbidden", "no"), tls=tls) as server:
        (outcome,) = await connect(service, server.access(Credentials(token="t"), ca=issuer.pem))
    assert outcome.connection is not None
    assert ("has expired" in outcome.connection.reason) == (days < 0)


async def test_an_expired_client_certificate(single: Platform, tmp_path: Path) -> None:
    issuer: Authority = authority()
    certificate, key = issuer.issue("ann", days=-1)
    tls = issuer.server_context(tmp_path)
    async with rigged(refuses(401, "Unauthorized", "Unauthorized"), tls=tls) as server:
        access = server.access(Credentials(certificate=certificate, key=key), ca=issuer.pem)
        (outcome,) = await connect(ConnectionService(single), access)
    assert outcome.connection is not None
    assert outcome.connection.state is UNAUTHORISED
    assert "expired" in outcome.connection.reason
    assert outcome.connection.login == "certificate"


async def test_certificates_that_are_none_are_refused(single: Platform) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n"
    service = ConnectionService(single)
    (outcome,) = await connect(service, msgspec.structs.replace(nowhere(), ca=broken))
    assert outcome.outcome == "refused"
    assert outcome.error is not None
    assert "certificates" in outcome.error["what"]
    assert await service.all() == []


async def test_what_answers_is_no_cluster(single: Platform) -> None:
    async with rigged(says(200, "<html>log in</html>")) as server:
        (outcome,) = await connect(ConnectionService(single), server.access())
    assert outcome.connection is not None
    assert outcome.connection.state is UNREACHABLE
    assert "not what an API server says" in outcome.connection.reason


async def test_another_cluster_at_the_same_address_is_told(single: Platform) -> None:
    version = says(200, {"gitVersion": "v1.30.0"})
    first, second = (says(200, {"metadata": {"uid": uid}}) for uid in ("one", "two"))
    service = ConnectionService(single)
    async with rigged(version, first, version, second) as server:
        access = server.access(Credentials(token="t"))
        (outcome,) = await connect(service, access)
        assert outcome.connection is not None
        after = await service.ping(outcome.connection.id)
    assert (after.state, after.cluster_id) == (UNREACHABLE, "one")
    assert "another cluster" in after.reason


async def test_a_cluster_found_out_to_be_connected_already_is_told(single: Platform) -> None:
    version, space = says(200, {"gitVersion": "v1.30.0"}), says(200, {"metadata": {"uid": "one"}})
    service = ConnectionService(single)
    async with (
        rigged(version, space) as here,
        rigged(refuses(500, "x", "starts"), version) as there,
    ):
        (known,) = await connect(service, here.access())
        (away,) = await connect(service, there.access())
        assert known.connection is not None
        assert away.connection is not None
        assert away.connection.id != known.connection.id
        there.answers = [version, space]
        after = await service.ping(away.connection.id)
    assert (after.cluster_id, after.state) == ("", REACHABLE)
    assert "connected already" in after.reason


@pytest.mark.parametrize(
    "text",
    [
        "- a list",
        "contexts: 7",
        "a: [",
        "kind: Pod",
        "a: &a [1,1,1]\n" + "".join(f"b{n}: *a\n" for n in range(70)),
        "a0: &a0 [1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 8)),
        "[" * 100,
        "x" * 1_048_577,
    ],
    ids=["list", "type", "cut", "kind", "aliases", "bomb", "deep", "huge"],
)
async def test_texts_that_are_refused_whole(single: Platform, text: str) -> None:
    service = ConnectionService(single)
    with pytest.raises(InvalidInputError):
        await service.connect(text, actor=ACTOR)
    assert await service.all() == []


async def test_a_program_runs_only_when_the_server_allows_it(
    single: Platform, kube: ControlPlane, tmp_path: Path
) -> None:
    mark, plugin = tmp_path / "mark", tmp_path / "plugin"
    token = kube.token()
    plugin.write_text(
        f"#!/bin/sh\ntouch {mark}\n"
        """echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","""
        f""""status":{{"token":"{token}"}}}}'\n"""
    )
    plugin.chmod(0o755)
    access = access_of(kube)
    text = merged(
        hostile(
            "runs",
            program(str(plugin)),
            **{"server": kube.url, "certificate-authority-data": encoded(access.ca)},
        )
    )
    service = ConnectionService(single)
    (outcome,) = await service.connect(text, actor=ACTOR)
    assert outcome.outcome == "refused"
    assert not mark.exists()
    (preview,) = await service.preview(text)
    assert preview.error is not None
    allowing = msgspec.structs.replace(
        single.settings, kubernetes=KubernetesSettings(exec_commands=(str(plugin),))
    )
    permitted = ConnectionService(_with(single, settings=allowing))
    (outcome,) = await permitted.connect(text, actor=ACTOR)
    assert outcome.connection is not None
    assert (outcome.connection.state, outcome.connection.login) == (REACHABLE, "exec")
    assert mark.exists()


async def test_secrets_are_nowhere_in_clear(
    service: ConnectionService,
    platform: Platform,
    kube: ControlPlane,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets = [kube.token(), "s3cr3t-password", "wr0ng-token"]
    basic = msgspec.structs.replace(
        access_of(kube, name="basic"),
        credentials=Credentials(username="ann", password=secrets[1]),
    )
    outcomes = await connect(
        service, access_of(kube), basic, access_of(kube, name="wrong", token=secrets[2])
    )
    await ask_all(platform)
    events = await platform.events.list()
    rows = await platform.database.fetch(table.select())
    assert len(rows) == 3
    in_address = merged(hostile("open", {}, server=f"https://ann:{secrets[1]}@127.0.0.1:9"))
    outcomes += await service.connect(in_address, actor=ACTOR)
    assert outcomes[-1].outcome == "refused"
    assert (await service.preview(in_address))[0].error is not None
    said = repr((outcomes, events, rows, service)) + "".join(capfd.readouterr()) + caplog.text
    said += msgspec.json.encode([outcomes, await service.list()]).decode()
    home = platform.settings.home_path
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in kept
        assert all(secret.encode() not in row.access for row in rows)


async def test_a_login_whose_key_is_gone_is_told(single: Platform, kube: ControlPlane) -> None:
    service = ConnectionService(single)
    (outcome,) = await connect(service, access_of(kube))
    assert outcome.connection is not None
    renewed = _with(single, keys=single.keys.rotate())
    await ConnectionService(renewed).ping(outcome.connection.id)
    (row,) = await single.database.fetch(table.select())
    assert renewed.keys.is_current(row.access), "a look seals it anew"
    after = await service.ping(outcome.connection.id)  # the older ring lacks the new key
    assert after.state is ConnectionState.UNKNOWN
    assert "key" in after.reason


async def test_lists_page_order_and_search(service: ConnectionService) -> None:
    await connect(service, *(nowhere(f"cluster-{n}") for n in range(5)))
    page = await service.list(PageQuery(page=2, page_size=2, order="-name"))
    assert [each.name for each in page.items] == ["cluster-2", "cluster-1"]
    assert page.total == 5
    found = await service.list(PageQuery(order="name", search="ster-3"))
    assert [each.name for each in found.items] == ["cluster-3"]


async def test_outside_a_pod_there_is_no_own_cluster(single: Platform) -> None:
    with pytest.raises(UnavailableError, match="pod"):
        await ConnectionService(single).connect_own_pod(actor=ACTOR)


def _with(platform: Platform, **changes: object) -> Platform:
    return dataclasses.replace(platform, **changes)  # type: ignore[arg-type]


async def test_a_cluster_with_our_operator_is_not_just_forgotten(
    service: ConnectionService, kube: ControlPlane
) -> None:
    (outcome,) = await connect(service, access_of(kube, name="held"))
    assert outcome.connection is not None
    held = outcome.connection.id
    assert outcome.connection.operator == ""
    await service.set_operator(held, "meshery")
    (again,) = await connect(service, access_of(kube, name="held"))
    assert again.connection is not None
    assert again.connection.operator == "meshery", "a new login changes nothing of it"
    with pytest.raises(ConflictError, match="is in held still"):
        await service.disconnect(held, actor=ACTOR)
    await service.disconnect(held, actor=ACTOR, leave_operator=True)
    assert await service.all() == []


async def test_an_operator_that_is_not_ours_is_not_taken_away(
    service: ConnectionService, kube: ControlPlane
) -> None:
    (outcome,) = await connect(service, access_of(kube))
    assert outcome.connection
    with pytest.raises(ConflictError, match="no operator of ours") as caught:
        await service.remove_operator(outcome.connection.id, actor=ACTOR)
    assert caught.value.specific_code == "meshery.operator.absent"
