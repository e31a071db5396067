"""Two results beside each other: what changed, by how much, and may it be said at all.

Differences of the environments come first: numbers of different hosts, kernels, proxies or loads
are not compared unless that is forced. A result that is not valid wins nothing.

The interval of a difference of two independent estimates is recovered from their own intervals
(MOVER: G. Y. Zou, A. Donner, Statistics in Medicine 27(10), 2008). Both runs stood at different
times, so drift of the host between them is not inside the interval; interleaved arms of one run
have no such gap.
"""

from collections.abc import Iterator
from math import hypot
from typing import Literal

import msgspec

from meshery.core.errors import ConflictError, InvalidInputError, Problem
from meshery.performance.model import Validity
from meshery.performance.result import Interval, Result

Side = Literal["base", "other", "neither"]
_ENVIRONMENT = (
    "host", "platform", "kernel", "cpu_model", "cpu_count", "memory_mb", "python_version",
    "envoy_version", "mesh", "sandbox_digest", "proxy_settings", "load_generator", "scheduling",
)  # fmt: skip
_LOAD = ("mode", "schedule", "path", "hops")
_REQUEST = ("connections", "endpoints")


class Difference(msgspec.Struct, frozen=True):
    """One thing that both runs did not share."""

    name: str
    base: str
    other: str


