"""The tables that come with Meshery: all load, and none leans on names that people choose."""

from collections import Counter
from importlib import resources

import pytest

from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import parse_yaml
from meshery.discovery.fingerprints.load import bundled_fingerprints, parse_table
from meshery.discovery.fingerprints.table import MeshTable

TABLES = bundled_fingerprints()
MESHES = {table.mesh: table for table in TABLES.meshes}
DATA = resources.files("meshery.discovery.fingerprints") / "data"


def test_every_mesh_and_every_tool_has_its_table() -> None:
    assert set(MESHES) == {
        *("istio", "linkerd", "consul", "kuma", "cilium", "traefik-mesh", "nsm"),
        *("app-mesh", "osm", "nginx", "citrix", "octarine", "tanzu"),
    }
    assert {table.name for table in TABLES.addons} == {
        *("prometheus", "grafana", "jaeger", "kiali", "zipkin")
    }


def test_a_file_is_called_like_its_mesh() -> None:
    for folder, names in (("meshes", set(MESHES)), ("addons", {a.name for a in TABLES.addons})):
        files = {file.name.removesuffix(".yaml") for file in (DATA / folder).iterdir()}
        assert files == names


@pytest.mark.parametrize("table", TABLES.meshes, ids=lambda table: table.mesh)
def test_a_name_of_a_container_counts_only_beside_marks(table: MeshTable) -> None:
    assert all(row.marks for row in table.proxies if row.containers)


@pytest.mark.parametrize("table", TABLES.meshes, ids=lambda table: table.mesh)
def test_a_component_without_labels_has_an_image_of_its_own(table: MeshTable) -> None:
    parts = [(each.images, each.labels) for each in table.components]
    parts += [(each.images, each.labels) for each in table.agents]
    assert all(labels or not images.common for images, labels in parts)


@pytest.mark.parametrize("table", TABLES.meshes, ids=lambda table: table.mesh)
def test_a_table_tells_its_source(table: MeshTable) -> None:
    text = (DATA / "meshes" / f"{table.mesh}.yaml").read_text()
    assert text.startswith("# Source: ")


def test_no_crd_group_belongs_to_two_meshes() -> None:
    groups = Counter(group for table in TABLES.meshes for group in table.crd_groups)
    assert [group for group, count in groups.items() if count > 1] == []


def test_config_maps_to_be_read_are_named() -> None:
    names = TABLES.readable_config_maps()
    assert {"cilium-config", "istio", "istio-*", "linkerd-config"} <= set(names)
    assert "*" not in names


def test_an_unknown_key_is_refused() -> None:
    document = parse_yaml("mesh: x\ntitle: X\ncomponets: []\n", source="mine.yaml")
    with pytest.raises(InvalidInputError, match=r"mine\.yaml") as caught:
        parse_table(document, MeshTable)
    assert "componets" in caught.value.cause
