"""The unloaded latency of a site, with which the latency of a crawl is compared."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.weather_http.measures import quantile
from crawlproj.demo import DemoWeb
from crawlproj.demo.spec import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.weather_http.scenario import Scenario

_COPIES = 20  # of the site, for enough pages for a p99 before its weather changes
_DURATION_S = 6.0


def unloaded_p99_s(scenario: Scenario, folder: Path) -> float | None:
    """Measure the scenario's first site with one request at a time, in its first seconds.

    Return the p99 of the seconds from a request to the headers of its answer.
    """
    alone = replace(scenario, groups=(replace(scenario.groups[0], count=_COPIES),))
    with (
        DemoWeb(alone.specs(), folder / "access.log") as web,
        ThreadPoolExecutor(_COPIES) as pool,
    ):
        latencies = [
            latency_s for each in pool.map(_visit, web.urls.values()) for latency_s in each
        ]
    return quantile(latencies, 0.99)


def _visit(url: str) -> list[float]:
    parts = urlsplit(url)
    latencies = []
    deadline = time.monotonic() + _DURATION_S
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port)) as connection:
        connection.connect()
        for n in count(1):
            began = time.monotonic()
            if began >= deadline:
                break
            connection.request("GET", path_of(n))
            response = connection.getresponse()
            latencies.append(time.monotonic() - began)
            response.read()
    return latencies
