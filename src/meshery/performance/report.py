"""A result on a terminal or in Markdown: the sentence, the arms, the differences, the verdict.

Works on documents as they come over the wire, without anything of the server.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from meshery.client.output import Column, table_text

Document = Mapping[str, Any]

_ARM_COLUMNS = (
    Column("ARM", "arm"),
    Column("REQUESTS", "requests", right=True),
    Column("ERRORS", "errors", right=True),
    Column("RPS", "rate", right=True),
    Column("P50 US", "p50", right=True),
    Column("P90 US", "p90", right=True),
    Column("P99 US", "p99", right=True),
)
_DELTA_COLUMNS = (
    Column("DIFFERENCE", "what"),
    Column("P50 US", "p50", right=True),
    Column("P90 US", "p90", right=True),
    Column("P99 US", "p99", right=True),
)
_FUNCTION_COLUMNS = (
    Column("FUNCTION", "title"),
    Column("ADDS AT P50 US", "delta", right=True),
    Column("CPU US PER REQUEST", "cpu", right=True),
    Column("DISTINGUISHABLE", "distinguishable"),
    Column("VALIDITY", "validity"),
)
_COMPARED_COLUMNS = (
    Column("VALUE", "title"),
    Column("BASE US", "base", right=True),
    Column("OTHER US", "other", right=True),
    Column("CHANGE US", "delta", right=True),
    Column("BETTER", "better"),
)
_ARMS = {"off": "off the mesh", "on": "on the mesh", "null": "null (off again)"}


def result_report(result: Document, *, markdown: bool = False) -> str:
    """A result as text or Markdown."""
    parts = [_title(result, markdown=markdown), result["sentence"], _verdict(result)]
    parts += list(_tables(result, markdown=markdown))
    if result.get("proxy"):
        parts.append(_proxy(result["proxy"]))
    parts += [f"Violated: {each['text']}." for each in result["violations"]]
    parts.append(_attempts(result))
    return "\n\n".join(part for part in parts if part)


def comparison_report(comparison: Document, *, markdown: bool = False) -> str:
    """A comparison as text or Markdown, differences of the environment first."""
    head = "# " if markdown else ""
    parts = [f"{head}{comparison['base_name']} against {comparison['other_name']}"]
    if comparison["differences"]:
        told = (
            f"{each['name']}: {each['base']} against {each['other']}"
            for each in comparison["differences"]
        )
        parts.append("Not taken under the same conditions:\n" + "\n".join(f"- {t}" for t in told))
    parts.append(comparison["sentence"])
    rows = [
        {
            "title": value["title"],
            "base": _number(value["base"]),
            "other": _number(value["other"]),
            "delta": interval_text(value["delta"]),
            "better": value["better"] if value["distinguishable"] else "not distinguishable",
        }
        for value in comparison["values"]
    ]
    parts.append(table_text(_COMPARED_COLUMNS, rows, markdown=markdown))
    parts += comparison["notes"]
    return "\n\n".join(parts)


def interval_text(interval: Document) -> str:
    """`+312 [300..325]`."""
    value, low, high = (interval[key] for key in ("value", "low", "high"))
    digits = 0 if max(abs(low), abs(high)) >= 100 else 1
    return f"{value:+,.{digits}f} [{low:,.{digits}f}..{high:,.{digits}f}]"


def _title(result: Document, *, markdown: bool) -> str:
    where = f", {result['path']}" if result["path"] else ""
    return f"{'# ' if markdown else ''}{result['name']}{where}"


def _verdict(result: Document) -> str:
    lines = [f"Validity: {result['validity']}", *(f"- {each}" for each in result["reasons"])]
    return "\n".join(lines)


def _tables(result: Document, *, markdown: bool) -> Iterator[str]:
    if result["arms"]:
        rows = [_arm_row(name, arm) for name, arm in result["arms"].items()]
        yield table_text(_ARM_COLUMNS, rows, markdown=markdown)
    deltas = (("the mesh adds", "delta_us"), ("null differs by", "null_delta_us"))
    rows = [_delta_row(what, result[key]) for what, key in deltas if result[key]]
    if rows:
        yield table_text(_DELTA_COLUMNS, rows, markdown=markdown)
    if result["functions"]:
        rows = [_function_row(cost) for cost in result["functions"]]
        yield table_text(_FUNCTION_COLUMNS, rows, markdown=markdown)


def _arm_row(name: str, arm: Document) -> dict[str, Any]:
    return {
        "arm": _ARMS.get(name, name),
        "requests": f"{arm['requests']:,}",
        "errors": f"{arm['errors']:,}",
        "rate": f"{arm['rate_rps']:,.1f}",
        **{name: _number(arm[f"{name}_us"]) for name in ("p50", "p90", "p99")},
    }


def _delta_row(what: str, delta: Mapping[str, Document]) -> dict[str, str]:
    return {"what": what, **{name: interval_text(each) for name, each in delta.items()}}


def _function_row(cost: Document) -> dict[str, Any]:
    median = cost["delta_us"].get("p50")
    return {
        "title": cost["title"],
        "delta": interval_text(median) if median else "-",
        "cpu": interval_text(cost["cpu_us_per_request"]),
        "distinguishable": cost["distinguishable"],
        "validity": cost["validity"],
    }


def _proxy(proxy: Document) -> str:
    low, high = proxy["cpu_us_per_request_low"], proxy["cpu_us_per_request_high"]
    return (
        f"Both sidecars together: {proxy['cpu_us_per_request']:,.0f} us of processor time per "
        f"request ({low:,.0f} to {high:,.0f}), {proxy['memory_mb']:,.0f} MB of private memory."
    )


def _attempts(result: Document) -> str:
    if len(result["attempts"]) < 2:
        return ""
    told = (
        f"{each['kind']} at {each['rate_rps']:,.0f} {each['validity']}"
        for each in result["attempts"]
    )
    return "Tried: " + ", ".join(told) + "."


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
