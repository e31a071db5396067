"""Reading native objects back: the behaviours that they come to, and what has no equivalent."""

from collections.abc import Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.core.durations import format_duration
from meshery.meshes.look import dig, name_of, namespace_of, of_kind, told

Answer = tuple[Sequence[Mapping[str, Any]], Sequence[str]]


class Translation:
    """Documents of neutral behaviours so far, and a line for each thing that is lost."""

    def __init__(self, objects: Sequence[Object]) -> None:
        self.objects = objects
        self._documents: list[dict[str, Any]] = []
        self._lost: list[str] = []

    def behaviour(
        self,
        name: str,
        kind: str,
        target: Mapping[str, Any],
        params: Mapping[str, Any],
        *,
        source: str = "",
    ) -> None:
        """One behaviour; a name that is taken gets a number."""
        taken = {each["name"] for each in self._documents}
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}-{number}", number + 1
        document: dict[str, Any] = {"name": unique, "kind": kind, "target": dict(target)}
        if source:
            document["source"] = source
        self._documents.append({**document, "params": dict(params)})

    def lost(self, found: Object, what: str) -> None:
        """Something that no behaviour says, with the object that says it."""
        self._lost.append(f"{told(found)}: {what}")

    def answer(self) -> Answer:
        """Documents and lost things, each in the order in which they were found."""
        return tuple(self._documents), tuple(dict.fromkeys(self._lost))

    def service_of(self, found: Object, account: str, namespace: str) -> str:
        """The service whose pods run as an account; that of the account's name where nobody says.

        It is told by the workloads and the Services among the objects.
        """
        for workload in self.objects:
            if dig(workload, "spec.template.spec.serviceAccountName") != account:
                continue
            labels = dig(workload, "spec.template.metadata.labels") or {}
            for service in of_kind(self.objects, "Service", ""):
                selector = dig(service, "spec.selector") or {}
                same = namespace_of(service) == namespace_of(workload) == namespace
                if same and selector and selector.items() <= labels.items():
                    return name_of(service)
        services = of_kind(self.objects, "Service", "")
        if (account, namespace) not in {(name_of(each), namespace_of(each)) for each in services}:
            self.lost(found, f"account {account} is taken to be that of the service {account}")
        return account


def target(service: str, namespace: str, **more: Any) -> dict[str, Any]:
    """A target of a document."""
    return {"service": service, "namespace": namespace, **more}


def duration(milliseconds: float) -> str:
    """A duration of a document."""
    return format_duration(milliseconds / 1000)


def identity(namespace: str, account: str) -> str:
    """The SPIFFE id of an account, in the trust domain that meshes have unless they are told."""
    return f"spiffe://cluster.local/ns/{namespace}/sa/{account}"
