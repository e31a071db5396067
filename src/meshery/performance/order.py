"""What may be ordered as a run: the body of `POST /api/performance/runs`.

One of

    {"profile": "NAME OR ID", "consent": false, "name": ""}
    {"profile": {...a profile...}, "consent": false, "name": ""}
    {"overhead": {"sandbox": "shop", "source": "web", "destination": "api", "rate_rps": 1000,
                  "duration": "10s", "warmup": "1s", "connections": 16, "path": "/",
                  "lower_rate": true, "seed": 1, "name": ""}}
    {"functions": {"sandbox": "shop", ..., "functions": ["mtls", "access"], "duration": "5s"}}

Every fault is told at once with its line.
"""

import msgspec

from meshery.core.yamlfile import YamlDocument, parse_yaml
from meshery.performance.model import FUNCTIONS, FunctionsRequest, OverheadRequest, Profile
from meshery.performance.profile import read_profile
from meshery.sandbox.reading import Fields

_HIGH = 1e9


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run: exactly one of the four is set. `reference` names a stored profile."""

    reference: str = ""
    profile: Profile | None = None
    overhead: OverheadRequest | None = None
    functions: FunctionsRequest | None = None
    name: str = ""
    consent: bool = False


def parse_order(raw: bytes, *, source: str = "the request") -> Order:
    """Read a body. InvalidInputError with every fault and its line."""
    document = parse_yaml(raw, source=source)
    fields = Fields.of(document)
    fields.only("profile", "overhead", "functions", "name", "consent")
    found = [key for key in ("profile", "overhead", "functions") if key in fields]
    if len(found) != 1:
        fields.fault("profile", "one of profile, overhead and functions must stand here")
        fields.finish(source, code="meshery.performance.order")
    order = _read(found[0], fields, document)
    fields.finish(source, code="meshery.performance.order")
    return order


def _read(what: str, fields: Fields, document: YamlDocument) -> Order:
    if what == "overhead":
        return Order(overhead=_overhead(fields.child("overhead")))
    if what == "functions":
        return Order(functions=_functions(fields.child("functions")))
    name = fields.text("name", "")
    consent = fields.truth("consent", default=False)
    given = document.data["profile"]
    if isinstance(given, str):
        return Order(reference=given, name=name, consent=consent)
    return Order(profile=_inline(document), name=name, consent=consent)


def _inline(document: YamlDocument) -> Profile:
    """The profile within; its faults keep their lines."""
    prefix = "profile."
    lines = {
        path.removeprefix(prefix): line
        for path, line in document.lines.items()
        if path.startswith(prefix)
    }
    inner = YamlDocument(document.data["profile"], lines, document.source)
    return read_profile(inner)


def _overhead(fields: Fields) -> OverheadRequest:
    fields.only(
        "sandbox", "source", "destination", "rate_rps", "duration", "warmup", "connections",
        "path", "lower_rate", "seed", "name",
    )  # fmt: skip
    default = OverheadRequest(sandbox="")
    return OverheadRequest(
        sandbox=fields.text("sandbox"),
        source=fields.text("source", default.source),
        destination=fields.text("destination", default.destination),
        rate_rps=fields.number("rate_rps", default.rate_rps, low=1, high=_HIGH),
        duration_s=_seconds(fields, "duration", default.duration_s, low=1.0),
        warmup_s=_seconds(fields, "warmup", default.warmup_s),
        connections=fields.whole("connections", default.connections, low=1, high=100_000),
        path=_path(fields, default.path),
        lower_rate=fields.truth("lower_rate", default=default.lower_rate),
        seed=fields.whole("seed", default.seed, low=0, high=2**31),
        name=fields.text("name", ""),
    )


def _functions(fields: Fields) -> FunctionsRequest:
    fields.only(
        "sandbox", "source", "destination", "functions", "rate_rps", "duration", "warmup",
        "connections", "path", "seed", "name",
    )  # fmt: skip
    default = FunctionsRequest(sandbox="")
    names = fields.texts("functions") if "functions" in fields else FUNCTIONS
    for position, name in enumerate(names):
        if name not in FUNCTIONS:
            choice = "one of " + ", ".join(FUNCTIONS)
            fields.fault(f"functions[{position}]", f"{name!r} cannot be measured", choice)
    return FunctionsRequest(
        sandbox=fields.text("sandbox"),
        source=fields.text("source", default.source),
        destination=fields.text("destination", default.destination),
        functions=names,
        rate_rps=fields.number("rate_rps", default.rate_rps, low=1, high=_HIGH),
        duration_s=_seconds(fields, "duration", default.duration_s, low=1.0),
        warmup_s=_seconds(fields, "warmup", default.warmup_s),
        connections=fields.whole("connections", default.connections, low=1, high=100_000),
        path=_path(fields, default.path),
        seed=fields.whole("seed", default.seed, low=0, high=2**31),
        name=fields.text("name", ""),
    )


def _path(fields: Fields, default: str) -> str:
    path = fields.text("path", default)
    if not path.startswith("/") or any(character <= " " for character in path):
        fields.fault("path", f"{path!r} is no path", "it begins with / and holds no space")
    return path


def _seconds(fields: Fields, key: str, default_s: float, *, low: float = 0.0) -> float:
    seconds = fields.duration_ms(key, default_s * 1000) / 1000
    if seconds < low:
        fields.fault(key, f"must be at least {low:g}s")
    return seconds
