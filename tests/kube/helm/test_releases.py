"""Real releases on the real control plane: made, changed, taken back, removed; killed midway."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fixtures.kube import KubeNamespace, config_map
from fixtures.waiting import until
from kube.conftest import client_of
from kube.helm.samples import chart, children, copied
from meshery.core.errors import (
    ConflictError,
    DeadlineError,
    ForbiddenError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)
from meshery.kube.access import Access, Credentials
from meshery.kube.helm.chart import read_chart
from meshery.kube.helm.cluster import capabilities_of
from meshery.kube.helm.faults import FOREIGN, PENDING
from meshery.kube.helm.helm import Helm
from meshery.kube.kinds import KindCache
from meshery.kube.kubeconfig import OWN, read_kubeconfigs

WEAVER = chart("weaver")
STUCK = {"prepareOn": {"no": "such-node"}}
"""Values with which the hook's Job finds no node, and so never ends."""


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
async def helm(kube_namespace: KubeNamespace, heard: list[str]) -> AsyncIterator[Helm]:
    async with Helm(
        access=access_of(kube_namespace), namespace=kube_namespace.name, heard=heard.append
    ) as opened:
        yield opened


def access_of(namespace: KubeNamespace) -> Access:
    config = read_kubeconfigs([namespace.plane.kubeconfig])
    return config.access(namespace.plane.context(), trust=OWN)


async def test_a_release_goes_through_its_life(kube_namespace: KubeNamespace, python: str) -> None:
    helm = Helm(access=access_of(kube_namespace), namespace=kube_namespace.name, python=python)
    planned = await helm.install(WEAVER, release="w", dry_run=True)
    assert (planned.status, len(planned.objects)) == ("pending-install", 2)
    assert await helm.history("w") == ()
    made = await helm.install(WEAVER, release="w", values={"replicas": 2}, labels={"by": "test"})
    assert (made.status, made.revision, made.values) == ("deployed", 1, {"replicas": 2})
    assert made.hooks[0].phase == "Succeeded"
    assert (await kube_namespace.get("deployment", "w"))["spec"]["replicas"] == 2

    changed = await helm.upgrade(WEAVER, release="w", values={"pattern": "twill"})
    # Only what was given holds: the two replicas of the first revision are not kept.
    assert (await kube_namespace.get("deployment", "w"))["spec"]["replicas"] == 1
    assert changed.digest != made.digest
    assert (await helm.values("w", computed=True))["port"] == 8080

    back = await helm.rollback("w")
    assert (back.revision, back.digest, back.values) == (3, made.digest, made.values)
    assert [each.status for each in await helm.history("w")] == [
        "superseded",
        "superseded",
        "deployed",
    ]
    (listed,) = await helm.list()
    assert (listed.name, listed.chart, listed.chart_version) == ("w", "weaver", "1.0.0")
    assert (await helm.get("w", revision=2)).digest == changed.digest

    removed = await helm.uninstall("w")
    assert [each["kind"] for each in removed.kept] == ["Job"]  # hooks are left, and told
    assert await helm.list() == ()
    assert "job.batch/w-prepare" in await kube_namespace.kubectl("get", "job", "-o", "name")


async def test_what_helm_refuses_is_told_in_our_words(
    kube_namespace: KubeNamespace, python: str
) -> None:
    helm = Helm(access=access_of(kube_namespace), namespace=kube_namespace.name, python=python)
    quick = {"hook": False}
    with pytest.raises(NotFoundError) as missing:
        await helm.upgrade(WEAVER, release="w", values=quick)
    assert missing.value.specific_code == "meshery.helm.release"
    await kube_namespace.create(
        {**config_map("w-shuttle"), "metadata": {"name": "w-shuttle", "labels": {"a": "b"}}}
    )
    with pytest.raises(ConflictError) as foreign:
        await helm.install(WEAVER, release="w", values={**quick, "shuttle": {"enabled": True}})
    assert foreign.value.specific_code == FOREIGN
    assert "w-shuttle" in foreign.value.cause
    await helm.install(WEAVER, release="w", values=quick)
    with pytest.raises(ConflictError) as taken:
        await helm.install(WEAVER, release="w", values=quick)
    assert taken.value.specific_code == "meshery.helm.exists"
    with pytest.raises(InvalidInputError) as wrong:
        await helm.upgrade(WEAVER, release="w", values={**quick, "port": 0})
    assert [problem.path for problem in wrong.value.problems] == ["port"]
    with pytest.raises(NotFoundError) as revision:
        await helm.rollback("w", revision=9)
    assert revision.value.specific_code == "meshery.helm.revision"
    for name in ("Not_One", "--help", "x" * 54, ""):
        with pytest.raises(InvalidInputError, match="no name for a release"):
            await helm.install(WEAVER, release=name, values=quick)


