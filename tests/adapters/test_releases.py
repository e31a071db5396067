"""Versions from the vendor's index, and the offline list where there is none to be had."""

import msgspec
import pytest

from adapters.acme import MESH, Bench, adapter
from fixtures.loopback import LoopbackServer, loopback
from meshery.adapters.choosing import chosen_version, is_within, latest_first
from meshery.adapters.client import AdapterClient
from meshery.adapters.mesh import Index, Mesh, Version, Versions
from meshery.adapters.releases import Releases, kubernetes_range, versions_of
from meshery.adapters.serving import serve
from meshery.core.errors import InvalidInputError, NotFoundError

__all__ = ["loopback"]

INDEX = """
apiVersion: v1
entries:
  other:
    - {name: other, version: 9.9.9, appVersion: 9.9.9}
  acme:
    - apiVersion: v2
      name: acme
      version: 10.0.1
      appVersion: v1.10.0
      kubeVersion: ">= 1.30.0-0, < 1.35.0"
      created: "2026-10-02T10:00:00Z"
      annotations: {version: "8.8.8", more: [{appVersion: 7.7.7}]}
      urls: [acme-10.0.1.tgz]
    - {version: 10.0.0, appVersion: v1.10.0, created: "2026-10-01T10:00:00Z"}
    - {version: 11.0.0, appVersion: 1.11.0-rc.1, created: "2026-11-01T10:00:00Z"}
    - {version: 9.0.0, appVersion: 1.9.0, created: "2026-01-01T10:00:00Z"}
generated: "2026-11-02T00:00:00Z"
"""


def mesh_at(url: str, **more: object) -> Mesh:
    index = Index(url=url, chart="acme")
    versions = msgspec.structs.replace(MESH.versions, index=index, **more)
    return msgspec.structs.replace(MESH, versions=versions)


def registered(server: LoopbackServer) -> list[str]:
    return [server.url.removeprefix("http://")]


async def test_versions_are_those_of_the_index(loopback: LoopbackServer) -> None:
    loopback.says("/charts/index.yaml", 200, INDEX, kind="application/yaml")
    mesh = mesh_at(f"{loopback.url}/charts")
    releases = Releases(mesh, registered=registered(loopback))
    assert releases.current.origin == "offline"
    found = await releases.refresh()
    assert found.origin == "index"
    assert found.as_of == "2026-11-01"
    assert found.note == ""
    assert [each.name for each in found.known] == ["1.11.0-rc.1", "1.10.0", "1.9.0"]
    early, middle, old = found.known
    assert early.channel == "preview"
    assert middle.charts == {"acme": "10.0.1"}, "of two charts the newer one"
    assert middle.kubernetes == ("1.29", "1.33"), "what the offline list knows stands"
    assert old.ends == "2026-12-31"


async def test_an_index_that_does_not_answer_leaves_the_offline_list(
    loopback: LoopbackServer,
) -> None:
    releases = Releases(mesh_at(loopback.url), registered=registered(loopback))
    found = await releases.refresh()
    assert found.origin == "offline"
    assert found.known == MESH.versions.known
    assert "status 404" in found.note


async def test_an_index_that_goes_away_leaves_what_it_said(loopback: LoopbackServer) -> None:
    loopback.says("/index.yaml", 200, INDEX)
    releases = Releases(mesh_at(loopback.url), registered=registered(loopback))
    await releases.refresh()
    loopback.says("/index.yaml", 503, "")
    found = await releases.refresh()
    assert found.origin == "index"
    assert "was not read" in found.note


async def test_an_address_within_is_not_asked_unless_it_is_registered(
    loopback: LoopbackServer,
) -> None:
    loopback.says("/index.yaml", 200, INDEX)
    found = await Releases(mesh_at(loopback.url)).refresh()
    assert "private address" in found.note
    assert loopback.seen == []


async def test_an_adapter_tells_where_its_versions_come_from(
    loopback: LoopbackServer, bench: Bench
) -> None:
    loopback.says("/index.yaml", 200, INDEX)
    mesh = mesh_at(loopback.url)
    async with (
        serve(adapter(bench, mesh=mesh), port=0, registered=registered(loopback)) as serving,
        AdapterClient(serving.address) as client,
    ):
        before = await client.health()
        assert (await client.describe()).versions.origin == "offline"
        await serving.releases.refresh()
        after = await client.health()
        assert before.digest != after.digest, "whoever keeps a description knows that it is old"
        assert (await client.describe()).versions.origin == "index"


BOMB = "a: &a [x, x]\nb: [*a, *a]\nentries: {}\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (BOMB, InvalidInputError),
        ("entries: {acme: [", InvalidInputError),
        ("\x00", InvalidInputError),
        ("", NotFoundError),
        ("just a text", NotFoundError),
        ("entries: {acme: {version: 1.0.0}}", NotFoundError),
        ("entries: {other: [{version: 1.0.0, appVersion: 1.0.0}]}", NotFoundError),
    ],
)
def test_an_index_that_is_none(text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        versions_of(text.encode(), Index(url="", chart="acme"), MESH)


def test_versions_of_the_chart_itself() -> None:
    found = versions_of(INDEX.encode(), Index(url="", chart="acme", of="chart"), MESH)
    assert [each.name for each in found] == ["11.0.0", "10.0.1", "10.0.0", "9.0.0"]
    assert found[1].kubernetes == ("1.30", "1.34")


def test_a_mesh_may_count_by_calendar() -> None:
    versions = Versions(known=(), as_of="", source="", ordering="calendar")
    mesh = msgspec.structs.replace(MESH, versions=versions)
    entries = ["{version: 3, appVersion: edge-26.9.1}", "{version: 4, appVersion: edge-26.10.2}"]
    text = f"entries: {{acme: [{', '.join(entries)}]}}"
    found = versions_of(text.encode(), Index(url="", chart="acme"), mesh)
    assert [each.name for each in found] == ["edge-26.10.2", "edge-26.9.1"]


@pytest.mark.parametrize(
    ("constraint", "bounds"),
    [
        (">=1.29.0-0", ("1.29", "")),
        (">= 1.25.0-0 < 1.32.0-0", ("1.25", "1.31")),
        (">=v1.22.0, <=1.30", ("1.22", "1.30")),
        ("^1.16", ("1.16", "")),
        ("", ("", "")),
    ],
)
def test_bounds_of_kubernetes(constraint: str, bounds: tuple[str, str]) -> None:
    assert kubernetes_range(constraint) == bounds


def test_which_version_is_meant() -> None:
    known = [Version(name="2.0.0-rc.1", channel="preview"), Version(name="1.10.0")]
    assert chosen_version("", known) == "1.10.0"
    assert chosen_version("latest", known) == "1.10.0"
    assert chosen_version("v2.0.0-rc.1", known) == "2.0.0-rc.1"
    assert chosen_version("1.2.3", []) == "1.2.3"
    assert latest_first(reversed(known))[0].name == "2.0.0-rc.1"
    with pytest.raises(InvalidInputError, match=r"no version 1\.1\.0"):
        chosen_version("1.1.0", known)


@pytest.mark.parametrize(
    ("version", "since", "until", "holds"),
    [
        ("1.10.0", "1.9.0", "", True),
        ("1.9.0", "1.10.0", "", False),
        ("1.10.0", "", "1.10.0", False),
        ("1.9.9", "1.9", "1.10", True),
    ],
)
def test_bounds_of_a_kind(version: str, since: str, until: str, holds: bool) -> None:
    assert is_within(version, since, until) is holds
