"""What a person asks for: a sandbox of services, their versions and replicas, and who calls whom.

    apiVersion: sandbox.meshery.io/v1
    kind: Sandbox
    metadata: {name: shop}
    spec:
      mtls: strict              # strict (default), permissive or off
      gateway: {service: web}   # the service behind an ingress gateway; `port` may fix its port
      services:
        - name: web
          calls: [api]
          versions:
            - {name: v1, replicas: 2, latency: 5ms, errorRate: 0.5}
          echo: [grpc, tcp, udp]  # ports that send back what comes; none by default

`latency` is a Go duration the application waits before it answers; `errorRate` is the percentage of
its answers that are 500. A service without versions has one, `v1`. Reading reports every
fault at once, with its line.
"""

from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from meshery.apply.shape import is_name
from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.core.yamlfile import YamlDocument, parse_yaml, read_yaml
from meshery.sandbox.reading import Fields

API_VERSION = "sandbox.meshery.io/v1"
KIND = "Sandbox"
GATEWAY_NAME = "gateway"

ECHO = ("grpc", "tcp", "udp")

Mtls = Literal["strict", "permissive", "off"]

# Names become parts of a Unix socket's path, which ends at 104 bytes.
_LONGEST = {"sandbox": 20, "service": 24, "version": 8}


class VersionSpec(msgspec.Struct, frozen=True):
    """One version of a service. `error_rate` is a percentage."""

    name: str
    replicas: int = 1
    latency_ms: float = 0.0
    error_rate: float = 0.0


class ServiceSpec(msgspec.Struct, frozen=True):
    """A service and the services it calls when it is asked for `/chain`.

    `echo` are the protocols that its application echoes, each on a port of its own.
    """

    name: str
    versions: tuple[VersionSpec, ...] = (VersionSpec("v1"),)
    calls: tuple[str, ...] = ()
    echo: tuple[str, ...] = ()


class SandboxSpec(msgspec.Struct, frozen=True):
    """A whole sandbox.

    `gateway` names the service behind the ingress gateway; empty means none. `gateway_port` is the
    gateway's port, 0 a free one.
    """

    name: str
    services: tuple[ServiceSpec, ...]
    gateway: str = ""
    gateway_port: int = 0
    mtls: Mtls = "strict"

    @property
    def sidecars(self) -> int:
        """How many sidecars it needs, the gateway's included."""
        replicas = sum(
            version.replicas for service in self.services for version in service.versions
        )
        return replicas + bool(self.gateway)

    def service(self, name: str) -> ServiceSpec:
        """One service. NotFoundError when the sandbox has none by that name."""
        for service in self.services:
            if service.name == name:
                return service
        raise NotFoundError(f"sandbox {self.name} has no service {name}")


def bundled_names() -> list[str]:
    """The names of the specs that come with Meshery."""
    folder = resources.files("meshery.sandbox") / "specs"
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir())


def bundled_spec(name: str) -> SandboxSpec:
    """A spec that comes with Meshery. NotFoundError lists those there are."""
    if name not in bundled_names():
        raise NotFoundError(
            f"no bundled sandbox is called {name}",
            remedy=f"choose one of {', '.join(bundled_names())}, or give a file with -f",
        )
    file = resources.files("meshery.sandbox") / "specs" / f"{name}.yaml"
    return parse_spec(parse_yaml(file.read_bytes(), source=f"bundled {name}"))


def read_spec(path: Path) -> SandboxSpec:
    """A spec from a file. InvalidInputError lists every fault with its line."""
    return parse_spec(read_yaml(path))


def spec_from_object(document: Any) -> SandboxSpec:
    """A spec from an object that was already decoded (REST, the store); faults have no line."""
    return parse_spec(YamlDocument(document, {}, "the sandbox"))


def parse_spec(document: YamlDocument) -> SandboxSpec:
    """A spec from a parsed document. InvalidInputError lists every fault with its line."""
    root = Fields.of(document)
    root.only("apiVersion", "kind", "metadata", "spec", "status")
    root.choice("apiVersion", (API_VERSION,), "")
    root.choice("kind", (KIND,), "")
    name = _name(root.child("metadata"), "name", "sandbox")
    body = root.child("spec")
    body.only("mtls", "gateway", "services")
    mtls = body.choice("mtls", ("strict", "permissive", "off"), "strict")
    services = tuple(_service(fields) for fields in body.children("services"))
    gateway, gateway_port = _gateway(body)
    _check_together(body, services, gateway)
    root.finish(f"the sandbox of {document.source}")
    return SandboxSpec(name, services, gateway, gateway_port, msgspec.convert(mtls, Mtls))


