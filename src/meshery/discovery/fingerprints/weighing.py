"""Evidence and how sure it makes.

Observations of different types are taken as independent; within one type the heaviest counts, so
that fifty CRDs or a thousand proxies do not make a certainty out of one kind of sign.
"""

from collections.abc import Iterable, Mapping
from math import prod

from meshery.discovery.fingerprints.model import Evidence, EvidenceType


class Scale:
    """Weighs observations as the common table says."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights

    def evidence(
        self, kind: EvidenceType, object_: str, value: str, *, share: float = 1.0
    ) -> Evidence:
        """One observation; `share` lowers the weight of a weaker one of its type."""
        return Evidence(kind, object_, value, round(self._weights[kind] * share, 3))


def confidence(evidence: Iterable[Evidence]) -> float:
    """From 0 (nothing seen) to 1, three digits."""
    heaviest: dict[str, float] = {}
    for each in evidence:
        heaviest[each.type] = max(heaviest.get(each.type, 0.0), each.weight)
    return round(1 - prod(1 - weight for weight in heaviest.values()), 3)
