"""The rules of one VirtualService, put together from what all behaviours of its host say.

Each behaviour adds layers. A layer that forwards says where requests go; any other says what is
done to them on the way. Rules begin with where requests go, more specific ones first, and end with
the host itself. Then each other layer is laid over every rule that it takes requests of; where it
takes only some of them, the rule is split in two. So a fault for one path reaches both halves of a
canary.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from meshery.adapters.draft import Draft, laid_over
from meshery.behaviours.model import Kind
from meshery.meshes.istio.condition import Condition, both, covers, is_unclear
from meshery.meshes.istio.matching import native_matches

Native = dict[str, Any]

DEFAULT_ATTEMPTS = 2
"""How often Istio tries again where nobody says anything (reference of VirtualService, 1.31)."""

FORWARDS = ("redirect", "directResponse", "delegate", "route")
"""The fields of a rule that say where requests go."""

_ORDER = (
    "name",
    "match",
    *FORWARDS,
    "rewrite",
    "timeout",
    "retries",
    "fault",
    "mirror",
    "mirrorPercentage",
    "mirrors",
    "corsPolicy",
    "headers",
)


class Layer(msgspec.Struct, frozen=True):
    """What one behaviour says of the requests that meet a condition.

    `forward` holds `route` or `redirect`, and is empty in a layer that does not forward; `fields`
    are other fields of a rule. With `subset` only rules that go to that subset alone are meant.
    """

    condition: Condition
    forward: Native = {}
    fields: Native = {}
    subset: str = ""


class Rule(msgspec.Struct, frozen=True):
    """A rule so far: what it takes, where that goes, and the layers that say so."""

    condition: Condition
    forward: Native
    layers: tuple[tuple[Draft, Layer], ...] = ()

    @property
    def fields(self) -> Native:
        """What is done to requests: all layers together, but of retries the last alone."""
        last = max((place for place, each in enumerate(self.layers) if _is_retry(each)), default=0)
        fields: Native = {}
        for place, each in enumerate(self.layers):
            if place >= last or not _is_retry(each):
                fields, _ = _over(fields, each[1].fields)
        return fields


def assembled(
    layers: Sequence[tuple[Draft, Layer]],
    default: Native,
    standing: Sequence[tuple[Draft, Layer]] = (),
) -> list[Rule]:
    """The rules in their order; `default` is where requests go that no layer forwards.

    Layers that change nothing say so in their drafts. Of rules that are `standing` those are kept
    that leave ours anything to do.
    """
    rules = _forwarding([each for each in layers if each[1].forward], default, standing)
    others = [each for each in layers if not each[1].forward]
    for draft, layer in sorted(
        others, key=lambda each: each[1].condition.specificity, reverse=True
    ):
        rules, changed = _laid(rules, draft, layer)
        if not changed:
            _tell_unused(draft, layer)
    for rule in rules:
        _tell_interplay(rule)
    return rules


def narrowed(rules: Sequence[Rule], condition: Condition) -> list[Rule]:
    """The rules, each only for requests that meet a condition too."""
    met = [(both(condition, rule.condition), rule) for rule in rules]
    return [msgspec.structs.replace(rule, condition=each) for each, rule in met if each is not None]


def written(rule: Rule) -> Native:
    """A rule as Istio writes it."""
    made = {**rule.forward, **rule.fields}
    matches = native_matches(rule.condition)
    if matches:
        made["match"] = matches
    if "retries" in made:
        made["retries"] = {"attempts": DEFAULT_ATTEMPTS, **made["retries"]}
    return {key: made[key] for key in _ORDER if key in made}


def _forwarding(
    layers: Sequence[tuple[Draft, Layer]],
    default: Native,
    standing: Sequence[tuple[Draft, Layer]],
) -> list[Rule]:
    rules: list[Rule] = []
    every = [*layers, *standing]
    for draft, layer in sorted(every, key=lambda each: each[1].condition.specificity):
        before = next((rule for rule in rules if covers(rule.condition, layer.condition)), None)
        if before is not None and (draft, layer) in standing:
            for other, _ in before.layers:
                other.note(f"takes the place of a rule of {draft.behaviour.name}")
            continue
        if before is not None:
            names = ", ".join(each.behaviour.name for each, _ in before.layers)
            draft.nearly(f"is never reached: {names} takes the same requests")
        rules.append(Rule(layer.condition, layer.forward, ((draft, layer),)))
    if not any(rule.condition.takes_all for rule in rules):
        rules.append(Rule(Condition(), default))
    return rules


def _laid(rules: Sequence[Rule], draft: Draft, layer: Layer) -> tuple[list[Rule], bool]:
    made: list[Rule] = []
    changed = False
    for rule in rules:
        met = both(layer.condition, rule.condition)
        if is_unclear(layer.condition, rule.condition):
            draft.nearly("leaves out requests of a rule by path: a regex may meet it or not")
        if met is None or "route" not in rule.forward or not _goes_to(rule, layer.subset):
            made.append(rule)
            continue
        changed = True
        made.append(_with(rule, draft, layer, met))
        if met != rule.condition:
            made.append(rule)
    return made, changed


def _with(rule: Rule, draft: Draft, layer: Layer, condition: Condition) -> Rule:
    same = [each.fields for _, each in rule.layers if each.condition == layer.condition]
    replaced = dict.fromkeys(place for each in same for place in _over(each, layer.fields)[1])
    if replaced:
        draft.note(f"{', '.join(replaced)} was said by another behaviour and is replaced")
    return Rule(condition, rule.forward, (*rule.layers, (draft, layer)))


def _over(below: Native, above: Native) -> tuple[Native, list[str]]:
    """Fields laid over one another; a delay or an abort, which has one form, is replaced whole."""
    fault, other = below.get("fault") or {}, above.get("fault") or {}
    kept = {key: value for key, value in fault.items() if key not in other}
    whole, replaced = laid_over({**below, "fault": kept} if fault else below, above)
    differs = [key for key in other if key in fault and fault[key] != other[key]]
    return whole, [*replaced, *(f"fault.{key}" for key in differs)]


def _goes_to(rule: Rule, subset: str) -> bool:
    """Whether all that a rule forwards goes to one subset; true where none is asked for."""
    used = [each for each in rule.forward.get("route", []) if each.get("weight", 1) > 0]
    return not subset or all(each["destination"].get("subset") == subset for each in used)


def _tell_unused(draft: Draft, layer: Layer) -> None:
    if not layer.subset:
        draft.nearly("is never reached: all its requests are redirected")
        return
    why = (
        f"no rule sends requests to {layer.subset} alone, and Istio has no such setting for one "
        "of several destinations"
    )
    kept = [each for each in draft.objects if each["kind"] != "VirtualService"]
    if any("trafficPolicy" in str(each["spec"]) for each in kept):
        draft.objects[:] = kept
        draft.dropped("target.subset", f"for what is done to requests: {why}")
    else:
        draft.unsupported(why, "send the requests that are meant to the subset by a route first")


def _tell_interplay(rule: Rule) -> None:
    fields = rule.fields
    if "fault" not in fields or not {"retries", "timeout"} & fields.keys():
        return
    for draft, _ in rule.layers:
        if draft.behaviour.kind in {Kind.FAULT, Kind.RETRY, Kind.TIMEOUT}:
            draft.nearly("where Istio injects a fault it does neither retries nor timeouts")


def _is_retry(each: tuple[Draft, Layer]) -> bool:
    return each[0].behaviour.kind is Kind.RETRY
