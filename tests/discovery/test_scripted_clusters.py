"""The scripted clusters, as a watch lets them out, against what a person says of them.

Neither side is made from the other: `tests/clusters/expected.yaml` tells what its words mean.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from clusters.script import SCRIPTS
from discovery.clusters import surveyed
from discovery.judging import COUNTS, EXPECTED, JUDGES, OTHERS, PLAIN, UNTOLD
from meshery.discovery.fingerprints.model import MeshFound

MESHES = [(name, mesh) for name in SCRIPTS for mesh in EXPECTED[name]["meshes"]]


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(("name", "mesh"), MESHES)
def test_what_is_found_is_what_a_person_says(
    name: str, mesh: str, judge: Callable[[Mapping[str, Any], MeshFound], None]
) -> None:
    [found] = [each for each in surveyed(name).meshes if each.mesh == mesh]
    judge(EXPECTED[name]["meshes"][mesh], found)


@pytest.mark.parametrize(("name", "mesh"), MESHES)
def test_every_key_is_compared(name: str, mesh: str) -> None:
    told = EXPECTED[name]["meshes"][mesh]
    assert set(told) <= {*PLAIN, *OTHERS, *UNTOLD}
    assert set(told["data_planes"]) <= {*COUNTS, "waypoints", "coverage"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_meshes_and_nothing_else(name: str) -> None:
    assert [each.mesh for each in surveyed(name).meshes] == sorted(EXPECTED[name]["meshes"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_add_ons(name: str) -> None:
    found = {
        each.name: {"namespace": each.namespace, "version": each.version}
        for each in surveyed(name).addons
    }
    assert found == EXPECTED[name]["add_ons"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_only_looks_like_a_mesh_yields_none(name: str) -> None:
    """A decoy's object is no evidence, and what it looks like is no mesh."""
    expected = EXPECTED[name]["meshes"]
    evidence = {each.object for mesh in surveyed(name).meshes for each in mesh.evidence}
    for decoy in EXPECTED[name]["nothing"]:
        assert decoy["mesh"] in expected or decoy["mesh"] not in {
            each.mesh for each in surveyed(name).meshes
        }
    homes = {"istio-system", "docs-site", "tools", "front", "booking"}
    assert not [each for each in evidence if homes & set(each.split("/"))]
