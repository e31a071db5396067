"""Admission webhooks: which are a mesh's, and which pods an injector selects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meshery.discovery.fingerprints.fields import (
    dig,
    each_mapping,
    instant,
    labels,
    mapping,
    name,
    selects,
    sequence,
    text,
)
from meshery.discovery.fingerprints.patterns import fits
from meshery.discovery.fingerprints.snapshot import Snapshot

GROUP = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook of a configuration; it calls a Service of the cluster or a `url` outside."""

    configuration: str
    name: str
    mutating: bool
    labels: Mapping[str, str]
    service: tuple[str, str]
    url: str
    ca_bundle: str
    ignores_failure: bool
    handles_pods: bool
    created: datetime | None
    namespace_selector: Any
    object_selector: Any

    @property
    def is_narrow(self) -> bool:
        """Whether its selectors ask for a label, not only for the absence of some."""
        return _asks(self.namespace_selector) or _asks(self.object_selector)

    def named(self, patterns: tuple[str, ...]) -> bool:
        """Whether it or its configuration has one of these names."""
        return fits(self.configuration, patterns) or fits(self.name, patterns)

    def selects(self, pod: Mapping[str, str], home: Mapping[str, str]) -> bool:
        """Whether the API server asks it about a pod with these labels in such a namespace."""
        return (
            self.handles_pods
            and selects(self.namespace_selector, home)
            and selects(self.object_selector, pod)
        )


def read_webhooks(snapshot: Snapshot) -> tuple[Webhook, ...]:
    """All webhooks, mutating ones first."""
    return tuple(
        _webhook(raw, configuration, mutating=kind.startswith("Mutating"))
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
        for configuration in snapshot.of(kind, GROUP)
        for raw in each_mapping(configuration.get("webhooks"))
    )


def _asks(selector: Any) -> bool:
    rules = each_mapping(mapping(selector).get("matchExpressions"))
    exact = mapping(mapping(selector).get("matchLabels"))
    return bool(exact) or any(rule.get("operator") in {"In", "Exists"} for rule in rules)


def _webhook(
    raw: Mapping[str, Any], configuration: Mapping[str, Any], *, mutating: bool
) -> Webhook:
    client = mapping(raw.get("clientConfig"))
    resources = (sequence(rule.get("resources")) for rule in each_mapping(raw.get("rules")))
    return Webhook(
        configuration=name(configuration),
        name=text(raw.get("name")),
        mutating=mutating,
        labels=labels(configuration),
        service=(text(dig(client, "service.namespace")), text(dig(client, "service.name"))),
        url=text(client.get("url")),
        ca_bundle=text(client.get("caBundle")),
        ignores_failure=raw.get("failurePolicy") == "Ignore",
        handles_pods=any({"pods", "*", "*/*"} & set(map(text, each)) for each in resources),
        created=instant(dig(configuration, "metadata.creationTimestamp")),
        namespace_selector=raw.get("namespaceSelector"),
        object_selector=raw.get("objectSelector"),
    )
