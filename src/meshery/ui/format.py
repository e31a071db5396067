"""Numbers, spans and instants as people read them: always a unit, never more digits than known."""

from datetime import UTC, datetime

MINUS = "\N{MINUS SIGN}"


def whole(value: float) -> str:
    """`30000` -> `30,000`."""
    return f"{value:,.0f}".replace("-", MINUS)


def microseconds(value: float, *, signed: bool = False) -> str:
    """A latency given in microseconds, in the unit that suits it: `312 µs`, `1.06 ms`, `2.4 s`."""
    size = abs(value)
    sign = MINUS if value < 0 and round(size, 1) else "+" if signed and round(size, 1) else ""
    if size < 9.95:
        return f"{sign}{size:.1f} µs"
    if size < 999.5:
        return f"{sign}{size:.0f} µs"
    if size < 999_500:
        return f"{sign}{_three(size / 1_000)} ms"
    return f"{sign}{_three(size / 1_000_000)} s"


def interval(low: float, high: float) -> str:
    """The two ends of an interval in microseconds, in one unit: `300 to 325 µs`."""
    size = max(abs(low), abs(high))
    divisor, unit = (
        (1, "µs") if size < 999.5 else (1_000, "ms") if size < 999_500 else (1_000_000, "s")
    )
    digits = 1 if size / divisor < 9.95 else 0
    if divisor > 1:
        digits = 2
    ends = (f"{end / divisor:.{digits}f}".replace("-", MINUS) for end in (low, high))
    return f"{' to '.join(ends)} {unit}"


def _three(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def seconds(value: float) -> str:
    """A span in seconds: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`."""
    if value < 9.95:
        return f"{max(value, 0):.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def size(value: float) -> str:
    """Bytes, in decimal units as memory is told here: `15.8 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1_000
    raise AssertionError("unreachable")


def rate(value: float) -> str:
    """Requests per second: `0.4`, `12`, `1,000`."""
    return f"{value:.1f}" if 0 < value < 9.95 else whole(value)


def percent(share: float) -> str:
    """A share of one: `50 %`, `0.2 %`."""
    value = share * 100
    return f"{value:.0f} %" if value in {0, 100} or value >= 9.95 else f"{value:.1f} %"


def ago(instant: datetime | None, *, now: datetime | None = None) -> str:
    """How long ago, in one unit: `just now`, `3 min ago`, `2 days ago`."""
    if instant is None:
        return "never"
    passed = ((now or datetime.now(UTC)) - instant).total_seconds()
    if passed < 5:
        return "just now"
    for limit, divisor, unit in ((90, 1, "s"), (5_400, 60, "min"), (129_600, 3_600, "h")):
        if passed < limit:
            return f"{passed / divisor:.0f} {unit} ago"
    return f"{passed / 86_400:.0f} days ago"


def clock(instant: datetime | None) -> str:
    """An instant in UTC to the second, for titles and logs."""
    return "" if instant is None else instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 service`, `3 services`, `2 entries`."""
    return f"{whole(count)} {noun if count == 1 else many or noun + 's'}"
