"""What a cluster serves: of the real one, by both forms of the document, and of rigged ones."""

import time
from typing import Any

import pytest
from aiohttp import web

from kube.examples import CRDS, custom_kind
from kube.rigged import rigged
from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.kube.apply import apply, delete
from meshery.kube.client import KubeClient
from meshery.kube.kinds import KindCache, discover
from meshery.kube.resource import Resource


async def test_the_kinds_of_a_real_cluster(client: KubeClient) -> None:
    kinds = await discover(client)
    deployment = kinds.of("apps/v1", "Deployment")
    assert deployment.path(namespace="a", name="b") == "/apis/apps/v1/namespaces/a/deployments/b"
    assert deployment.watchable
    assert deployment.short_names == ("deploy",)
    assert "scale" in deployment.subresources
    assert kinds.of("v1", "Namespace").path(name="a") == "/api/v1/namespaces/a"
    assert not kinds.of("v1", "Namespace").namespaced
    assert not kinds.of("authorization.k8s.io/v1", "SubjectAccessReview").watchable
    assert kinds.missing == {}


@pytest.mark.parametrize(
    "word",
    ["deploy", "Deployment", "deployments", "deployment", "deployments.apps", "deploy.v1.apps"],
)
async def test_a_kind_is_found_by_every_name_kubectl_takes(client: KubeClient, word: str) -> None:
    assert (await discover(client)).named(word).kind == "Deployment"


async def test_the_core_group_and_preferred_versions_win(client: KubeClient) -> None:
    kinds = await discover(client)
    assert kinds.named("events").group == ""
    assert kinds.named("events.events.k8s.io").group == "events.k8s.io"
    assert len({(kind.group, kind.plural) for kind in kinds.preferred}) == len(kinds.preferred)
    with pytest.raises(NotFoundError, match="serves no widgets"):
        kinds.named("widgets")


async def test_the_older_form_tells_the_same(client: KubeClient) -> None:
    """The real server's own answers in the older form: asked for without the newer one."""

    async def older(request: web.Request) -> web.Response:
        answer = await client.get(request.path)
        return web.Response(body=answer.body, content_type="application/json")

    async with rigged(older) as server, KubeClient(server.access()) as old:
        legacy = await discover(old)
    assert {_comparable(kind) for kind in legacy.all} == {
        _comparable(kind) for kind in (await discover(client)).all
    }


def _comparable(kind: Resource) -> tuple[Any, ...]:
    return (
        kind.api_version,
        kind.kind,
        kind.plural,
        kind.namespaced,
        frozenset(kind.verbs),
        frozenset(kind.short_names),
        frozenset(kind.categories),
        kind.preferred,
    )


async def test_a_kind_that_comes_is_found_and_one_that_goes_is_not(client: KubeClient) -> None:
    cache = KindCache(client)
    group = f"k{time.monotonic_ns()}.example.com"
    await cache.kinds()
    await apply(client, CRDS, custom_kind(group))
    for _ in range(50):
        cache.forget()
        if any(kind.group == group for kind in (await cache.kinds()).all):
            break
    found = await cache.of(f"{group}/v1", "Widget")
    assert found.short_names == ("wdg",)
    assert (await cache.kinds()).named(f"wdg.{group}") == found
    await delete(client, CRDS, f"widgets.{group}", wait_s=20)


async def test_a_group_that_does_not_answer_leaves_the_others() -> None:
    async def half(request: web.Request) -> web.Response:
        answers: dict[str, Any] = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/api/v1": {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]},
            "/apis": {
                "kind": "APIGroupList",
                "groups": [{"name": "metrics.k8s.io", "versions": [{"version": "v1"}]}],
            },
        }
        body = answers.get(request.path)
        return web.json_response(body or {"message": "down"}, status=200 if body else 503)

    async with rigged(half) as server, KubeClient(server.access()) as client:
        kinds = await discover(client)
    assert [kind.kind for kind in kinds.all] == ["Pod"]
    assert "down" in kinds.missing["metrics.k8s.io/v1"]
    with pytest.raises(NotFoundError) as caught:
        kinds.named("podmetrics")
    assert "metrics.k8s.io/v1" in caught.value.cause


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../secrets/x", "a%2fb"])
def test_a_name_never_becomes_another_path(name: str) -> None:
    pods = Resource(group="", version="v1", kind="Pod", plural="pods", namespaced=True)
    with pytest.raises(InvalidInputError):
        pods.path(namespace="a", name=name)
    assert pods.path(name="system:a b?c") == "/api/v1/pods/system:a%20b%3Fc"
