"""Reading one value from where a table says it stands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import parse_yaml
from meshery.discovery.fingerprints.cluster import Cluster
from meshery.discovery.fingerprints.fields import EMPTY, annotations, dig, text
from meshery.discovery.fingerprints.pods import Container, Pod, Workload
from meshery.discovery.fingerprints.rows import REVISION, Mark, Source

REDACTED = "[REDACTED]"
"""What a keeper writes in place of a value."""

DEFAULT_REVISION = "default"


@dataclass(frozen=True, slots=True)
class Place:
    """One object with what surrounds it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    containers: tuple[Container, ...]
    namespace_labels: Mapping[str, str]
    data: Callable[[str], Mapping[str, str]]
    revision: str = ""


def place_of(thing: Workload | Pod, cluster: Cluster, *, revision: str = "") -> Place:
    """A workload or pod with its namespace and the ConfigMaps beside it."""
    home = thing.owner.namespace
    return Place(
        labels=thing.labels,
        annotations=thing.annotations,
        containers=thing.containers,
        namespace_labels=cluster.namespace_labels(home),
        data=lambda name: cluster.data(home, name),
        revision=revision,
    )


def first_value(sources: Iterable[Source], place: Place) -> str:
    """The first value that is there; empty when none is."""
    return next((value for source in sources if (value := read_source(source, place))), "")


def read_source(source: Source, place: Place) -> str:
    """The value at one source; empty when it is not there or was redacted."""
    raw = _raw(source, place)
    if not raw or raw == REDACTED:
        return ""
    return raw if source.format == "text" else text(dig(_parsed(raw), source.path))


def config_map_name(pattern: str, revision: str) -> str:
    """A ConfigMap's name for a revision."""
    ending = "" if revision in {"", DEFAULT_REVISION} else f"-{revision}"
    return pattern.replace(REVISION, ending)


def mark_fits(mark: Mark, pod: Pod, cluster: Cluster) -> str:
    """The value of a mark that a pod or its namespace carries; empty when it does not fit."""
    value = marked(mark.where, mark.key, pod, cluster)
    return value if value and (not mark.values or value in mark.values) else ""


def marked(where: str, key: str, pod: Pod, cluster: Cluster) -> str:
    """The label or annotation, on the pod or its namespace."""
    if where == "pod-label":
        return pod.labels.get(key, "")
    if where == "pod-annotation":
        return pod.annotations.get(key, "")
    if where == "namespace-label":
        return cluster.namespace_labels(pod.namespace).get(key, "")
    return annotations(cluster.namespaces.get(pod.namespace, EMPTY)).get(key, "")


def argument_value(name: str, containers: Iterable[Container]) -> str:
    """The value of a flag, `-name=value` or `-name value`, also inside a shell's command line."""
    words = [part for each in containers for word in each.words for part in word.split()]
    for position, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word[len(name) + 1 :].strip("\"'")
        if word == name:
            return words[position + 1] if position + 1 < len(words) else ""
    return ""


def _raw(source: Source, place: Place) -> str:
    if source.label:
        chosen = place.namespace_labels if source.of_namespace else place.labels
        return chosen.get(source.label, "")
    if source.annotation:
        return place.annotations.get(source.annotation, "")
    if source.env:
        found = (each.environment.get(source.env, "") for each in place.containers)
        return next((value for value in found if value), "")
    if source.argument:
        return argument_value(source.argument, place.containers)
    return place.data(config_map_name(source.config_map, place.revision)).get(source.key, "")


def _parsed(raw: str) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        pass
    try:
        return parse_yaml(raw, source="a value in a cluster").data
    except InvalidInputError:
        return None
