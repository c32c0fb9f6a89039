"""The logs of a run: of its server, and of its client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawlproj.demo import AnswerLine, LogLine


@dataclass(frozen=True, slots=True)
class Observed:
    """The logs of a run, without robots.txt. Times are unix seconds.

    began: time of the first request at any site.
    requests, answers: from the server's logs.
    latencies: (time, seconds from the request to the headers) of each page of the client.
    cpu_s, rss_mb: of the client, start-up included.
    """

    began: float
    requests: list[LogLine]
    answers: list[AnswerLine]
    latencies: list[tuple[float, float]]
    cpu_s: float
    rss_mb: float
    server_cpu_s: float
