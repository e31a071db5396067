"""How far a count may stray by chance: exact binomial bounds for proofs by sampling.

A proof counts how many of n independent requests went one way and compares with n times the
expected share. It is accepted when the count lies within the bounds given here, which a behaviour
that does exactly what it says leaves with a probability below `false_failure`. Both tails are
summed term by term from the logarithm of the binomial probability (by `math.lgamma`); there is no
approximation by a normal distribution, which is badly wrong in tails this thin.
"""

import math

FALSE_FAILURE = 1e-6


def acceptance(
    samples: int, share: float, *, false_failure: float = FALSE_FAILURE
) -> tuple[int, int]:
    """The least and greatest count to accept of `samples`, each going that way with `share`.

    Half of `false_failure` is spent on either tail. Shares of 0 and 1 leave no room.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    if share in (0, 1):
        return round(samples * share), round(samples * share)
    tail = false_failure / 2
    low = _cut_tail(samples, share, tail)
    high = samples - _cut_tail(samples, 1 - share, tail)
    return low, high


def log_probability(count: int, samples: int, share: float) -> float:
    """The natural logarithm of P(X = count) for X ~ Binomial(samples, share), 0 < share < 1."""
    return (
        math.lgamma(samples + 1)
        - math.lgamma(count + 1)
        - math.lgamma(samples - count + 1)
        + count * math.log(share)
        + (samples - count) * math.log1p(-share)
    )


def _cut_tail(samples: int, share: float, tail: float) -> int:
    """The greatest count c with P(X < c) <= tail."""
    total = 0.0
    for count in range(samples + 1):
        total += math.exp(log_probability(count, samples, share))
        if total > tail:
            return count
    return samples