def spec_object(spec: SandboxSpec) -> dict[str, Any]:
    """The spec as the document `parse_spec` reads."""
    body: dict[str, Any] = {"mtls": spec.mtls}
    if spec.gateway:
        body["gateway"] = {"service": spec.gateway, "port": spec.gateway_port}
    body["services"] = [_service_object(service) for service in spec.services]
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": spec.name},
        "spec": body,
    }


def _service_object(service: ServiceSpec) -> dict[str, Any]:
    versions = [
        {
            "name": version.name,
            "replicas": version.replicas,
            "latency": f"{version.latency_ms:g}ms",
            "errorRate": version.error_rate,
        }
        for version in service.versions
    ]
    document = {"name": service.name, "calls": list(service.calls), "versions": versions}
    return {**document, "echo": list(service.echo)} if service.echo else document


def _name(fields: Fields, key: str, of_what: str) -> str:
    text = fields.text(key)
    if text and not (is_name(text) and len(text) <= _LONGEST[of_what]):
        fields.fault(
            key,
            f"{text!r} is not the name of a {of_what}",
            f"lower case letters, digits and dashes, at most {_LONGEST[of_what]}",
        )
    return text


def _service(fields: Fields) -> ServiceSpec:
    fields.only("name", "calls", "versions", "echo")
    name = _name(fields, "name", "service")
    if name == GATEWAY_NAME:
        fields.fault("name", "is taken by the ingress gateway", "choose another name")
    versions = tuple(_version(child) for child in fields.children("versions"))
    for twice in _repeated(version.name for version in versions):
        fields.fault("versions", f"version {twice} is given twice")
    calls, echo = fields.texts("calls"), _echo(fields)
    return ServiceSpec(name, versions or (VersionSpec("v1"),), calls, echo)


def _echo(fields: Fields) -> tuple[str, ...]:
    protocols = fields.texts("echo")
    for position, protocol in enumerate(protocols):
        if protocol not in ECHO:
            hint = "one of " + ", ".join(ECHO)
            fields.fault(f"echo[{position}]", f"{protocol!r} is not possible", hint)
        elif protocol in protocols[:position]:
            fields.fault(f"echo[{position}]", f"{protocol} is given twice")
    return protocols


def _version(fields: Fields) -> VersionSpec:
    fields.only("name", "replicas", "latency", "errorRate")
    return VersionSpec(
        _name(fields, "name", "version"),
        fields.whole("replicas", 1, low=1, high=20),
        fields.duration_ms("latency"),
        fields.number("errorRate", 0.0, low=0, high=100),
    )


def _gateway(body: Fields) -> tuple[str, int]:
    if "gateway" not in body:
        return "", 0
    fields = body.child("gateway")
    fields.only("service", "port")
    return fields.text("service"), fields.whole("port", 0, low=0, high=65_535)


def _check_together(body: Fields, services: tuple[ServiceSpec, ...], gateway: str) -> None:
    names = {service.name for service in services}
    if not services:
        body.fault("services", "is empty", "a sandbox needs at least one service")
    for twice in _repeated(service.name for service in services):
        body.fault("services", f"service {twice} is given twice")
    if gateway and gateway not in names:
        body.fault("gateway.service", f"there is no service {gateway}")
    for position, service in enumerate(services):
        for place, called in enumerate(service.calls):
            if called not in names:
                body.fault(f"services[{position}].calls[{place}]", f"there is no service {called}")
    circle = _circle(services)
    if circle:
        body.fault(
            "services",
            "call in a circle: " + " -> ".join(circle),
            "a request to one of them would never end",
        )


def _repeated(names: Iterator[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1 and name)


def _circle(services: tuple[ServiceSpec, ...]) -> list[str]:
    calls = {service.name: service.calls for service in services}
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done or name not in calls:
            return []
        for called in calls[name]:
            found = walk(called, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in calls if (found := walk(name, []))), [])


def load_spec(name_or_path: str) -> SandboxSpec:
    """A bundled spec by its name, else a file by its path."""
    if name_or_path in bundled_names():
        return bundled_spec(name_or_path)
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml", ".json"} or path.exists():
        return read_spec(path)
    raise InvalidInputError(
        f"{name_or_path} is neither a bundled sandbox nor a file",
        remedy=f"bundled are {', '.join(bundled_names())}; a file is given as PATH.yaml",
    )
