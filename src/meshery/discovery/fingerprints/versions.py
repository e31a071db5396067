"""Versions: from an image's tag, from labels, or from another object that names the same digest."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshery.discovery.fingerprints.fields import dig, each_mapping, sequence, text
from meshery.discovery.fingerprints.images import ImageReference, parse_image
from meshery.discovery.fingerprints.model import UNKNOWN
from meshery.discovery.fingerprints.snapshot import Snapshot

VERSION_LABELS = ("app.kubernetes.io/version", "operator.istio.io/version")
CHART_LABELS = ("helm.sh/chart", "chart")

_VERSION = re.compile(r"(?:[a-z]+-)?v?\d+(?:\.\d+)+(?:[-+.][A-Za-z0-9.-]+)?")
_CHART = re.compile(r".*?-(v?\d+\.\d+.*)")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Digests:
    """Tags by digest, as nodes and running containers name both."""

    tags: Mapping[str, str]

    @classmethod
    def read(cls, snapshot: Snapshot) -> "Digests":
        """Collect them; where an image has several tags, the first that is a version holds."""
        tags: dict[str, str] = {}
        for node in snapshot.of("Node"):
            for image in each_mapping(dig(node, "status.images")):
                _note(tags, [text(each) for each in sequence(image.get("names"))])
        for pod in snapshot.of("Pod"):
            for part in ("containers", "initContainers"):
                for container in each_mapping(dig(pod, f"spec.{part}")):
                    _note(tags, [text(container.get("image"))])
            for part in ("containerStatuses", "initContainerStatuses"):
                for status in each_mapping(dig(pod, f"status.{part}")):
                    _note(tags, [text(status.get("image")), text(status.get("imageID"))])
        return cls(tags)

    def tag(self, image: ImageReference) -> str:
        """The image's own tag when it is a version, else that of its digest."""
        if looks_like_version(image.tag):
            return image.tag
        return self.tags.get(image.digest, "")


def looks_like_version(tag: str) -> bool:
    """Whether a tag names a release: `1.24.1`, `v2.13`, `edge-26.9.1`, `1.21.5-asm.7`."""
    return bool(_VERSION.fullmatch(tag))


def normal(version: str, flavours: Iterable[str]) -> str:
    """A version without a leading `v` and without how its image was built."""
    kept = True
    while kept:
        kept = False
        for flavour in flavours:
            if version.endswith(f"-{flavour}"):
                version, kept = version.removesuffix(f"-{flavour}"), True
    return version[1:] if re.match(r"v\d", version) else version


def labelled_version(labels: Mapping[str, str]) -> str:
    """The version that labels name: the standard one first, then the chart's."""
    for key in VERSION_LABELS:
        if looks_like_version(labels.get(key, "")):
            return labels[key]
    for key in CHART_LABELS:
        found = _CHART.fullmatch(labels.get(key, ""))
        if found:
            return found[1].replace("_", "+")
    return ""


def minor(version: str) -> tuple[int, ...]:
    """Major and minor number."""
    return tuple(int(part) for part in _NUMBERS.findall(version)[:2])


def order(version: str) -> tuple[int, ...]:
    """A key that sorts versions by their numbers; unknown ones come first."""
    return tuple(int(part) for part in _NUMBERS.findall(version)) if version != UNKNOWN else ()


def _note(tags: dict[str, str], names: list[str]) -> None:
    images = [parse_image(each) for each in names]
    digest = next((image.digest for image in images if image.digest), "")
    tag = next((image.tag for image in images if looks_like_version(image.tag)), "")
    if digest and tag:
        tags.setdefault(digest, tag)
