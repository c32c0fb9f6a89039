"""Requests that started one after another, and what their latency shows. Pure."""

from __future__ import annotations

from collections import deque
from math import erf, exp, inf, log, pi, sqrt

_MIN_SIZE = 8  # requests in a cohort
_FIRST, _FIRST_SIZE = 4, 4  # cohorts while nothing is known, and requests in them
_MIN_S = 0.2  # of the starts of a cohort: more judgements would cost CPU and show nothing
_SHARE = 0.45  # of the limit in a cohort
_PATIENCE = 0.6  # standard deviations beyond the usual latency at which a cohort is judged
_ALARM = 1.4  # times that age, at which a cohort that is mostly unanswered is judged
_RESOLUTION_S = 0.005  # shorter latencies are not distinguished: our own loop takes as long
_MIN_VARIANCE, _FIRST_VARIANCE = 0.01, 0.25  # of the log of a latency
_ROUNDS, _LEAST = 6, 1e-9  # of the mean of a cohort with unknown latencies
_MEMORY, _FIRST_MEMORY = 100.0, 10.0  # samples that the variance remembers


class Cohort:
    """Consecutive starts.

    n: requests that started, without those that say nothing. first_at, last_at: when the first and
    the last one started. in_flight: sum of the numbers in flight at the starts. logs: logs of the
    latencies of the answers. doubts: sum of the squares of our own lag relative to the latency.
    alarmed: whether it was judged early.
    """

    __slots__ = ("alarmed", "doubts", "first_at", "in_flight", "last_at", "logs", "n")

    def __init__(self) -> None:
        self.n = 0
        self.first_at = self.last_at = -inf
        self.in_flight = 0
        self.logs: list[float] = []
        self.doubts = 0.0
        self.alarmed = False

    def answer(self, rtt_s: float, lag_s: float) -> None:
        """Count an answer; ``lag_s``: seconds of it that may be our own event loop's."""
        self.logs.append(log(max(_RESOLUTION_S, rtt_s)))
        if lag_s:
            self.doubts += (lag_s / rtt_s) ** 2

    def withdraw(self, in_flight: int) -> None:
        """Take back a start that will show no latency."""
        self.n -= 1
        self.in_flight -= in_flight


class Evidence:
    """The judgement on a cohort.

    load: log of the mean number in flight at the starts. latency: mean of the logs of the seconds.
    variance: of that mean. early: whether the cohort was judged before its time, for being late.
    """

    __slots__ = ("early", "latency", "load", "variance")

    def __init__(self, cohort: Cohort, latency: float, variance: float, *, early: bool) -> None:
        self.load = log(cohort.in_flight / cohort.n)
        self.latency = latency
        self.variance = variance
        self.early = early


class Cohorts:
    """Divides the starts into cohorts and judges each as soon as enough of it is answered.

    Judging by starts, not by ends, needs no settling time after a change of the limit, and the
    quick answers do not come first. What is still unanswered counts as later than now: a censored
    normal distribution (Cohen, Technometrics 1, 1959) whose mean is found by iteration.
    """

    def __init__(self) -> None:
        self._open: deque[Cohort] = deque([Cohort()])  # by start; the last is being filled
        self._filled = 0
        self._ripe_s = inf
        self._variance = _FIRST_VARIANCE
        self._samples = _FIRST_MEMORY  # that the variance is worth

    def start(self, in_flight: int, limit: float, now: float) -> Cohort:
        """Count a start, and return its cohort."""
        cohort = self._open[-1]
        cohort.n += 1
        cohort.in_flight += in_flight
        cohort.last_at = now
        if cohort.n == 1:
            cohort.first_at = now
        size = _MIN_SIZE if self._filled >= _FIRST else _FIRST_SIZE
        if cohort.n >= max(size, _SHARE * limit) and now - cohort.first_at >= _MIN_S:
            self._open.append(Cohort())
            self._filled += 1
        return cohort

    def clear(self) -> None:
        """Drop all cohorts: the latencies of their requests are not comparable any more."""
        self._open = deque([Cohort()])

    def expect(self, latency: float) -> None:
        """Note the log of the usual latency without a queue, which decides when to judge."""
        self._ripe_s = exp(latency + _PATIENCE * sqrt(self._variance))

    def ripe(self, now: float) -> Evidence | None:
        """Return the evidence of the oldest cohort if enough of it is known; call until None."""
        while len(self._open) > 1:
            cohort = self._open[0]
            answered = len(cohort.logs)
            if answered < cohort.n:
                age_s = now - cohort.last_at
                late = 2 * answered <= cohort.n
                if late and age_s > _ALARM * self._ripe_s and not cohort.alarmed:
                    cohort.alarmed = True
                    return self._evidence(cohort, log(age_s), cohort.n, early=True)
                if late or age_s < self._ripe_s:
                    return None
            self._open.popleft()
            if answered:
                mean = self._mean(cohort, now - cohort.last_at)
                return self._evidence(cohort, mean, answered, early=False)
        return None

    def _evidence(self, cohort: Cohort, latency: float, n: int, *, early: bool) -> Evidence:
        doubt = cohort.doubts / max(1, len(cohort.logs))
        return Evidence(cohort, latency, 1.15 * self._variance / n + doubt, early=early)

    def _mean(self, cohort: Cohort, age_s: float) -> float:
        """Return the mean of the log latencies, of which some are only known to be above an age.

        Expectation-maximisation: each unknown one counts as what is expected above the age.
        """
        unknown = cohort.n - len(cohort.logs)
        total = sum(cohort.logs)
        sd = sqrt(self._variance)
        mean, late, above = total / len(cohort.logs), 0.0, 1.0
        if unknown:
            age = log(max(_RESOLUTION_S, age_s))
            for _ in range(_ROUNDS):
                z = (age - mean) / sd
                late = _density(z) / max(_LEAST, _tail(z))
                mean = (total + unknown * (mean + sd * late)) / cohort.n
            above += z * late
        squares = sum((log_s - mean) ** 2 for log_s in cohort.logs)
        squares += unknown * above * self._variance
        known = self._samples + cohort.n - 1
        self._variance = max(_MIN_VARIANCE, (self._variance * self._samples + squares) / known)
        self._samples = min(_MEMORY, known)
        return mean


def _density(z: float) -> float:
    return exp(-0.5 * z * z) / sqrt(2 * pi)


def _tail(z: float) -> float:
    return 0.5 * (1 - erf(z / sqrt(2)))
