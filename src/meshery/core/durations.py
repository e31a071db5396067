"""Durations as Go writes them: `1h30m`, `500ms`, `2.5s`, `100us`.

Inside the program they are seconds.

The grammar is that of Go's `time.ParseDuration`: an optional sign and one or more decimal numbers,
each with a unit `ns`, `us` (or `µs`), `ms`, `s`, `m`, `h`. A bare `0` is allowed; any other bare
number is refused, since its unit would be a guess.
"""

import re

from meshery.core.errors import InvalidInputError

_UNIT_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_LONGEST_S = 2**63 / 1e9
"""What Go's own duration holds: about 292 years."""


def parse_duration(text: str) -> float:
    """Seconds in a Go duration; InvalidInputError when it is none."""
    body = text.strip()
    sign = -1.0 if body.startswith("-") else 1.0
    body = body[1:] if body.startswith(("-", "+")) else body
    if body == "0":
        return 0.0
    parts = list(_PART.finditer(body))
    if not parts or "".join(part.group(0) for part in parts) != body:
        raise InvalidInputError(
            f"{text!r} is not a duration",
            cause="a duration is a number with a unit, such as 500ms, 10s, 5m or 1h30m",
            remedy=f"write {body}s if you meant seconds"
            if body.isascii() and body.isdecimal()
            else "use the units ns, us, ms, s, m and h",
            code="meshery.duration",
        )
    seconds = sum(float(part.group(1)) * _UNIT_S[part.group(2)] for part in parts)
    if seconds >= _LONGEST_S:
        raise InvalidInputError(
            f"{text[:40]!r} is too long for a duration",
            cause="the longest one is about 292 years",
            remedy="write a shorter one",
            code="meshery.duration",
        )
    return sign * seconds


def format_duration(seconds: float) -> str:
    """The shortest Go duration of a number of seconds, exact to the nanosecond.

    90 -> `1m30s`, 0.0005 -> `500us`.
    """
    nanos = round(abs(seconds) * 1e9)
    sign = "-" if seconds < 0 and nanos else ""
    if nanos == 0:
        return "0s"
    if nanos < 1_000_000_000:
        return sign + _below_a_second(nanos)
    hours, rest = divmod(nanos, 3_600_000_000_000)
    minutes, rest = divmod(rest, 60_000_000_000)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    if rest:
        text += f"{rest / 1e9:.9f}".rstrip("0").rstrip(".") + "s"
    return sign + text


def _below_a_second(nanos: int) -> str:
    for unit, size in (("ms", 1_000_000), ("us", 1_000)):
        if nanos >= size:
            return f"{nanos / size:.6f}".rstrip("0").rstrip(".") + unit
    return f"{nanos}ns"
