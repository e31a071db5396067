"""The demo's report as text.

One page for a terminal, the sentence first, every number with its interval.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]


def report_text(report: Document) -> str:
    """Draw a report document (`meshery.demo/1`), as it comes over the wire."""
    parts = [_sandbox(report["sandbox"]), _overhead(report["overhead"])]
    parts += [_functions(report["overhead"]["functions"]), _behaviours(report["behaviours"])]
    parts += [f"Took {report['duration_s']:.0f} s. The result page: {report['url']}"]
    return "\n\n".join(parts)


def _sandbox(sandbox: Document) -> str:
    return (
        f"Sandbox {sandbox['name']}: {sandbox['services']} services behind {sandbox['sidecars']} "
        f"Envoy sidecars, mutual TLS throughout, ready in {sandbox['ready_s']:.2f} s"
    )


def _overhead(overhead: Document) -> str:
    title = f"What the mesh costs on {overhead['path']} (one hop, two sidecars)"
    lines = [title, "  " + overhead["sentence"], f"  validity: {_validity(overhead)}", ""]
    rows = [
        (_ARMS.get(name, name), arm["requests"], arm["errors"], *_percentiles(arm))
        for name, arm in overhead["arms"].items()
    ]
    rows += [
        (name, "", "", *(_interval(overhead[key][p]) for p in ("p50", "p90", "p99")))
        for name, key in (("mesh adds", "delta_us"), ("null differs by", "null_delta_us"))
    ]
    lines += _aligned(("arm", "requests", "errors", "p50 us", "p90 us", "p99 us"), rows)
    if overhead["proxy"]:
        lines.append(_proxy(overhead["proxy"]))
    return "\n".join(lines)


def _proxy(proxy: Document) -> str:
    return (
        f"  Proxy CPU {proxy['cpu_us_per_request']:.0f} us per request and "
        f"{proxy['memory_mb']:.0f} MB private memory, both sidecars together"
    )


_ARMS = {"off": "off the mesh", "on": "on the mesh", "null": "null (off again)"}


def _validity(overhead: Document) -> str:
    reasons = "; ".join(overhead["reasons"])
    return f"{overhead['validity']} ({reasons})" if reasons else str(overhead["validity"])


def _percentiles(arm: Document) -> tuple[str, ...]:
    return tuple(f"{arm[key]:,.0f}" for key in ("p50_us", "p90_us", "p99_us"))


def _interval(interval: Document) -> str:
    value, low, high = (round(interval[key]) for key in ("value", "low", "high"))
    return f"{value:+,} [{low:,}..{high:,}]"


def _functions(functions: Sequence[Document]) -> str:
    rows = [
        (
            cost["name"],
            _interval(cost["delta_us"]["p50"]),
            _interval(cost["cpu_us_per_request"]),
            _told(cost),
            cost["validity"],
        )
        for cost in functions
    ]
    head = ("function", "adds at p50, us", "CPU us per request", "", "validity")
    return "\n".join(["What each function costs (twin sidecar pairs)", *_aligned(head, rows)])


def _told(cost: Document) -> str:
    if cost["validity"] != "valid":
        return "disturbed, decides nothing"
    return "" if cost["distinguishable"] else "not distinguishable from zero"


def _behaviours(behaviours: Sequence[Document]) -> str:
    rows = [
        (
            proof["kind"],
            "passed" if proof["passed"] else "FAILED",
            _facts(proof["expected"]),
            _facts(proof["observed"]),
            f"{proof['samples']:,} requests",
        )
        for proof in behaviours
    ]
    head = ("behaviour", "verdict", "expected", "observed", "evidence")
    return "\n".join(["Behaviours, proven by requests and undone", *_aligned(head, rows)])


def _facts(facts: Any) -> str:
    if not isinstance(facts, Mapping):
        return f"{facts:.3g}" if isinstance(facts, float) else str(facts)
    return ", ".join(f"{name} {_facts(value)}" for name, value in facts.items())


def _aligned(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Left-aligned first column, the others to the right; two spaces between."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for row in cells:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  " + "  ".join([first, *others]).rstrip()
