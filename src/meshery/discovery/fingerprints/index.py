"""Where in a cluster an image or a container's name stands.

A cluster has many pods and few images; tables are held against images, so that thirteen of them do
not read every pod.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from meshery.discovery.fingerprints.images import ImageReference
from meshery.discovery.fingerprints.patterns import image_strength
from meshery.discovery.fingerprints.pods import Pod, Workload
from meshery.discovery.fingerprints.rows import Images


@dataclass(frozen=True, slots=True)
class Index:
    """Positions of pods or workloads by image, container name and namespace."""

    by_image: Mapping[ImageReference, Sequence[int]]
    by_container: Mapping[str, Sequence[int]]
    by_namespace: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, things: Iterable[Pod | Workload]) -> "Index":
        """Read all of them once."""
        images: defaultdict[ImageReference, list[int]] = defaultdict(list)
        names: defaultdict[str, list[int]] = defaultdict(list)
        homes: defaultdict[str, list[int]] = defaultdict(list)
        for position, thing in enumerate(things):
            homes[thing.owner.namespace].append(position)
            for container in thing.containers:
                if container.runs:
                    images[container.image].append(position)
                    names[container.name].append(position)
        return cls(images, names, homes)

    def candidates(
        self,
        images: Sequence[Images],
        *,
        containers: Iterable[str] = (),
        namespaces: Iterable[str] = (),
    ) -> list[int]:
        """Positions of what a table should look at, in order, each once."""
        found: set[int] = set()
        for image, positions in self.by_image.items():
            if any(image_strength(image, row) for row in images):
                found.update(positions)
        for name in containers:
            found.update(self.by_container.get(name, ()))
        for home in namespaces:
            found.update(self.by_namespace.get(home, ()))
        return sorted(found)
