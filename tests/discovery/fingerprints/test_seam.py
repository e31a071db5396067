"""What the tables read, the watch of a cluster lets through; both write the same words."""

from fnmatch import fnmatchcase

import pytest

from meshery.discovery import model
from meshery.discovery.fingerprints import certificates, injection, sources
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.fingerprints.rows import Source
from meshery.discovery.fingerprints.table import MeshTable
from meshery.discovery.watch.redaction import READABLE
from meshery.discovery.watch.tiers import MESH_GROUPS, belongs, needs_whole
from meshery.kube.item import item_of

TABLES = bundled_fingerprints().meshes


def test_the_words_are_the_same() -> None:
    assert sources.REDACTED == model.REDACTED
    assert certificates.PARSED == model.CERTIFICATES
    assert injection.MARKED_AT == model.MARKED_AT


def wanted(table: MeshTable) -> set[tuple[str, str]]:
    identity = table.identity
    read: list[Source] = [
        *identity.mesh_id,
        *identity.trust_domain,
        *identity.network,
        *identity.zone,
    ]
    read += [role.source for role in identity.zone_roles if role.source]
    found = {(each.config_map, each.key) for each in read if each.config_map}
    found |= {(each.config_map, each.key) for each in table.certificates if each.config_map}
    if table.mesh_when:
        found |= {(table.mesh_when.config_map, key) for key in table.mesh_when.switches}
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.mesh)
def test_the_values_that_a_table_reads_leave_the_cluster(table: MeshTable) -> None:
    for pattern, key in wanted(table):
        for revision in ("default", "1-30"):
            name = sources.config_map_name(pattern, revision).replace("*", "my-")
            keys = [key for glob, keys in READABLE if fnmatchcase(name, glob) for key in keys]
            assert any(fnmatchcase(key, glob) for glob in keys), (name, key)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.mesh)
def test_the_kinds_that_a_table_reads_are_watched(table: MeshTable) -> None:
    groups = {row.group for row in table.managed} | {row.group for row in table.peers} - {""}
    groups |= {table.identity.mesh_id_objects[1]} if table.identity.mesh_id_objects else set()
    assert all(belongs(group, MESH_GROUPS) for group in groups)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.mesh)
def test_the_secrets_that_a_table_reads_are_asked_for_whole(table: MeshTable) -> None:
    for row in table.certificates:
        for prefix in ("", "my-") if "*" in row.secret else ("",):
            name = row.secret.replace("*", prefix)
            raw = b'{"metadata":{"name":"%s"}}' % name.encode()
            assert not name or needs_whole(item_of(raw, api_version="v1", kind="Secret")), name
