"""What a limit sees between two changes. Pure."""

from __future__ import annotations


class Epoch:
    """What the requests showed that ended under one limit, once that had settled.

    began_at: what ended earlier is of the time before. n: answers. mean, variance: of the logs of
    their latencies. load: the requests that were in flight at their starts, on average. used:
    answers whose request met a full site. wanted: answers, at least, before it is judged.
    dropped: requests refused. answered: requests, by how many were in flight at their starts.
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
        self.in_flight = 0  # sum over their starts
        self.used = 0
        self.wanted = 0
        self.dropped = 0
        self.answered: dict[int, int] = {}

    def add(self, log_s: float, in_flight: int, *, used: bool) -> None:
        """Count an answer.

        log_s: of its latency. in_flight: at its start. used: whether that was the limit, or nearly.
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
