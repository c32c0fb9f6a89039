"""How much likelier two shares of failures are than one. Pure.

Evidence is twice the log of the ratio of two likelihoods, as in a G-test. By chance, that of one
split is above 16 once in some 30,000 times. The highest of several is so more often: of 48 answers,
each with a number of its own, once in 900; of 64 with 16 numbers, once in 2,000 (simulated).
"""

from __future__ import annotations

from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def of_a_step(answers: Iterable[tuple[float, bool]], most: float = 1.0) -> float:
    """Return the evidence that more fails from some number on than below.

    So is a share of failures above ``most`` evidence, because one share for all explains no higher
    one. answers: of each, the number, and whether it is a failure.
    """
    counts: dict[float, list[int]] = {}  # by number: answers, failures
    for number, failed in answers:
        count = counts.setdefault(number, [0, 0])
        count[0] += 1
        count[1] += failed
    n, failures = (sum(count[part] for count in counts.values()) for part in (0, 1))
    evidence, below, below_failed = 0.0, 0, 0
    for _, (answered, fewer) in sorted(counts.items()):
        rest = (n - below, failures - below_failed)
        evidence = max(evidence, _of_two((below, below_failed), rest, most))
        below += answered
        below_failed += fewer
    return evidence


def of_runs(failed: Iterable[bool], most: float = 1.0) -> float:
    """Return the evidence that failures follow failures; ``most`` as for ``of_a_step``."""
    after = [[0, 0], [0, 0]]  # an answer, a failure: answers, failures
    for before, now in pairwise(failed):
        after[before][0] += 1
        after[before][1] += now
    return _of_two(after[0], after[1], most)


def _of_two(first: Sequence[int], second: Sequence[int], most: float) -> float:
    """Return the evidence that more fails in the second part, of answers and failures."""
    (n, failures), (n_second, failures_second) = first, second
    alike = _log_likelihood(n + n_second, failures + failures_second, most)
    if not n or not n_second or failures / n >= failures_second / n_second:
        return 2 * (_log_likelihood(n + n_second, failures + failures_second) - alike)
    apart = _log_likelihood(n, failures) + _log_likelihood(n_second, failures_second)
    return 2 * (apart - alike)


def _log_likelihood(n: int, failures: int, most: float = 1.0) -> float:
    if not n:
        return 0.0
    share = min(most, failures / n)
    return sum(k * log(p) for k, p in ((failures, share), (n - failures, 1 - share)) if k)
