"""The objects of a sandbox in Kubernetes' shape: made from a spec, and read back as workloads.

A service is a Service, a ServiceAccount and one Deployment a version, as it would be in a cluster.
Of a Deployment we read the labels `app` and `version`, `replicas`, `serviceAccountName`, and these
annotations of its template: `sandbox.meshery.io/latency` (a Go duration), `/error-rate` (percent),
`/calls` (services, separated by commas), `/echo` (protocols, so too) and `/role` (a `gateway` has
no application of its own).
The rest is kept and means nothing here.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from meshery.apply.target import Object, ref_of
from meshery.core.durations import format_duration
from meshery.core.errors import InvalidInputError, Problem
from meshery.core.yamlfile import YamlDocument
from meshery.sandbox.reading import Fields
from meshery.sandbox.spec import (
    API_VERSION,
    ECHO,
    GATEWAY_NAME,
    SandboxSpec,
    ServiceSpec,
    VersionSpec,
)
from meshery.sandbox.spec import spec_object as sandbox_object

KINDS = frozenset(
    {
        "v1/Service",
        "v1/ServiceAccount",
        "apps/v1/Deployment",
        f"{API_VERSION}/Sandbox",
        f"{API_VERSION}/Behaviour",
    }
)
_PREFIX = "sandbox.meshery.io"
APP_PORT = 80


class Workload(msgspec.Struct, frozen=True):
    """One Deployment: a version of a service and how its copies behave. `error_rate` in percent."""

    service: str
    version: str
    account: str
    replicas: int
    latency_ms: float = 0.0
    error_rate: float = 0.0
    calls: tuple[str, ...] = ()
    is_gateway: bool = False
    echo: tuple[str, ...] = ()


def objects_of(spec: SandboxSpec) -> list[Object]:
    """Everything a spec asks for, the Sandbox object first."""
    objects = [sandbox_object(spec)]
    for service in spec.services:
        objects += _service_objects(service)
    if spec.gateway:
        gateway = ServiceSpec(GATEWAY_NAME, (VersionSpec("v1"),), (spec.gateway,))
        objects += _service_objects(gateway, role="gateway")
    return objects


def workloads_of(objects: Iterable[Object]) -> tuple[Workload, ...]:
    """The workloads of a set of objects, in their order. InvalidInputError lists every fault."""
    problems: list[Problem] = []
    workloads = []
    for document in objects:
        if ref_of(document).kind == "Deployment":
            try:
                workloads.append(_workload(document))
            except InvalidInputError as error:
                problems += error.problems
    problems += _faults_together(workloads, objects)
    if problems:
        raise InvalidInputError(
            "the Deployments do not fit together",
            cause="; ".join(f"{problem.path}: {problem.message}" for problem in problems),
            remedy="correct them and apply again; nothing was changed",
            code="meshery.sandbox.workloads",
            problems=problems,
        )
    return tuple(workloads)


def _service_objects(service: ServiceSpec, *, role: str = "app") -> list[Object]:
    return [
        _object("v1", "ServiceAccount", service.name, {"app": service.name}),
        _object(
            "v1",
            "Service",
            service.name,
            {"app": service.name},
            {
                "selector": {"app": service.name},
                "ports": [{"name": "http", "port": APP_PORT, "protocol": "TCP"}],
            },
        ),
        *(_deployment(service, version, role=role) for version in service.versions),
    ]


def _object(
    api_version: str, kind: str, name: str, labels: dict[str, str], spec: Any = None
) -> Object:
    document = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
    }
    return document if spec is None else {**document, "spec": spec}


def _deployment(service: ServiceSpec, version: VersionSpec, *, role: str) -> Object:
    labels = {"app": service.name, "version": version.name}
    annotations = {
        f"{_PREFIX}/latency": format_duration(version.latency_ms / 1000),
        f"{_PREFIX}/error-rate": f"{version.error_rate:g}",
        f"{_PREFIX}/calls": ",".join(service.calls),
        f"{_PREFIX}/role": role,
    }
    if service.echo:
        annotations[f"{_PREFIX}/echo"] = ",".join(service.echo)
    container = {"name": "app", "image": "meshery/sample-app"}
    return _object(
        "apps/v1",
        "Deployment",
        f"{service.name}-{version.name}",
        labels,
        {
            "replicas": version.replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": {"serviceAccountName": service.name, "containers": [container]},
            },
        },
    )


def _workload(document: Object) -> Workload:
    root = Fields.of(YamlDocument(document, {}, str(ref_of(document))))
    body = root.child("spec")
    template = body.child("template")
    metadata = template.child("metadata")
    labels = metadata.child("labels")
    notes = metadata.child("annotations") if "annotations" in metadata else None
    service, version = labels.text("app"), labels.text("version", "v1")
    account = template.child("spec").text("serviceAccountName", service)
    replicas = body.whole("replicas", 1, low=0, high=20)
    if notes is None:
        root.finish(str(ref_of(document)))
        return Workload(service, version, account, replicas)
    calls = _words(notes, f"{_PREFIX}/calls")
    echo = _words(notes, f"{_PREFIX}/echo")
    for unknown in sorted({*echo} - {*ECHO}):
        notes.fault(f"{_PREFIX}/echo", f"{unknown!r} is not possible", "one of " + ", ".join(ECHO))
    error_rate = _percent(notes, f"{_PREFIX}/error-rate")
    latency_ms = notes.duration_ms(f"{_PREFIX}/latency")
    role = notes.choice(f"{_PREFIX}/role", ("app", "gateway"), "app")
    root.finish(str(ref_of(document)))
    return Workload(
        service,
        version,
        account,
        replicas,
        latency_ms,
        error_rate,
        calls,
        is_gateway=role == "gateway",
        echo=echo,
    )


def _words(notes: Fields, key: str) -> tuple[str, ...]:
    """A list of words, each once, separated by commas."""
    words = (word.strip() for word in notes.text(key, "").split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def _percent(notes: Fields, key: str) -> float:
    text = notes.text(key, "0")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        notes.fault(key, f"{text!r} is not a percentage", "a number from 0 to 100")
        return 0.0
    return value


def _faults_together(workloads: list[Workload], objects: Iterable[Object]) -> list[Problem]:
    services = {ref_of(document).name for document in objects if document["kind"] == "Service"}
    accounts = {
        ref_of(document).name for document in objects if document["kind"] == "ServiceAccount"
    }
    problems = []
    seen = set()
    for workload in workloads:
        place = f"Deployment of {workload.service} {workload.version}"
        if workload.service not in services:
            problems.append(Problem(place, f"there is no Service {workload.service}"))
        if workload.account not in accounts:
            problems.append(Problem(place, f"there is no ServiceAccount {workload.account}"))
        problems += [
            Problem(place, f"calls {called}, and there is no such Service")
            for called in workload.calls
            if called not in services
        ]
        if (workload.service, workload.version) in seen:
            problems.append(Problem(place, "is given twice"))
        seen.add((workload.service, workload.version))
    return problems
