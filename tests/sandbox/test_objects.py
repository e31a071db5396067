import pytest

from meshery.apply.target import Object, ref_of
from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import parse_yaml
from meshery.sandbox.objects import KINDS, Workload, objects_of, workloads_of
from meshery.sandbox.spec import bundled_spec, parse_spec


def deployments(objects: list[Object]) -> dict[str, Object]:
    return {ref_of(each).name: each for each in objects if each["kind"] == "Deployment"}


def test_a_spec_becomes_what_a_cluster_would_hold() -> None:
    objects = objects_of(bundled_spec("shop"))
    assert {f"{each['apiVersion']}/{each['kind']}" for each in objects} < KINDS
    assert sorted(deployments(objects)) == ["api-v1", "api-v2", "data-v1", "gateway-v1", "web-v1"]
    assert len(objects) == 1 + 4 + 4 + 5


def test_workloads_are_read_back() -> None:
    spec = parse_spec(
        parse_yaml(
            """
            apiVersion: sandbox.meshery.io/v1
            kind: Sandbox
            metadata: {name: x}
            spec:
              gateway: {service: a}
              services:
                - name: a
                  calls: [b]
                  versions: [{name: v1, replicas: 3, latency: 1.5ms, errorRate: 2.5}]
                - name: b
                  echo: [udp, grpc]
            """,
            source="x",
        )
    )
    assert workloads_of(objects_of(spec)) == (
        Workload("a", "v1", "a", 3, 1.5, 2.5, ("b",)),
        Workload("b", "v1", "b", 1, echo=("udp", "grpc")),
        Workload("gateway", "v1", "gateway", 1, calls=("a",), is_gateway=True),
    )


def test_every_fault_of_every_deployment() -> None:
    objects = objects_of(bundled_spec("learn"))
    template = deployments(objects)["service-a-v1"]["spec"]["template"]
    template["metadata"]["annotations"] = {
        "sandbox.meshery.io/latency": "3",
        "sandbox.meshery.io/error-rate": "many",
        "sandbox.meshery.io/echo": "tcp, quic",
    }
    deployments(objects)["service-b-v1"]["spec"]["replicas"] = "two"
    annotations = deployments(objects)["gateway-v1"]["spec"]["template"]["metadata"]["annotations"]
    annotations["sandbox.meshery.io/calls"] = "ghost"
    with pytest.raises(InvalidInputError) as caught:
        workloads_of(objects)
    assert [problem.path for problem in caught.value.problems] == [
        "spec.template.metadata.annotations.sandbox.meshery.io/echo",
        "spec.template.metadata.annotations.sandbox.meshery.io/error-rate",
        "spec.template.metadata.annotations.sandbox.meshery.io/latency",
        "spec.replicas",
        "Deployment of gateway v1",
    ]


def test_a_deployment_needs_its_service_and_account() -> None:
    objects = [
        each
        for each in objects_of(bundled_spec("learn"))
        if each["kind"] == "Deployment" and ref_of(each).name == "service-c-v1"
    ]
    with pytest.raises(InvalidInputError) as caught:
        workloads_of([*objects, *objects])
    assert [problem.message for problem in caught.value.problems] == [
        "there is no Service service-c",
        "there is no ServiceAccount service-c",
        "there is no Service service-c",
        "there is no ServiceAccount service-c",
        "is given twice",
    ]
