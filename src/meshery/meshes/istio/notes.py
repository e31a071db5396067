"""What hosts, labels and fields of Istio's objects mean where they are read back."""

from collections.abc import Mapping
from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.istio.naming import CLUSTER_DOMAIN
from meshery.meshes.look import namespace_of

Native = Mapping[str, Any]


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
