"""Merging 1,000 histograms: exact to the bit, and how long it takes against `hdrhistogram` alone.

Both start from what arrives over a wire (our frames' sparse counts in msgpack; its own compressed
V2 blobs) and end with one histogram.
"""

import random
import time

import msgspec
from harness import Strangers, claim, in_turn, medians, show
from hdrh.histogram import HdrHistogram

from meshery.performance.histogram import HIGHEST_NS, Histogram

HISTOGRAMS = 1000
VALUES = 2000
ROUNDS = 7
_decoder = msgspec.msgpack.Decoder(dict[int, int])


def main() -> None:
    """Make the histograms, merge them both ways, compare every counter."""
    frames, blobs = made()
    results: dict[str, list[int]] = {}

    def ours() -> float:
        begin = time.process_time()
        total = Histogram()
        for frame in frames:
            total.add(_decoder.decode(frame))
        taken = time.process_time() - begin
        results["ours"] = total.counts
        return taken

    def theirs() -> float:
        begin = time.process_time()
        total = HdrHistogram(1, HIGHEST_NS, 3)
        for blob in blobs:
            total.decode_and_add(blob)
        taken = time.process_time() - begin
        results["theirs"] = [total.get_count_at_index(place) for place in range(total.counts_len)]
        return taken

    strangers = Strangers()
    taken = medians(in_turn({"meshery": ours, "hdrhistogram": theirs}, rounds=ROUNDS))
    foreign = strangers.share()
    for name, seconds in taken.items():
        show(f"{name:<14} {seconds * 1e3:8.1f} ms CPU for {HISTOGRAMS} histograms")
    exact = results["ours"] == results["theirs"] and sum(results["ours"]) == HISTOGRAMS * VALUES
    ratio = taken["meshery"] / taken["hdrhistogram"]
    claim(
        "merge of 1,000 histograms: bit-exact, time against hdrhistogram alone",
        ratio=ratio,
        target="bit-exact, <= 1.0",
        met=exact and ratio <= 1.0,
        detail="every counter equal" if exact else "counters DIFFER",
        foreign=foreign,
    )


def made() -> tuple[list[bytes], list[bytes]]:
    """The same histograms in both forms: workers of different speed, with long tails."""
    dice = random.Random(7)
    frames: list[bytes] = []
    blobs: list[bytes] = []
    for _ in range(HISTOGRAMS):
        centre = dice.uniform(9.0, 15.0)
        values = [int(dice.lognormvariate(centre, 0.7)) + 1 for _ in range(VALUES)]
        mine, reference = Histogram(), HdrHistogram(1, HIGHEST_NS, 3)
        for value in values:
            mine.record(value)
            reference.record_value(value)
        frames.append(msgspec.msgpack.encode(mine.sparse()))
        blobs.append(reference.encode())
    return frames, blobs


if __name__ == "__main__":
    main()
