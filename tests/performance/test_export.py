"""Results as files, read back by the programs they are for."""

import csv
import io
from pathlib import Path

import msgspec
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from meshery.core.errors import InvalidInputError
from meshery.performance.export import export_result
from meshery.performance.result import Result
from meshery.performance.store import Histograms
from performance.results import overhead_result


async def test_json_holds_the_document_and_the_histograms() -> None:
    result, histograms = await overhead_result(name="a hop/é")
    file = export_result(result, histograms, "json")
    assert (file.file_name, file.media_type) == ("a-hop-é-r1.json", "application/json")
    document = msgspec.json.decode(file.content)
    blob = document.pop("hdr_histograms")["arms"]["on"]["corrected_ns"]
    assert msgspec.convert(document, Result) == result
    decoded = HdrHistogram.decode(blob)
    assert decoded.total_count == 800
    assert decoded.get_value_at_percentile(50) / 1000 == pytest.approx(
        result.arms["on"].p50_us, rel=0.01
    )


async def test_csv_has_units_in_its_names() -> None:
    result, histograms = await overhead_result()
    text = export_result(result, histograms, "csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 4 * 3
    assert rows[0]["arm"] == "off"
    assert float(rows[0]["p99_us"]) > float(rows[0]["p50_us"]) > 0
    assert float(rows[0]["rate_rps"]) == 200

    text = export_result(result, histograms, "csv-percentiles").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["measure"] for row in rows} == {"corrected", "service"}
    assert rows[0].keys() == {"arm", "measure", "percentile", "latency_us"}


async def test_the_log_is_read_by_hdrhistogram(tmp_path: Path) -> None:
    result, histograms = await overhead_result()
    file = export_result(result, histograms, "hdr")
    path = tmp_path / file.file_name
    path.write_bytes(file.content)
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000_000, 3))
    totals: dict[str, int] = {}
    starts = set()
    while (interval := reader.get_next_interval_histogram()) is not None:
        totals[interval.get_tag()] = totals.get(interval.get_tag(), 0) + interval.total_count
        starts.add(interval.get_start_time_stamp())
    reader.input_file.close()
    assert totals == {"off": 800, "on": 800, "null": 800}
    assert len(starts) == 8
    assert reader.get_start_time_sec() == pytest.approx(1_700_000_000.25)


async def test_what_cannot_be_exported_says_so() -> None:
    result, histograms = await overhead_result()
    with pytest.raises(InvalidInputError, match="'pdf'"):
        export_result(result, histograms, "pdf")
    with pytest.raises(InvalidInputError, match="no histograms"):
        export_result(result, Histograms(), "hdr")
