"""A result as a file: JSON whole, CSV for spreadsheets, an HdrHistogram log for its tools.

The log is version 1.3 (https://github.com/HdrHistogram/HdrHistogram, AbstractHistogramLog): one
line for each arm and block of 0.5 s, tagged with the arm; values are nanoseconds, corrected for
coordinated omission, the interval's greatest in milliseconds. CSV columns carry their units.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from meshery.core.errors import InvalidInputError
from meshery.performance.histogram import lowest_of, to_blob, width_of
from meshery.performance.result import Result
from meshery.performance.sample import SparseCounts
from meshery.performance.store import Histograms

Form = Literal["json", "csv", "csv-percentiles", "hdr"]
_BLOCK_S = 0.5
_SECOND_COLUMNS = (
    "second", "arm", "requests", "errors", "rate_rps", "p50_us", "p90_us", "p99_us",
)  # fmt: skip


class Export(msgspec.Struct, frozen=True):
    """A file to hand out."""

    file_name: str
    media_type: str
    content: bytes


def export_result(result: Result, histograms: Histograms, form: str) -> Export:
    """The result in one of the forms. InvalidInputError for another, or when it has no counts."""
    stem = f"{_safe(result.name)}-{result.id[:8]}"
    if form == "json":
        return Export(f"{stem}.json", "application/json", _json(result, histograms))
    if form == "csv":
        rows = ([getattr(row, name) for name in _SECOND_COLUMNS] for row in result.series)
        return Export(f"{stem}.csv", "text/csv; charset=utf-8", _csv(_SECOND_COLUMNS, rows))
    if form == "csv-percentiles":
        columns = ("arm", "measure", "percentile", "latency_us")
        content = _csv(columns, _percentiles(result))
        return Export(f"{stem}-percentiles.csv", "text/csv; charset=utf-8", content)
    if form == "hdr":
        return Export(f"{stem}.hlog", "text/plain; charset=utf-8", _hdr_log(result, histograms))
    raise InvalidInputError(
        f"a result cannot be exported as {form!r}",
        remedy="use one of " + ", ".join(get_args(Form)),
        code="meshery.result.form",
    )


def _json(result: Result, histograms: Histograms) -> bytes:
    document: dict[str, Any] = msgspec.to_builtins(result)
    encoded: dict[str, dict[str, str]] = {}
    for (arm, measure), blob in histograms.encoded.items():
        encoded.setdefault(arm, {})[f"{measure}_ns"] = blob.decode()
    document["hdr_histograms"] = {"encoding": "HdrHistogram V2, base64", "arms": encoded}
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _percentiles(result: Result) -> Iterator[list[Any]]:
    for name, arm in result.arms.items():
        for measure, curve in (("corrected", arm.curve), ("service", arm.service_curve)):
            for point in curve:
                yield [name, measure, point.percentile, point.value_us]


def _csv(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _hdr_log(result: Result, histograms: Histograms) -> bytes:
    if not histograms.blocks:
        raise InvalidInputError(
            f"{result.name} holds no histograms of its own",
            cause=f"results of kind {result.kind} keep numbers only",
            remedy="export it as json or csv",
            code="meshery.result.no_histograms",
        )
    return ("\n".join([*_log_head(result), *_log_lines(histograms)]) + "\n").encode()


def _log_head(result: Result) -> Iterator[str]:
    start = datetime.fromisoformat(result.started_at)
    seconds = start.timestamp()
    yield f"#[Logged by Meshery {result.environment.meshery_version}]"
    yield "#[Histogram log format version 1.3]"
    yield f"#[StartTime: {seconds:.3f} (seconds since epoch), {start:%a %b %d %H:%M:%S %Y} UTC]"
    yield f"#[BaseTime: {seconds:.3f} (seconds since epoch)]"
    yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'


def _log_lines(histograms: Histograms) -> Iterator[str]:
    """Ordered by time, as readers of ranges expect it."""
    count = max(len(blocks) for blocks in histograms.blocks.values())
    for number in range(count):
        for arm, blocks in histograms.blocks.items():
            if number < len(blocks):
                block = blocks[number]
                place = f"{number * _BLOCK_S:.3f},{_BLOCK_S:.3f},{_greatest_ms(block):.3f}"
                yield f"Tag={_safe(arm)},{place},{to_blob(block).decode()}"


def _greatest_ms(block: SparseCounts) -> float:
    if not block:
        return 0.0
    highest = max(block)
    return (lowest_of(highest) + width_of(highest) - 1) / 1e6


def _safe(name: str) -> str:
    """A name for files and tags: no separators, no spaces."""
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in name)[:80] or "result"
