from pathlib import Path

import pytest

from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.core.yamlfile import parse_yaml
from meshery.sandbox.spec import (
    SandboxSpec,
    bundled_names,
    bundled_spec,
    load_spec,
    parse_spec,
    spec_from_object,
    spec_object,
)

BAD = """\
apiVersion: sandbox.meshery.io/v2
kind: Sandbox
metadata: {name: Bad Name}
spec:
  mtls: maybe
  gateway: {service: nowhere}
  colour: red
  services:
    - name: web
      calls: [api, ghost]
      versions:
        - {name: v1, latency: 5, errorRate: 120}
        - {name: v1, replicas: 1.5}
    - name: api
      calls: [web]
    - name: gateway
    - name: 7
    - nothing
"""


BAD_ECHO = """\
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: x}
spec:
  services:
    - name: web
      echo: tcp
    - name: api
      echo:
        - quic
        - udp
        - udp
        - 7
"""


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(InvalidInputError) as caught:
        parse_spec(parse_yaml(text, source="bad.yaml"))
    return [(problem.line, problem.path) for problem in caught.value.problems]


def test_all_faults_at_once_with_their_lines() -> None:
    assert faults(BAD) == [
        (1, "apiVersion"),
        (3, "metadata.name"),
        (5, "spec.mtls"),
        (6, "spec.gateway.service"),
        (7, "spec.colour"),
        (8, "spec.services"),
        (10, "spec.services[0].calls[1]"),
        (11, "spec.services[0].versions"),
        (12, "spec.services[0].versions[0].errorRate"),
        (12, "spec.services[0].versions[0].latency"),
        (13, "spec.services[0].versions[1].replicas"),
        (16, "spec.services[2].name"),
        (17, "spec.services[3].name"),
        (18, "spec.services[4]"),
        (18, "spec.services[4].name"),
    ]


def test_faults_of_echo_with_their_lines() -> None:
    assert faults(BAD_ECHO) == [
        (7, "spec.services[0].echo"),
        (10, "spec.services[1].echo[0]"),
        (12, "spec.services[1].echo[2]"),
        (13, "spec.services[1].echo[3]"),
    ]


def test_echo_survives_the_object_form() -> None:
    text = (
        "apiVersion: sandbox.meshery.io/v1\nkind: Sandbox\nmetadata: {name: mine}\n"
        "spec: {services: [{name: a, echo: [udp, grpc]}, {name: b}]}\n"
    )
    spec = parse_spec(parse_yaml(text, source="x"))
    assert [service.echo for service in spec.services] == [("udp", "grpc"), ()]
    assert spec_from_object(spec_object(spec)) == spec


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "spec: []", "kind: Sandbox", "{spec: {services: 3}}"]
)
def test_what_is_no_spec_is_refused(text: str) -> None:
    assert faults(text)


def test_the_bundled_ones() -> None:
    assert bundled_names() == ["bookinfo", "learn", "shop"]
    sidecars = {name: bundled_spec(name).sidecars for name in bundled_names()}
    assert sidecars == {"bookinfo": 7, "learn": 4, "shop": 6}
    assert [version.name for version in bundled_spec("shop").service("api").versions] == [
        "v1",
        "v2",
    ]


@pytest.mark.parametrize("name", bundled_names())
def test_a_spec_survives_its_object_form(name: str) -> None:
    spec = bundled_spec(name)
    assert spec_from_object(spec_object(spec)) == spec


def test_a_file_or_a_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "apiVersion: sandbox.meshery.io/v1\nkind: Sandbox\nmetadata: {name: mine}\n"
        "spec: {services: [{name: a}]}\n"
    )
    mine = load_spec(str(file))
    assert isinstance(mine, SandboxSpec)
    assert mine.sidecars == 1
    assert load_spec("learn").name == "learn"
    with pytest.raises(InvalidInputError, match="neither a bundled sandbox nor a file"):
        load_spec("nothing")
    with pytest.raises(NotFoundError):
        bundled_spec("nothing")


@pytest.mark.parametrize("word", ["off", "'off'", "permissive", "strict"])
def test_off_is_a_word_though_yaml_takes_it_for_false(word: str) -> None:
    text = (
        "apiVersion: sandbox.meshery.io/v1\nkind: Sandbox\nmetadata: {name: mine}\n"
        f"spec: {{mtls: {word}, services: [{{name: a}}]}}\n"
    )
    assert parse_spec(parse_yaml(text, source="x")).mtls == word.strip("'")
