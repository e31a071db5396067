"""Which way leads out of each state, versions and near ones, and words of Helm as our errors."""

import pytest

from meshery.core.errors import MesheryError, OperationFailedError
from meshery.kube.helm.faults import fault_of, schema_problems
from meshery.kube.helm.model import Hook, Release, Revision, Status
from meshery.kube.helm.reading import left_by
from meshery.kube.helm.recovery import recovery_of
from meshery.kube.helm.versions import key_of, near, newest


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], ("none", 0)),
        (["deployed"], ("none", 0)),
        (["failed"], ("none", 0)),
        (["superseded", "uninstalled"], ("none", 0)),
        (["pending-install"], ("uninstall", 1)),
        (["pending-upgrade"], ("uninstall", 1)),
        (["superseded", "uninstalling"], ("uninstall", 2)),
        (["uninstalled", "pending-install"], ("uninstall", 2)),
        (["superseded", "deployed", "pending-upgrade"], ("rollback", 2)),
        (["superseded", "deployed", "failed", "pending-upgrade"], ("rollback", 2)),
        (["failed", "pending-upgrade"], ("rollback", 1)),
        (["superseded", "deployed", "pending-rollback"], ("rollback", 2)),
    ],
)
def test_each_state_has_its_way_out(states: list[Status], expected: tuple[str, int]) -> None:
    history = [
        Revision(name="w", namespace="n", revision=number, status=status)
        for number, status in enumerate(states, 1)
    ]
    found = recovery_of(history)
    assert (found.verb, found.revision) == expected
    assert found.is_needed == (expected[0] != "none")
    assert found.why


def test_what_an_uninstall_leaves() -> None:
    def named(name: str, **annotations: str) -> dict[str, object]:
        metadata = {"name": name, "annotations": annotations}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    def hook(name: str, event: str, phase: str, *policies: str) -> Hook:
        return Hook(events=(event,), document=named(name), phase=phase, delete_policies=policies)

    kept = named("crd", **{"helm.sh/resource-policy": "keep"})
    release = Release(
        name="w",
        namespace="n",
        revision=1,
        status="deployed",
        chart="c",
        chart_version="1",
        objects=(named("plain"), kept),
        hooks=(
            hook("stays", "pre-install", "Succeeded", "before-hook-creation"),
            hook("gone", "pre-install", "Succeeded", "hook-succeeded"),
            hook("failed", "pre-install", "Failed", "hook-succeeded"),
            hook("cleared", "pre-install", "Failed", "hook-failed"),
            hook("never", "pre-rollback", ""),
            hook("last", "post-delete", ""),
            hook("tidy", "pre-delete", "", "hook-succeeded"),
        ),
    )
    found = [each["metadata"]["name"] for each in left_by(release, runs_hooks=True)]
    assert found == ["crd", "stays", "failed", "last"]
    found = [each["metadata"]["name"] for each in left_by(release, runs_hooks=False)]
    assert found == ["crd", "stays", "failed"]


def test_versions_are_ordered_as_semver_says() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    ordered += ["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "v1.0.1", "1.10.0", "2"]
    assert sorted(set(ordered), key=key_of) == ordered
    assert newest(ordered[:9]) == "v1.0.1"
    assert newest(["2.0.0-rc.1", "2.0.0-rc.2"]) == "2.0.0-rc.2"
    assert newest([]) == ""


def test_near_versions_are_of_the_same_line_first() -> None:
    known = ["1.28.0", "1.29.4", "1.30.0", "1.30.9", "1.31.0", "2.0.0"]
    assert near("1.30.4", known, count=3) == ["1.30.9", "1.30.0", "1.29.4"]
    assert near("edge-26.9.2", ["edge-26.9.1", "edge-25.1.1"], count=1) == ["edge-26.9.1"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("another operation (install/upgrade/rollback) is in progress", "meshery.helm.pending"),
        ("cannot re-use a name that is still in use", "meshery.helm.exists"),
        ("cannot reuse a name that is still in use", "meshery.helm.exists"),
        ('Internal error: failed calling webhook "a.b": connect: refused', "meshery.helm.webhook"),
        ('Post "https://127.0.0.1:1/x": dial tcp: connection refused', "meshery.helm.unreachable"),
        ('no matches for kind "Loom" in version "loom.example.org/v1"', "meshery.helm.kind"),
        ("execution error at (w/templates/a.yaml:3:4): say which", "meshery.helm.template"),
        ("chart requires kubeVersion: >=9 which is incompatible", "meshery.helm.kubernetes"),
        ("context deadline exceeded", "meshery.helm.deadline"),
        ("something new", "meshery.helm.failed"),
    ],
)
def test_words_of_helm_are_errors_of_ours(words: str, code: str) -> None:
    error = fault_of(words, doing="install of w")
    assert isinstance(error, MesheryError)
    assert error.specific_code == code
    assert error.remedy
    assert words in error.cause or error.problems


def test_words_without_end_are_cut() -> None:
    error = fault_of("x" * 10_000, doing="install of w")
    assert isinstance(error, OperationFailedError)
    assert len(error.cause) == 2_000


def test_faults_of_dependencies_stand_below_their_name() -> None:
    words = "weaver:\n- at '': missing property 'a'\n- at '/x': validation failed\n"
    words += "  - at '/x/0/b~1c': wrong\nshuttle:\n- at '/speed': got string, want integer\n"
    found = [(each.path, each.message) for each in schema_problems(words, chart="weaver")]
    assert found == [
        ("", "missing property 'a'"),
        ("x[0].b/c", "wrong"),
        ("shuttle.speed", "got string, want integer"),
    ]
