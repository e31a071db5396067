"""DestinationRules as Istio reads them: whole, since less is inherited there than one may expect.

Of several rules for a host one alone holds for a proxy: that with the nearest name, and one with a
workloadSelector before one without. Settings of a port replace those of the host altogether, those
of a subset replace each field whole. What shall hold together is therefore written together here.

Source: Istio's reference of DestinationRule, 1.31, read on 2026-11-22.
"""

import copy
from collections.abc import Sequence
from typing import Any

from meshery.adapters.draft import laid_over
from meshery.meshes.istio.naming import seconds

Native = dict[str, Any]

OUTLIERS: Native = {
    "consecutive5xxErrors": 5,
    "interval": seconds(10_000),
    "baseEjectionTime": seconds(30_000),
}
"""Istio's own values, written where a locality needs to know which instances fail."""

_NOT_OF_PORTS = ("portLevelSettings", "retryBudget")


def finished(rules: Sequence[Native]) -> set[str]:
    """Complete the rules in place; answers the hosts for which outlier detection was added."""
    for rule in sorted(rules, key=_nearness):
        spec = rule["spec"]
        for wider in sorted(rules, key=_nearness, reverse=True):
            if wider is not rule and _holds_too(wider["spec"], spec):
                _lay_under(wider["spec"], spec)
    return {rule["spec"]["host"] for rule in rules if _complete(rule)}


def _nearness(rule: Native) -> tuple[bool, bool, int]:
    """Wide rules first: those that others inherit from."""
    host = rule["spec"]["host"]
    return "workloadSelector" in rule["spec"], not host.startswith("*"), host.count(".")


def _holds_too(wide: Native, narrow: Native) -> bool:
    """Whether a rule would hold for a host (and callers) if the narrow one were not there."""
    selector = wide.get("workloadSelector")
    if selector is not None and selector != narrow.get("workloadSelector"):
        return False
    if wide["host"] == narrow["host"]:
        return selector is None and "workloadSelector" in narrow
    hosts = str(wide["host"]), str(narrow["host"])
    return hosts[0].startswith("*") and hosts[1].endswith(hosts[0][1:])


def _lay_under(wide: Native, narrow: Native) -> None:
    kept = {key: wide[key] for key in ("trafficPolicy", "subsets") if key in wide}
    if narrow["host"] != wide["host"]:
        kept.pop("subsets", None)
    whole, _ = laid_over(kept, {key: narrow[key] for key in kept if key in narrow})
    narrow.update(whole)


def _complete(rule: Native) -> bool:
    spec = rule["spec"]
    policy = spec.pop("trafficPolicy", {})
    subsets = spec.pop("subsets", {})
    added = _with_outliers(policy)
    if policy:
        spec["trafficPolicy"] = _with_ports(policy, policy)
    if subsets:
        spec["subsets"] = []
    for name, subset in sorted(subsets.items()):
        made = {"name": name, "labels": subset["labels"]}
        if subset.get("trafficPolicy"):
            own, _ = laid_over(
                {key: policy[key] for key in policy if key in subset["trafficPolicy"]},
                subset["trafficPolicy"],
            )
            added = _with_outliers(own) or added
            made["trafficPolicy"] = _with_ports(own, laid_over(policy, own)[0])
        spec["subsets"].append(made)
    return added


def _with_outliers(policy: Native) -> bool:
    """Add what locality needs to the policy and those of its ports; answers whether it did."""
    added = False
    for each in (policy, *policy.get("portLevelSettings", {}).values()):
        near = "localityLbSetting" in each.get("loadBalancer", {})
        if near and "outlierDetection" not in each and "outlierDetection" not in policy:
            each["outlierDetection"] = copy.deepcopy(OUTLIERS)
            added = True
    return added


def _with_ports(policy: Native, whole: Native) -> Native:
    """The policy with its ports as a list, each with what else holds for them."""
    below = {key: value for key, value in whole.items() if key not in _NOT_OF_PORTS}
    ports = [
        {"port": {"number": number}, **laid_over(below, settings)[0]}
        for number, settings in sorted(policy.get("portLevelSettings", {}).items())
    ]
    made = {key: value for key, value in policy.items() if key != "portLevelSettings"}
    return {**made, **({"portLevelSettings": ports} if ports else {})}
