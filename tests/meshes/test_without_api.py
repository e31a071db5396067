"""Octarine and Tanzu Service Mesh: no kind is rendered, each says where to go."""

import pytest

from meshery.adapters.mesh import Mesh
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity
from meshery.behaviours.rendering import World
from meshery.meshes.octarine.mesh import MESH as OCTARINE
from meshery.meshes.tanzu.mesh import MESH as TANZU
from meshes.parameters import PLAIN

MESHES = [OCTARINE, TANZU]


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize("kind", list(PLAIN))
def test_every_kind_says_where_to_go(mesh: Mesh, kind: str) -> None:
    document = {"name": "one", "kind": kind, "target": "api", "params": PLAIN[kind]}
    rendering = mesh.render([parse_behaviour(document)], World(version=""))
    (outcome,) = rendering.outcomes
    assert rendering.objects == ()
    assert outcome.fidelity is Fidelity.UNSUPPORTED
    assert "Istio" in outcome.alternative


@pytest.mark.parametrize("mesh", MESHES)
def test_nothing_can_be_installed_and_advice_is_given(mesh: Mesh) -> None:
    assert not mesh.status.has_installer
    assert mesh.charts == ()
    assert mesh.status.advice
    assert "install" not in {each.does for each in mesh.operations}


def test_operations_that_still_work_are_the_originals() -> None:
    assert {each.key: each.text for each in OCTARINE.operations} == {
        "install_book_info": "Install the canonical Book Info Application",
        "custom": "Custom YAML",
    }
    assert {each.key: each.text for each in TANZU.operations} == {
        "install_book_info": "Book Info Application",
        "install_http_bin": "HTTPbin Application",
        "custom": "Custom YAML",
    }


def test_tanzu_answers_where_the_conformance_tool_does_not() -> None:
    assert (OCTARINE.port, TANZU.port) == (10003, 10014)


def test_octarines_agents_and_tanzus_own_objects_have_no_equivalent() -> None:
    def found(api_version: str, kind: str, name: str) -> dict[str, object]:
        metadata = {"name": name, "namespace": "agents"}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata}

    agent = found("apps/v1", "DaemonSet", "octarine-dataplane")
    own = found("tsm.tanzu.vmware.com/v1", "GlobalNamespace", "all")
    istio = found("networking.istio.io/v1", "VirtualService", "api")
    documents, lost = OCTARINE.migrations[0].read([agent, istio])
    assert documents == ()
    assert [each.partition(": ")[0] for each in lost] == ["DaemonSet agents/octarine-dataplane"]
    documents, lost = TANZU.migrations[0].read([own, istio])
    assert documents == ()
    assert [each.partition(": ")[0] for each in lost] == ["GlobalNamespace agents/all"]
