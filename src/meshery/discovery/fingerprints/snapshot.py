"""What the engine reads: the objects of one cluster, as somebody else keeps them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from meshery.discovery.fingerprints.fields import name, text


class Snapshot(Protocol):
    """The redacted objects of one cluster at one moment."""

    @property
    def cluster_id(self) -> str:
        """UID of the namespace `kube-system`."""

    @property
    def cluster_name(self) -> str:
        """What people call the cluster."""

    def of(self, kind: str, group: str = "") -> Sequence[Mapping[str, Any]]:
        """All objects of a kind, whole documents; the group is without its version."""

    def crds(self) -> Collection[str]:
        """Names of the CRDs there are, such as `virtualservices.networking.istio.io`."""


class MemorySnapshot:
    """A snapshot over plain documents, as a file or a list gives them."""

    def __init__(
        self,
        documents: Iterable[Mapping[str, Any]],
        *,
        cluster_id: str = "",
        cluster_name: str = "",
    ) -> None:
        self.cluster_id = cluster_id
        self.cluster_name = cluster_name
        self._objects: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for document in documents:
            group = text(document.get("apiVersion")).rpartition("/")[0]
            self._objects.setdefault((text(document.get("kind")), group), []).append(document)

    def of(self, kind: str, group: str = "") -> Sequence[Mapping[str, Any]]:
        """All objects of a kind."""
        return self._objects.get((kind, group), [])

    def crds(self) -> Collection[str]:
        """The names of the CustomResourceDefinitions among the documents."""
        return {name(each) for each in self.of("CustomResourceDefinition", "apiextensions.k8s.io")}
