"""What is read from native objects: documents of behaviours, and lines of what is left over."""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.istio.naming import CLUSTER_DOMAIN
from meshery.meshes.look import namespace_of

Native = Mapping[str, Any]


class Notes:
    """Documents and lines so far; names of documents are told apart."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self.lines: list[str] = []

    def add(
        self,
        name: str,
        kind: str,
        target: Mapping[str, Any],
        params: Mapping[str, Any],
        *,
        source: str = "",
    ) -> None:
        """A behaviour; a name that is taken gets a number."""
        taken = {each["name"] for each in self.documents}
        told, count = name, 1
        while told in taken:
            count += 1
            told = f"{name}-{count}"
        document = {"name": told, "kind": kind, "target": dict(target), "params": dict(params)}
        if source:
            document["source"] = source
        self.documents.append(document)

    def left(self, line: str) -> None:
        """Something that no behaviour says."""
        if line not in self.lines:
            self.lines.append(line)


def target_of(host: str, namespace: str) -> dict[str, str]:
    """The target that a host is, as an object of a namespace names it."""
    name, home = split_host(host, namespace)
    return {"service": name, "namespace": home} if home else {"service": name}


def split_host(host: str, namespace: str) -> tuple[str, str]:
    """Name and namespace of a Service; a host that is none keeps its whole name."""
    if host.startswith("*"):
        inner = host.removeprefix("*.").removesuffix(f"svc.{CLUSTER_DOMAIN}").rstrip(".")
        return "*", "" if inner in {"*", "", "local"} else inner
    short = host.removesuffix(f".svc.{CLUSTER_DOMAIN}")
    if short != host or "." not in host:
        name, _, home = short.partition(".")
        return name, home or namespace
    return host, ""


def own(made: Object, field: str) -> Any:
    """A field of an object's spec; None where it has none."""
    return (made.get("spec") or {}).get(field)


def service_of_labels(labels: Native, made: Object) -> tuple[dict[str, str], Native]:
    """The target that labels select, by the customary label of its name, and what else they ask."""
    rest = {key: value for key, value in labels.items() if key != "app"}
    name = labels.get("app") or rest.pop("app.kubernetes.io/name", "")
    target = {"service": str(name or "*"), "namespace": namespace_of(made)}
    if set(rest) == {"version"}:
        target["subset"] = str(rest.pop("version"))
    return target, rest