async def test_fields_of_others_are_conflicts_unless_forced(
    helm: Helm, kube_namespace: KubeNamespace
) -> None:
    await helm.install(WEAVER, release="w", values={"hook": False})
    patch = (
        '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w"},"spec":{"replicas":3}}'
    )
    words = ("apply", "--server-side", "--field-manager=hand", "--force-conflicts", "-f", "-")
    await kube_namespace.kubectl(*words, stdin=patch)
    values = {"hook": False, "replicas": 2}
    with pytest.raises(ConflictError) as caught:
        await helm.upgrade(WEAVER, release="w", values=values)
    assert ".spec.replicas" in caught.value.cause
    assert (await helm.recovery("w")).status == "failed"
    made = await helm.upgrade(WEAVER, release="w", values=values, force_conflicts=True)
    assert made.status == "deployed"


async def test_a_hook_that_never_ends_runs_out_of_time_and_the_state_is_told(helm: Helm) -> None:
    with pytest.raises(DeadlineError) as caught:
        await helm.install(WEAVER, release="w", values=STUCK, timeout_s=1)
    assert "w-prepare" in caught.value.cause
    assert "revision 1 is failed" in caught.value.cause
    made = await helm.upgrade(WEAVER, release="w", values={"hook": False})
    assert (made.revision, made.status) == (2, "deployed")


async def test_templates_see_the_cluster_as_an_installation_does(
    helm: Helm, kube_namespace: KubeNamespace, tmp_path: Path
) -> None:
    folder = copied("weaver", tmp_path / "weaver")
    (folder / "templates" / "service.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata:\n"
        '  there: {{ (lookup "v1" "ConfigMap" .Release.Namespace "first").data.word }}\n'
        '  kind: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}\n'
    )
    await kube_namespace.create(config_map("first", word="weft"))
    async with client_of(kube_namespace.plane) as client:
        told = await capabilities_of(client, KindCache(client))
    found = await helm.render(
        read_chart(folder, source="", digest=""), release="w", capabilities=told
    )
    (seen,) = [each for each in found.objects if each["kind"] == "ConfigMap"]
    assert seen["data"] == {"there": "weft", "kind": "true"}
    deployment = next(each for each in found.objects if each["kind"] == "Deployment")
    version = deployment["metadata"]["annotations"]["weaver.example.org/kubernetes"]
    assert version == told.kubernetes.partition("+")[0]


async def test_cancelling_has_helm_mark_its_revision(helm: Helm, heard: list[str]) -> None:
    await helm.install(WEAVER, release="w", values={"hook": False})
    asked = asyncio.create_task(helm.upgrade(WEAVER, release="w", values=STUCK))
    await until(lambda: _is_at_hook(heard), what="the hook")
    assert "created Deployment w" in heard
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await helm.recovery("w")).status == "failed"


async def test_a_child_killed_at_its_first_installation_is_repaired_by_removing(
    helm: Helm, kube_namespace: KubeNamespace, heard: list[str]
) -> None:
    told = await _killed(
        asyncio.create_task(helm.install(WEAVER, release="w", values=STUCK)), heard
    )
    assert "pending-install" in told.cause
    with pytest.raises(ConflictError) as refused:
        await helm.upgrade(WEAVER, release="w", values={"hook": False})
    assert refused.value.specific_code == PENDING
    repaired = await helm.repair("w")
    assert (repaired.status, repaired.verb) == ("pending-install", "uninstall")
    assert (await helm.recovery("w")).status == "absent"
    made = await helm.install(WEAVER, release="w", values={"hook": False})
    assert made.status == "deployed"