class ComparedValue(msgspec.Struct, frozen=True, kw_only=True):
    """One number of both results; `delta` is other minus base, `better` the side it favours."""

    name: str
    title: str
    unit: str
    base: float
    other: float
    delta: Interval
    change_share: float
    distinguishable: bool
    better: Side


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two results compared. `winner` is the side the first value favours, if it may be believed."""

    base_id: str
    other_id: str
    base_name: str
    other_name: str
    kind: str
    base_validity: Validity
    other_validity: Validity
    differences: tuple[Difference, ...]
    forced: bool
    values: tuple[ComparedValue, ...]
    winner: Side
    sentence: str
    notes: tuple[str, ...]


def compare(base: Result, other: Result, *, force: bool = False) -> Comparison:
    """Compare two results of one kind.

    InvalidInputError when their kinds differ; ConflictError listing every difference of environment
    or load unless `force`.
    """
    if base.kind != other.kind:
        raise InvalidInputError(
            f"a result of kind {base.kind} cannot be compared with one of kind {other.kind}",
            remedy="compare two results of one kind",
            code="meshery.comparison.kind",
        )
    differences = tuple(_differences(base, other))
    if differences and not force:
        raise _refusal(base, other, differences)
    values = tuple(_values(base, other))
    winner = _winner(base, other, values)
    return Comparison(
        base_id=base.id,
        other_id=other.id,
        base_name=base.name,
        other_name=other.name,
        kind=base.kind,
        base_validity=base.validity,
        other_validity=other.validity,
        differences=differences,
        forced=bool(differences),
        values=values,
        winner=winner,
        sentence=_sentence(base, other, values),
        notes=tuple(_notes(base, other, differences)),
    )


def difference(base: Interval, other: Interval) -> Interval:
    """`other` minus `base`, both independent, with the interval recovered from theirs."""
    value = other.value - base.value
    low = value - hypot(other.value - other.low, base.high - base.value)
    high = value + hypot(other.high - other.value, base.value - base.low)
    return Interval(value, low, high)


def _differences(base: Result, other: Result) -> Iterator[Difference]:
    # Of a closed loop the rate is what came out; what went in is the number of connections.
    load = _LOAD if base.mode == other.mode == "closed" else (*_LOAD, "rate_rps")
    places = ((base, other, load), (base.environment, other.environment, _ENVIRONMENT))
    pairs = [
        (name, getattr(left, name), getattr(right, name))
        for left, right, names in places
        for name in names
    ]
    pairs += [(name, base.request.get(name), other.request.get(name)) for name in _REQUEST]
    for name, one, two in pairs:
        if one != two:
            yield Difference(name, _written(one), _written(two))


def _values(base: Result, other: Result) -> Iterator[ComparedValue]:
    if base.kind == "overhead":
        yield from _pairs(base.delta_us, other.delta_us, "delta_{}_us", "mesh adds at {}")
        if base.proxy and other.proxy:
            one, two = (
                Interval(
                    use.cpu_us_per_request,
                    use.cpu_us_per_request_low,
                    use.cpu_us_per_request_high,
                )
                for use in (base.proxy, other.proxy)
            )
            yield _value("proxy_cpu_us_per_request", "proxy CPU per request", one, two)
    for name in base.arms:
        if name in other.arms:
            one_arm, two_arm = base.arms[name].interval_us, other.arms[name].interval_us
            yield from _pairs(one_arm, two_arm, f"{name}_{{}}_us", f"{name}, {{}}")
    yield from _functions(base, other)


def _functions(base: Result, other: Result) -> Iterator[ComparedValue]:
    theirs = {cost.name: cost for cost in other.functions}
    for cost in base.functions:
        twin = theirs.get(cost.name)
        if twin is not None:
            name, title = f"{cost.name}_{{}}_us", f"{cost.title} adds at {{}}"
            yield from _pairs(cost.delta_us, twin.delta_us, name, title)


def _pairs(
    base: dict[str, Interval], other: dict[str, Interval], name: str, title: str
) -> Iterator[ComparedValue]:
    for percentile, one in base.items():
        if percentile in other:
            title_of = title.format(percentile)
            yield _value(name.format(percentile), title_of, one, other[percentile])


def _value(name: str, title: str, base: Interval, other: Interval) -> ComparedValue:
    delta = difference(base, other)
    better: Side = "neither"
    if not delta.holds_zero:
        better = "other" if delta.value < 0 else "base"
    return ComparedValue(
        name=name,
        title=title,
        unit="us",
        base=base.value,
        other=other.value,
        delta=delta,
        change_share=delta.value / base.value if base.value else 0.0,
        distinguishable=not delta.holds_zero,
        better=better,
    )


def _winner(base: Result, other: Result, values: tuple[ComparedValue, ...]) -> Side:
    """The side that the first value favours, if that side is valid."""
    favoured = values[0].better if values else "neither"
    sides = {"base": base, "other": other}
    if favoured in sides and sides[favoured].validity is Validity.VALID:
        return favoured
    return "neither"


def _sentence(base: Result, other: Result, values: tuple[ComparedValue, ...]) -> str:
    if not values:
        return "The results share no number that could be compared."
    first = values[0]
    interval = f"{first.delta.low:+,.0f} to {first.delta.high:+,.0f} us"
    if not first.distinguishable:
        return (
            f"No difference can be told ({first.title}): "
            f"{first.delta.value:+,.0f} us, and the interval {interval} holds zero."
        )
    way = "less" if first.delta.value < 0 else "more"
    told = (
        f"{other.name} has {abs(first.delta.value):,.0f} us {way} than {base.name} "
        f"({first.title}; {interval})."
    )
    sides = {"base": base, "other": other}
    favoured = sides.get(first.better)
    if favoured is not None and favoured.validity is not Validity.VALID:
        told += f" It wins nothing, since {favoured.name} is {favoured.validity.value}."
    return told


def _notes(base: Result, other: Result, differences: tuple[Difference, ...]) -> Iterator[str]:
    if differences:
        names = ", ".join(each.name for each in differences)
        yield f"Compared although these differ: {names}."
    for result in (base, other):
        if result.validity is not Validity.VALID:
            yield f"{result.name} is {result.validity.value}: {'; '.join(result.reasons)}."
    yield "Both runs stood at different times: drift of the host is not inside the intervals."


def _refusal(base: Result, other: Result, differences: tuple[Difference, ...]) -> ConflictError:
    told = [f"{each.name}: {each.base} against {each.other}" for each in differences]
    return ConflictError(
        f"{base.name} and {other.name} were not taken under the same conditions",
        cause="; ".join(told),
        remedy="measure both under the same conditions, or compare them anyway with --force",
        code="meshery.comparison.environment",
        problems=[Problem(each.name, line) for each, line in zip(differences, told, strict=True)],
    )


def _written(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(_written(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in sorted(value.items())) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "unknown"
