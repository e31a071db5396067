"""Repositories and registries on loopback: versions, near ones, digests, hostile indexes."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

import pytest
import yaml

from fixtures.loopback import LoopbackServer, loopback
from kube.helm.samples import packed
from meshery.core.errors import (
    InvalidInputError,
    MesheryError,
    NotAuthenticatedError,
    NotFoundError,
    UnavailableError,
)
from meshery.kube.helm.registry import CHART_LAYER
from meshery.kube.helm.repository import offered
from meshery.kube.helm.source import obtain, source_of

__all__ = ["loopback"]

VERSIONS = ("1.0.0", "1.1.0", "1.2.0-rc.1", "0.9.3")


@pytest.fixture
def registered(loopback: LoopbackServer) -> Collection[str]:
    return {loopback.url.removeprefix("http://")}


@pytest.fixture
def repository(loopback: LoopbackServer) -> str:
    """A repository with several versions of one chart."""
    entries = []
    for version in VERSIONS:
        content = packed("weaver", version=version)
        name = f"weaver-{version}.tgz"
        loopback.answers[f"/stable/{name}"] = _sending(content)
        entries.append(
            {
                "apiVersion": "v2",
                "name": "weaver",
                "version": version,
                "appVersion": "7.1",
                "created": "2026-10-02T11:25:08.5Z",
                "digest": hashlib.sha256(content).hexdigest(),
                "urls": [name],
            }
        )
    _index(loopback, {"apiVersion": "v1", "entries": {"weaver": entries, "web": []}})
    return f"{loopback.url}/stable"


def _index(loopback: LoopbackServer, document: object) -> None:
    loopback.says("/stable/index.yaml", 200, yaml.safe_dump(document), kind="text/yaml")


def _sending(content: bytes, status: int = 200):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return lambda _headers: (status, {}, content)


async def test_a_version_is_taken_exactly_and_none_in_its_place(
    repository: str, registered: Collection[str], tmp_path: Path
) -> None:
    source = source_of(repository, name="weaver", version="v1.1.0")
    (found,) = await obtain(source, into=tmp_path / "a", registered=registered)
    assert found.version == "1.1.0"
    wanted = source_of(repository, name="weaver", version="1.1.7")
    with pytest.raises(NotFoundError) as caught:
        await obtain(wanted, into=tmp_path / "b", registered=registered)
    assert caught.value.specific_code == "meshery.helm.version"
    assert caught.value.cause.startswith("near ones: 1.2.0-rc.1, 1.1.0")


async def test_without_a_version_the_newest_finished_one_is_taken(
    repository: str, registered: Collection[str], tmp_path: Path
) -> None:
    source = source_of(repository, name="weaver")
    (found,) = await obtain(source, into=tmp_path / "a", registered=registered)
    assert found.version == "1.1.0"


async def test_a_repository_tells_versions_and_near_charts(
    repository: str, registered: Collection[str]
) -> None:
    entries = await offered(repository, name="weaver", registered=registered)
    assert [entry.version for entry in entries] == list(VERSIONS)
    assert entries[0].app_version == "7.1"
    assert entries[0].created == "2026-10-02T11:25:08.5Z"
    with pytest.raises(NotFoundError) as caught:
        await offered(repository, name="weever", registered=registered)
    assert "weaver" in caught.value.cause


async def test_an_archive_that_is_not_what_the_index_says_is_refused(
    loopback: LoopbackServer, repository: str, registered: Collection[str], tmp_path: Path
) -> None:
    loopback.answers["/stable/weaver-1.0.0.tgz"] = _sending(packed("weaver", version="6.6.6"))
    source = source_of(repository, name="weaver", version="1.0.0")
    with pytest.raises(InvalidInputError) as caught:
        await obtain(source, into=tmp_path / "a", registered=registered)
    assert caught.value.specific_code == "meshery.helm.digest"


async def test_an_index_cannot_lead_to_a_private_address(
    loopback: LoopbackServer, repository: str, registered: Collection[str], tmp_path: Path
) -> None:
    entry = {"version": "1.0.0", "urls": ["http://127.0.0.1:1/latest/meta-data"]}
    _index(loopback, {"entries": {"weaver": [entry]}})
    with pytest.raises(MesheryError) as caught:
        await obtain(
            source_of(repository, name="weaver"), into=tmp_path / "a", registered=registered
        )
    assert caught.value.specific_code == "meshery.outbound.private"


async def test_aliases_of_aliases_are_not_written_out(
    loopback: LoopbackServer, repository: str, registered: Collection[str]
) -> None:
    lines = ["entries:", "  weaver:", "  - version: 1.0.0", "    k0: &a0 [x, x, x, x]"]
    lines += [f"    k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    lines += ["    appVersion: *a11", "    urls: *a11"]
    loopback.says("/stable/index.yaml", 200, "\n".join(lines))
    (entry,) = await offered(repository, name="weaver", registered=registered)
    assert (entry.version, entry.app_version, entry.urls) == ("1.0.0", "", ())


@pytest.mark.parametrize("text", ["[]", "entries: 3", "a: [", "entries: {weaver: 3}", "\x00"])
async def test_what_is_no_index_is_told(
    loopback: LoopbackServer, repository: str, registered: Collection[str], text: str
) -> None:
    loopback.says("/stable/index.yaml", 200, text)
    with pytest.raises(InvalidInputError) as caught:
        await offered(repository, name="weaver", registered=registered)
    assert caught.value.specific_code == "meshery.helm.index"


async def test_a_repository_without_an_index_is_told(
    loopback: LoopbackServer, registered: Collection[str]
) -> None:
    with pytest.raises(UnavailableError, match="no index at"):
        await offered(f"{loopback.url}/nothing", name="weaver", registered=registered)


@pytest.fixture
def registry(loopback: LoopbackServer) -> str:
    """A registry that gives a token to whoever asks, and holds one version."""
    content = packed("weaver")
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    manifest = json.dumps({"layers": [{"mediaType": CHART_LAYER, "digest": digest, "size": 1}]})

    def guarded(body: bytes):  # type: ignore[no-untyped-def]  # noqa: ANN202
        def answer(headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
            if headers.get("authorization") != "Bearer t0ken":
                realm = f'Bearer realm="{loopback.url}/token",service="registry"'
                return 401, {"www-authenticate": realm}, b"{}"
            return 200, {}, body

        return answer

    loopback.says("/token", 200, '{"token": "t0ken"}')
    root = "/v2/charts/weaver"
    loopback.answers[f"{root}/manifests/1.0.0"] = guarded(manifest.encode())
    loopback.answers[f"{root}/tags/list"] = guarded(b'{"tags": ["1.0.0", "0.9.0_build1"]}')
    loopback.answers[f"{root}/blobs/{digest}"] = guarded(content)
    return f"oci://{loopback.url.removeprefix('http://')}/charts/weaver"


async def test_a_registry_gives_its_newest_and_names_near_ones(
    registry: str, registered: Collection[str], tmp_path: Path
) -> None:
    for text, version in ((registry, ""), (f"{registry}:1.0.0", ""), (registry, "1.0.0")):
        source = source_of(text, version=version)
        (found,) = await obtain(source, into=tmp_path / "a", registered=registered)
        assert (found.name, found.version) == ("weaver", "1.0.0")
    missing = source_of(registry, version="1.0.1")
    with pytest.raises(NotFoundError) as caught:
        await obtain(missing, into=tmp_path / "a", registered=registered)
    assert caught.value.cause == "near ones: 1.0.0, 0.9.0+build1"


async def test_a_registry_that_sends_something_else_is_refused(
    loopback: LoopbackServer, registry: str, registered: Collection[str], tmp_path: Path
) -> None:
    blob = next(path for path in loopback.answers if "/blobs/" in path)
    loopback.answers[blob] = _sending(packed("endless"))
    with pytest.raises(InvalidInputError) as caught:
        await obtain(source_of(registry), into=tmp_path / "a", registered=registered)
    assert caught.value.specific_code == "meshery.helm.digest"
    loopback.says("/v2/charts/weaver/manifests/1.0.0", 200, '{"layers": []}')
    with pytest.raises(InvalidInputError, match="no chart there"):
        await obtain(source_of(registry), into=tmp_path / "a", registered=registered)


async def test_a_registry_that_wants_a_login_says_what_to_do(
    loopback: LoopbackServer, registry: str, registered: Collection[str], tmp_path: Path
) -> None:
    loopback.says("/token", 401, "{}")
    with pytest.raises(NotAuthenticatedError) as caught:
        await obtain(
            source_of(registry, version="1.0.0"), into=tmp_path / "a", registered=registered
        )
    assert "helm pull" in caught.value.remedy
