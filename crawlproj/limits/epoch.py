"""The samples that a limit collects between two changes. Pure."""

from __future__ import annotations


class Epoch:
    """Statistics of the requests that ended under one limit, once it had settled.

    began_at: requests that ended earlier belong to the limit before.
    n: answers. mean, variance: of the logs of their latencies.
    load: mean number of requests in flight when they started.
    used: answers whose requests started with the limit, or nearly the limit, in flight.
    wanted: minimum number of answers before the epoch is judged.
    dropped: requests refused.
    answered: answers by the number of requests in flight when they started.
    """

    __slots__ = (
        "answered",
        "began_at",
        "dropped",
        "in_flight",
        "logs",
        "n",
        "squares",
        "used",
        "wanted",
    )

    def __init__(self, began_at: float) -> None:
        self.began_at = began_at
        self.n = 0
        self.logs = 0.0
        self.squares = 0.0
        self.in_flight = 0  # summed over the starts
        self.used = 0
        self.wanted = 0
        self.dropped = 0
        self.answered: dict[int, int] = {}

    def add(self, log_s: float, in_flight: int, *, used: bool) -> None:
        """Count an answer.

        log_s: log of its latency. in_flight: requests in flight when it started. used: whether that
        was the limit, or nearly.
        """
        self.n += 1
        self.logs += log_s
        self.squares += log_s * log_s
        self.in_flight += in_flight
        self.answered[in_flight] = self.answered.get(in_flight, 0) + 1
        self.used += used

    @property
    def mean(self) -> float:
        return self.logs / self.n

    @property
    def load(self) -> float:
        return self.in_flight / self.n

    @property
    def variance(self) -> float:
        return max(0.0, self.squares / self.n - self.mean**2)