async def test_a_child_killed_at_an_upgrade_is_repaired_by_going_back(
    helm: Helm, heard: list[str]
) -> None:
    first = await helm.install(WEAVER, release="w", values={"hook": False})
    told = await _killed(
        asyncio.create_task(helm.upgrade(WEAVER, release="w", values=STUCK)), heard
    )
    assert "revision 2 is pending-upgrade" in told.cause
    repaired = await helm.repair("w")
    assert (repaired.verb, repaired.revision) == ("rollback", 1)
    now = await helm.get("w")
    assert (now.revision, now.status, now.digest) == (3, "deployed", first.digest)
    assert not (await helm.repair("w")).is_needed


async def test_a_failed_install_leaves_definitions_only_when_asked(
    kube_namespace: KubeNamespace,
) -> None:
    access = access_of(kube_namespace)
    async with Helm(access=access, namespace=f"{kube_namespace.name}-missing") as helm:
        with pytest.raises(NotFoundError) as caught:
            await helm.install(WEAVER, release="w", values={"hook": False})
    assert caught.value.specific_code == "meshery.helm.namespace"
    assert "weaver" not in await kube_namespace.kubectl("get", "crd", "-o", "name")
    async with Helm(access=access, namespace=kube_namespace.name) as helm:
        await helm.install(WEAVER, release="w", values={"hook": False}, crds=True)
        await helm.uninstall("w")
    assert "threads.weaver" in await kube_namespace.kubectl("get", "crd", "-o", "name")
    await kube_namespace.kubectl("delete", "crd", "threads.weaver.example.org")


async def test_logins_that_are_refused_or_lead_nowhere(kube_namespace: KubeNamespace) -> None:
    access = access_of(kube_namespace)
    own = access.credentials
    bad = [
        (Credentials(token="nobody"), access.server, NotAuthenticatedError),
        (Credentials(token=own.token, act_as="nobody"), access.server, ForbiddenError),
        (own, "https://127.0.0.1:1", UnavailableError),
    ]
    for credentials, server, expected in bad:
        tried = Access(name="x", server=server, ca=access.ca, credentials=credentials)
        async with Helm(access=tried, namespace=kube_namespace.name) as helm:
            with pytest.raises(expected):
                await helm.list()


async def test_settings_of_whoever_started_us_lead_nowhere_else(
    helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "KUBECONFIG": "/nowhere",
        "HELM_NAMESPACE": "elsewhere",
        "HELM_KUBEAPISERVER": "https://127.0.0.1:1",
        "HELM_KUBETOKEN": "nobody",
        "HELM_DRIVER": "memory",
    }.items():
        monkeypatch.setenv(name, value)
    assert (await helm.install(WEAVER, release="w", values={"hook": False})).revision == 1
    assert [each.name for each in await helm.list()] == ["w"]


async def test_a_chart_for_other_versions_of_kubernetes_is_refused(
    helm: Helm, tmp_path: Path
) -> None:
    (tmp_path / "Chart.yaml").write_text(
        'apiVersion: v2\nname: old\nversion: 1.0.0\nkubeVersion: "<1.20.0"\n'
    )
    with pytest.raises(UnsupportedError) as caught:
        await helm.install(read_chart(tmp_path, source="old", digest=""), release="old")
    assert "<1.20.0" in caught.value.cause


async def test_the_login_is_seen_by_nobody_else(helm: Helm, heard: list[str]) -> None:
    asked = asyncio.create_task(helm.install(WEAVER, release="w", values=STUCK))
    await until(lambda: _is_at_hook(heard), what="the hook")
    (child,) = children()
    token = helm._access.credentials.token.encode() if helm._access else b"?"
    for part in ("cmdline", "environ"):
        assert token not in (Path("/proc") / str(child) / part).read_bytes()
    folder = (Path("/proc") / str(child) / "cwd").resolve()
    for path in folder.rglob("*"):
        assert path.is_dir() or token not in path.read_bytes()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not folder.exists()


async def _killed(asked: "asyncio.Task[object]", heard: list[str]) -> UnavailableError:
    """Kill the child while its hook is waited for; what the parent says."""
    await until(lambda: _is_at_hook(heard), what="the hook")
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(UnavailableError) as caught:
        await asked
    return caught.value


async def _is_at_hook(heard: list[str]) -> bool:
    return "waiting for Job w-prepare" in heard
