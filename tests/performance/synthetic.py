"""Runs whose truth is known: counts made from a distribution, with the noise of a host."""

import numpy as np

from meshery.performance.blocks import BlockTable


def hdr_index(value_ns: int) -> int:
    """The counter a value falls into; written from the HdrHistogram paper, not from our code."""
    shift = max(value_ns.bit_length() - 11, 0)
    return (shift << 10) + (value_ns >> shift)


def counts(values_ns: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> dict[int, int]:
    """Sparse counts of a block."""
    found: dict[int, int] = {}
    for value in values_ns.astype(int).tolist():
        index = hdr_index(value)
        found[index] = found.get(index, 0) + 1
    return found


def table(
    *,
    seed: int,
    shifts_us: dict[str, float],
    blocks: int = 20,
    per_block: int = 250,
    common_noise: float = 0.15,
    own_noise: float = 0.05,
) -> BlockTable:
    """Arms of one shape (80 us, log-normal) shifted by a known amount.

    `common_noise` moves all arms of a block alike, `own_noise` each for itself.
    """
    generator = np.random.default_rng(seed)
    arms: dict[str, list[dict[int, int]]] = {name: [] for name in shifts_us}
    for _ in range(blocks):
        common = generator.lognormal(0, common_noise)
        for name, shift in shifts_us.items():
            scale = 80_000 * common * generator.lognormal(0, own_noise)
            values = scale * generator.lognormal(0, 0.4, per_block) + shift * 1000
            arms[name].append(counts(values))
    return BlockTable.of(arms)
