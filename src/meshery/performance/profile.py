"""Profiles as text: what a file or a request body says, and the caps it must keep.

    name: shop-web
    url: http://127.0.0.1:8080/        # or `endpoints:`, a list of {url, method, headers, body}
    mode: open                         # open (latency) or closed (throughput only)
    schedule: uniform                  # uniform, poisson, ramp (to `ramp_to_rps`) or steps
    rate_rps: 500
    connections: 16
    duration: 30s                      # durations as Go writes them
    thresholds: {p99_us: 20000, error_rate: 0.01}

JSON reads the same. Every fault is told at once with its line.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from meshery.core.durations import format_duration, parse_duration
from meshery.core.errors import InvalidInputError, LimitError, Problem
from meshery.core.settings import LoadSettings
from meshery.core.yamlfile import YamlDocument, parse_yaml
from meshery.performance.model import Endpoint, Profile, RateStep, Thresholds
from meshery.sandbox.reading import Fields

MODES = ("open", "closed")
SCHEDULES = ("uniform", "poisson", "ramp", "steps")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_KNOWN = (
    "name", "description", "url", "endpoints", "load_generator", "mode", "schedule", "rate_rps",
    "ramp_to_rps", "steps", "connections", "duration", "warmup", "timeout", "seed", "labels",
    "thresholds",
)  # fmt: skip
_DEFAULTS = Profile(name="", endpoints=())
_MOST = 1e9
MAX_NAME = 200


def parse_profile(raw: bytes | str, *, source: str) -> Profile:
    """Read a profile from YAML or JSON. InvalidInputError with every fault and its line."""
    return read_profile(parse_yaml(raw, source=source))


def read_profile(document: YamlDocument) -> Profile:
    """Read a profile from a parsed document."""
    fields = Fields.of(document)
    fields.only(*_KNOWN)
    profile = Profile(
        name=fields.text("name"),
        description=fields.text("description", ""),
        endpoints=_endpoints(fields),
        load_generator=fields.text("load_generator", _DEFAULTS.load_generator),
        mode=msgspec.convert(fields.choice("mode", MODES, "open"), Any),
        schedule=msgspec.convert(fields.choice("schedule", SCHEDULES, "uniform"), Any),
        rate_rps=fields.number("rate_rps", _DEFAULTS.rate_rps, low=0.1, high=_MOST),
        ramp_to_rps=fields.number("ramp_to_rps", 0.0, low=0.0, high=_MOST),
        steps=tuple(_step(step) for step in fields.children("steps")),
        connections=fields.whole("connections", _DEFAULTS.connections, low=1, high=1_000_000),
        duration_s=_seconds(fields, "duration", _DEFAULTS.duration_s),
        warmup_s=_seconds(fields, "warmup", _DEFAULTS.warmup_s),
        timeout_s=_seconds(fields, "timeout", _DEFAULTS.timeout_s),
        seed=fields.whole("seed", _DEFAULTS.seed, low=0, high=2**31),
        labels=_texts(fields, "labels"),
        thresholds=_thresholds(fields),
    )
    _check_whole(profile, fields)
    fields.finish(f"the profile {document.source}", code="meshery.profile")
    return profile


def profile_document(profile: Profile) -> dict[str, Any]:
    """The profile as it is written: durations as Go writes them, defaults included."""
    document: dict[str, Any] = msgspec.to_builtins(profile)
    for name in ("duration", "warmup", "timeout"):
        document[name] = format_duration(document.pop(f"{name}_s"))
    document["steps"] = [
        {"rate_rps": step.rate_rps, "duration": format_duration(step.duration_s)}
        for step in profile.steps
    ]
    return document


def total_duration_s(profile: Profile) -> float:
    """How long the measured part takes."""
    if profile.schedule == "steps" and profile.steps:
        return sum(step.duration_s for step in profile.steps)
    return profile.duration_s


def check_limits(profile: Profile, limits: LoadSettings) -> None:
    """LimitError with every hard cap of the settings that the profile would pass."""
    highest = max(
        [profile.rate_rps, profile.ramp_to_rps, *(step.rate_rps for step in profile.steps)]
    )
    longest = parse_duration(limits.max_duration)
    body = max(len(endpoint.body.encode()) for endpoint in profile.endpoints)
    wanted = (
        ("rate_rps", highest, limits.max_rps, "load.max_rps"),
        ("connections", profile.connections, limits.max_connections, "load.max_connections"),
        ("duration", total_duration_s(profile), longest, "load.max_duration"),
        ("warmup", profile.warmup_s, longest, "load.max_duration"),
        ("body", body, limits.max_body_bytes, "load.max_body_bytes"),
    )
    over = [
        Problem(name, f"{value:g} is over the cap of {cap:g}", hint=f"setting {setting}")
        for name, value, cap, setting in wanted
        if value > cap and not (name == "rate_rps" and profile.mode == "closed")
    ]
    if over:
        raise LimitError(
            "the load test passes a hard cap of the settings",
            cause="; ".join(f"{each.path}: {each.message}" for each in over),
            remedy="ask for less, or have the operator raise " + ", ".join(e.hint for e in over),
            problems=over,
        )


def foreign_hosts(profile: Profile, *, own_ports: frozenset[int]) -> tuple[str, ...]:
    """Hosts of the profile that are not ours: not loopback, or a loopback port we did not open."""
    foreign = []
    for endpoint in profile.endpoints:
        parts = urlsplit(endpoint.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not (_is_loopback(host) and port in own_ports):
            foreign.append(f"{host}:{port}")
    return tuple(dict.fromkeys(foreign))


def demand_consent(profile: Profile, *, own_ports: frozenset[int], consent: bool) -> None:
    """InvalidInputError unless every target is ours or somebody agreed to load the others."""
    foreign = foreign_hosts(profile, own_ports=own_ports)
    if foreign and not consent:
        raise InvalidInputError(
            f"{', '.join(foreign)} is not a part of a sandbox on this machine",
            cause="load on a target that is not ours needs the consent of whoever owns it",
            remedy="repeat it with --yes (REST: `consent: true`) if you may load that target",
            code="meshery.consent",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _endpoints(fields: Fields) -> tuple[Endpoint, ...]:
    if "url" in fields and "endpoints" in fields:
        fields.fault("url", "stands beside `endpoints`", "keep one of them")
    if "url" in fields:
        return (Endpoint(url=_url(fields)),)
    found = tuple(_endpoint(each) for each in fields.children("endpoints"))
    if not found:
        fields.fault("endpoints", "must name at least one address", "or write `url:`")
    return found


def _endpoint(fields: Fields) -> Endpoint:
    fields.only("url", "method", "headers", "body")
    return Endpoint(
        url=_url(fields),
        method=fields.choice("method", METHODS, "GET"),
        headers=_texts(fields, "headers"),
        body=fields.text("body", ""),
    )


def _url(fields: Fields) -> str:
    url = fields.text("url")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        has_login = parts.username is not None
    except ValueError:
        usable = has_login = False
    if usable and has_login:
        fields.fault("url", "must not hold a user or password", "send a header instead")
    elif not usable or any(character <= " " for character in url):
        fields.fault("url", f"{url!r} is no absolute http or https URL", "http://host:port/path")
    return url


def _step(fields: Fields) -> RateStep:
    fields.only("rate_rps", "duration")
    return RateStep(
        rate_rps=fields.number("rate_rps", 1.0, low=0.1, high=_MOST),
        duration_s=_seconds(fields, "duration", 1.0),
    )


def _thresholds(fields: Fields) -> Thresholds:
    if "thresholds" not in fields:
        return Thresholds()
    inner = fields.child("thresholds")
    names = Thresholds.__struct_fields__
    inner.only(*names)
    high = {"error_rate": 1.0}
    return Thresholds(
        **{
            name: inner.number(name, 0.0, low=0.0, high=high.get(name, _MOST))
            for name in names
            if name in inner
        }
    )


def _texts(fields: Fields, key: str) -> dict[str, str]:
    if key not in fields:
        return {}
    inner = fields.child(key)
    return {name: inner.text(name) for name in inner}


def _seconds(fields: Fields, key: str, default_s: float) -> float:
    return fields.duration_ms(key, default_s * 1000) / 1000


def _check_whole(profile: Profile, fields: Fields) -> None:
    """Faults that stand between fields."""
    if not profile.name and "name" in fields:
        fields.fault("name", "must not be empty")
    if len(profile.name) > MAX_NAME:
        fields.fault("name", f"must not be longer than {MAX_NAME} characters")
    if total_duration_s(profile) <= 0:
        fields.fault("duration", "must be longer than nothing")
    if profile.timeout_s <= 0:
        fields.fault("timeout", "must be longer than nothing")
    if profile.schedule == "ramp" and profile.ramp_to_rps <= 0:
        fields.fault("ramp_to_rps", "is missing", "the rate at the end of the ramp")
    if profile.schedule == "steps" and not profile.steps:
        fields.fault("steps", "is missing", "a list of {rate_rps, duration}")
    if any(step.duration_s <= 0 for step in profile.steps):
        fields.fault("steps", "each step must be longer than nothing")
