"""Schemas of native kinds take what the renderer writes, and refuse what the reference does."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from meshery.behaviours.document import parse_behaviour
from meshery.meshes.istio.mesh import MESH
from meshes.parameters import changes, world_of

SCHEMAS = {(each.api_version, each.kind): each.schema for each in MESH.kinds}
CORE = {("v1", "ConfigMap")}
GOLDEN = Path(__file__).parent / "golden"


def faults(made: dict[str, Any]) -> list[str]:
    schema = SCHEMAS[made["apiVersion"], made["kind"]]
    return [
        f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in Draft7Validator(schema).iter_errors(made)
    ]


def kept() -> Iterator[dict[str, Any]]:
    for file in sorted(GOLDEN.glob("*.yaml")):
        yield from list(yaml.safe_load_all(file.read_text()))[1]["objects"]


def test_every_kind_is_named_once_and_its_schema_is_one() -> None:
    names = [(each.api_version, each.kind) for each in MESH.kinds]
    assert len(names) == len(set(names))
    for each in MESH.kinds:
        Draft7Validator.check_schema(each.schema)


def test_schemas_take_the_golden_files() -> None:
    judged = [(each["kind"], faults(each)) for each in kept() if key(each) not in CORE]
    assert {kind for kind, _ in judged} == {each.kind for each in MESH.kinds if each.schema}
    assert [each for each in judged if each[1]] == []


@pytest.mark.parametrize("version", ["1.14.0", "1.22.0", "1.31.0"])
@pytest.mark.parametrize("data_plane", ["sidecar", "ambient"])
def test_schemas_take_whatever_is_rendered(version: str, data_plane: str) -> None:
    world = world_of(version, data_plane=data_plane)
    for _, _, document, _ in changes():
        rendering = MESH.render([parse_behaviour(document)], world)
        for made in rendering.objects:
            if key(made) not in CORE:
                assert faults(made) == [], document


WRONG = [
    ("VirtualService", "spec.http.0.timeout", "soon"),
    ("VirtualService", "spec.http.0.retires", {}),
    ("VirtualService", "spec.http.0.route.0.weigth", 1),
    ("DestinationRule", "spec.trafficPolicy.connectionPool.tcp.maxConnections", "ten"),
    ("PeerAuthentication", "spec.mtls.mode", "strict"),
    ("AuthorizationPolicy", "spec.action", "PERMIT"),
    ("AuthorizationPolicy", "spec.targetRef", {"kind": "Service", "name": "api"}),
    ("ServiceEntry", "spec.resolution", "dns"),
    ("Sidecar", "spec.outboundTrafficPolicy.mode", "ANY"),
    ("EnvoyFilter", "spec.configPatches.0.applyTo", "FILTER"),
    ("RequestAuthentication", "spec.jwtRules.0.issuer", ""),
    ("HTTPRoute", "spec.rules.0.matches.0.path.type", "Prefix"),
]


@pytest.mark.parametrize(("kind", "path", "value"), WRONG)
def test_schemas_refuse_what_is_none(kind: str, path: str, value: Any) -> None:
    made = next(
        copy.deepcopy(each) for each in kept() if each["kind"] == kind and there(each, path)
    )
    assert faults(made) == []
    *way, last = path.split(".")
    holder: Any = made
    for part in way:
        holder = holder[int(part) if part.isdecimal() else part]
    holder[last] = value
    assert faults(made) != []


def there(made: dict[str, Any], path: str) -> bool:
    found: Any = made
    for part in path.split(".")[:-1]:
        try:
            found = found[int(part) if part.isdecimal() else part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def key(made: dict[str, Any]) -> tuple[str, str]:
    return made["apiVersion"], made["kind"]
