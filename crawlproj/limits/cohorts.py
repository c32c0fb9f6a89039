"""Requests that started one after another, and what the quicker half of them shows. Pure."""

from __future__ import annotations

from collections import deque
from math import exp, inf, log

_MIN_SIZE = 12  # requests in a cohort
_FEW, _SIZE_OF_FEW = 3.5, 8  # limit, and requests in a cohort below it: a dozen take long there
_FIRST_SIZES = (3, 6, 6, 6)  # of the cohorts while nothing is known
# Of the starts of a cohort: more judgements would cost CPU and show nothing. But the first ones
# show what a site is like, and a quick one shows it in less than that.
_MIN_S, _AT_ONCE = 0.2, 16  # seconds; cohorts
_SHARE = 0.6  # of the limit in a cohort
_TOO_FEW = 4  # requests in a cohort that is cut short
_LATE, _AT_LEAST = 2.5, 1.5  # times the usual latency: when to judge early, and as what
_MIN_LATE_S = 0.02
_RESOLUTION_S = 0.005  # shorter latencies are not distinguished: our own loop takes as long
_MIN_SPREAD, _FIRST_SPREAD = 0.01, 0.6  # variance of the log of a latency
_OF_HALF = 4.4  # times the variance within the quicker half is that of all
_DEPENDENT = 1.15  # times the variance by chance: neighbours are not independent
_FIRST_WIDTH = 0.4
_MEMORY, _FIRST_MEMORY = 100.0, 10.0  # samples that the variance remembers
_WIDTH_MEMORY = 5.0  # samples that the first width is worth


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

    def withdraw(self, in_flight: int) -> None:
        """Take back a start that will show no latency."""
        self.n -= 1
        self.in_flight -= in_flight


class Evidence:
    """The judgement on a cohort.

    started_at: when the first one started. load: mean number in flight at the starts. latency: mean
    of the logs of the seconds of the quicker half. variance: of that mean. width: mean square of
    the distance of the logs of all latencies from it. early: whether the cohort was judged before
    its time, for being late.
    """

    __slots__ = ("early", "latency", "load", "started_at", "variance", "width")

    def __init__(
        self, cohort: Cohort, latency: float, spread: float, width: float, *, early: bool
    ) -> None:
        self.started_at = cohort.first_at
        self.load = cohort.in_flight / cohort.n
        self.latency = latency
        doubt = cohort.doubts / max(1, len(cohort.logs))
        self.variance = _DEPENDENT * spread / cohort.n + doubt
        self.width = width
        self.early = early


class Cohorts:
    """Divides the starts into cohorts and judges each as soon as the quicker half is answered.

    Judging by starts, not by ends, needs no settling time after a change of the limit, and the
    quick answers do not come first. The quicker half shows a queue best: everybody in a queue
    waits, and only some requests are expensive. It is also known sooner than a mean.

    spread: variance of the log of a latency, of the latest cohorts.
    """

    def __init__(self) -> None:
        self._open: deque[Cohort] = deque([Cohort()])  # by start; the last is being filled
        self._filled = 0
        self._late_s = inf
        self.spread = _FIRST_SPREAD
        self._samples = _FIRST_MEMORY  # that the variance is worth
        self._centre: float | None = None  # the latest latency judged
        self._width = _FIRST_WIDTH
        self._width_samples = _WIDTH_MEMORY

    def start(self, in_flight: int, limit: float, now: float) -> Cohort:
        """Count a start, and return its cohort."""
        cohort = self._open[-1]
        cohort.n += 1
        cohort.in_flight += in_flight
        cohort.last_at = now
        if cohort.n == 1:
            cohort.first_at = now
        is_long = self._filled < _AT_ONCE or now - cohort.first_at >= _MIN_S
        if is_long and cohort.n >= self._size(limit):
            self._open.append(Cohort())
            self._filled += 1
        return cohort

    def _size(self, limit: float) -> float:
        if self._filled < len(_FIRST_SIZES):
            size = _FIRST_SIZES[self._filled]
        else:
            size = _MIN_SIZE if limit >= _FEW else _SIZE_OF_FEW
        return max(size, _SHARE * limit)

    def answer(self, cohort: Cohort, rtt_s: float, lag_s: float) -> None:
        """Count an answer; ``lag_s``: seconds of it that may be our own event loop's."""
        log_s = log(max(_RESOLUTION_S, rtt_s))
        cohort.logs.append(log_s)
        if lag_s:
            cohort.doubts += (lag_s / rtt_s) ** 2
        if self._centre is not None:
            apart = log_s - self._centre
            self._width_samples = min(_MEMORY, self._width_samples + 1)
            self._width += (apart * apart - self._width) / self._width_samples

    def cut(self) -> None:
        """Begin another cohort, because the next starts meet another number in flight."""
        if self._open[-1].n < _TOO_FEW:
            self._open.pop()
        self._open.append(Cohort())

    def clear(self) -> None:
        """Drop all cohorts: the latencies of their requests are not comparable any more."""
        self._open = deque([Cohort()])

    def expect(self, latency: float) -> None:
        """Note the log of the usual latency without a queue, which decides when one is late."""
        self._late_s = max(_MIN_LATE_S, _LATE * exp(latency))

    def ripe(self, now: float) -> Evidence | None:
        """Return the evidence of the oldest cohort if enough of it is known; call until None."""
        while len(self._open) > 1:
            cohort = self._open[0]
            logs, half = cohort.logs, (cohort.n + 1) // 2
            age_s = now - cohort.last_at
            if len(logs) < half:
                if age_s <= self._late_s or cohort.alarmed:
                    return None
                cohort.alarmed = True
                latency = log(age_s / _AT_LEAST)
                return Evidence(cohort, latency, self.spread, self._width, early=True)
            logs.sort()
            if len(logs) < cohort.n and age_s < exp(logs[half - 1]):
                return None  # a quicker one may still come
            self._open.popleft()
            if half:
                return self._evidence(cohort, logs[:half])
        return None

    def _evidence(self, cohort: Cohort, quicker: list[float]) -> Evidence:
        mean = sum(quicker) / len(quicker)
        squares = _OF_HALF * sum((log_s - mean) ** 2 for log_s in quicker)
        known = self._samples + len(quicker) - 1
        self.spread = max(_MIN_SPREAD, (self.spread * self._samples + squares) / known)
        self._samples = min(_MEMORY, known)
        self._centre = mean
        return Evidence(cohort, mean, self.spread, self._width, early=False)
