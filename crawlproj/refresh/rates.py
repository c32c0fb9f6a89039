"""How often a page changes, estimated from irregular checks. Pure.

A page is taken to change as a Poisson process. A check tells whether it changed at least once since
the check before, not how often. After checks that all found a change, all rates above some bound
are as likely as each other, and the most likely one would be too low. Therefore each of some rates
has a probability, which every check changes by Bayes' rule, as in the estimator of Cho and
Garcia-Molina, "The evolution of the web and implications for an incremental crawler" (VLDB 2000,
section 5.3), with the likelihood of irregular checks in their "Estimating frequency of change" (ACM
TOIT 3(3), 2003, section 4.2): a check after t seconds found a change with the probability
1 - exp(-rate · t).
"""

from __future__ import annotations

from math import exp, expm1, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RATES = tuple(1 / (3600.0 * 2**n) for n in range(16))
"""The rates that a page may have, in changes per second: once an hour to once in four years."""

UNKNOWN = (1 / len(RATES),) * len(RATES)
"""The probability of each rate while nothing is known: all are equally likely."""

_LONG = 500.0  # changes: exp(-500) is next to nothing
_TINY = 1e-12
_STEPS = 10  # of expectation maximization, after which the prior hardly changes


def likelihoods(checks: Sequence[float]) -> list[float]:
    """Return how likely ``checks`` are with each of RATES, the most likely one being 1.

    checks: as in the column ``history``: seconds, positive if a change was found, else negative.
    """
    changed = [t for t in checks if t > 0]
    unchanged_s = -sum(t for t in checks if t < 0)
    logs = [
        sum(log(max(_TINY, -expm1(-rate * t))) for t in changed) - rate * unchanged_s
        for rate in RATES
    ]
    most = max(logs)
    return [exp(each - most) for each in logs]


def weighed(prior: Sequence[float], likely: Sequence[float]) -> list[float]:
    """Return the probability of each rate after what is ``likely`` with each was seen."""
    weights = [chance * each for chance, each in zip(prior, likely, strict=True)]
    total = sum(weights) or 1.0
    return [weight / total for weight in weights]


def prior_of(pages: Sequence[Sequence[float]]) -> list[float]:
    """Return how probable each rate is for any page of a site, given ``likelihoods`` of some.

    This is empirical Bayes: the distribution of rates that makes what was seen most likely, found
    by expectation maximization. One page that may have any rate is added, so that no rate becomes
    impossible.
    """
    prior = list(UNKNOWN)
    for _ in range(_STEPS):
        totals = list(UNKNOWN)
        for likely in pages:
            for n, chance in enumerate(weighed(prior, likely)):
                totals[n] += chance
        prior = [total / (len(pages) + 1) for total in totals]
    return prior


def chance_of_change(chances: Sequence[float], age_s: float) -> float:
    """Return the probability that a page changed in ``age_s`` seconds."""
    return -sum(chance * expm1(-rate * age_s) for rate, chance in zip(RATES, chances, strict=True))


def told_by_check(chances: Sequence[float], age_s: float) -> float:
    """Return how much a check now would tell about the rate, in nats: 0 to log 2.

    It is the mutual information of the rate and the answer (Lindley, "On a measure of the
    information provided by an experiment", Annals of Mathematical Statistics 27(4), 1956): how
    uncertain the answer is, less how uncertain it would be if the rate was known. A page that
    changes either twice a day or once a month tells most after some days.
    """
    noise = sum(
        chance * _entropy(-expm1(-rate * age_s))
        for rate, chance in zip(RATES, chances, strict=True)
    )
    return max(0.0, _entropy(chance_of_change(chances, age_s)) - noise)


def _entropy(chance: float) -> float:
    """Return the entropy of an answer that is yes with this probability, in nats."""
    if not _TINY < chance < 1 - _TINY:
        return 0.0
    return -chance * log(chance) - (1 - chance) * log1p(-chance)


def worth(rate: float, age_s: float) -> float:
    """Return what a check is worth now, in seconds: the more, the sooner it is to be done.

    It is the gain in freshness per check at that age. With a budget, freshness is greatest if every
    page is checked whenever this reaches the same value (the condition of Lagrange in Cho and
    Garcia-Molina, "Effective page refresh policies for web crawlers", ACM TODS 28(4), 2003). A page
    that changes too often to be kept fresh never does: checking it helps nobody.

    age_s: seconds since the last check; infinite for a page that has changed for sure.
    """
    changes = rate * age_s
    if changes > _LONG:  # infinitely many, of a page that is known to have changed
        return 1 / rate
    return (1 - exp(-changes) * (1 + changes)) / rate


def expected_worth(chances: Sequence[float], age_s: float) -> float:
    """Return the expectation of ``worth`` over the rates."""
    return sum(chance * worth(rate, age_s) for rate, chance in zip(RATES, chances, strict=True))
