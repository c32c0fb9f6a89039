"""The simulated AutoThrottle, checked against Scrapy's."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.core.downloader import Slot
from scrapy.extensions.throttle import AutoThrottle as Scrapys
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from benchmarks.weather.autothrottle import AutoThrottle
from crawlproj.limits.ending import Ending, Verdict
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWERS = st.lists(
    st.tuples(st.floats(0.001, 100), st.sampled_from([200, 404, 429, 503])), max_size=30
)


def scrapys_delays(answers: Sequence[tuple[float, int]], target: float, start_s: float) -> float:
    settings = {
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": target,
        "AUTOTHROTTLE_START_DELAY": start_s,
    }
    theirs = Scrapys(get_crawler(settings_dict=settings))
    theirs.mindelay, theirs.maxdelay = theirs._min_delay(), theirs._max_delay()
    slot = Slot(concurrency=8, delay=start_s, jitter=0.5)
    for latency_s, status in answers:
        theirs._adjust_delay(slot, latency_s, Response("http://a.example", status=status))
    return slot.delay


@examples(50)
@given(answers=ANSWERS, tuned=st.sampled_from([(1.0, 5.0), (16.0, 0.0)]))
def test_the_delay_equals_that_of_scrapy(
    answers: list[tuple[float, int]], tuned: tuple[float, float]
) -> None:
    target, start_s = tuned
    ours = AutoThrottle(random.Random(1), target=target, start_delay_s=start_s)  # noqa: S311
    for latency_s, status in answers:
        ours.adjust(latency_s, ok=status == 200)
    assert ours.delay_s == pytest.approx(scrapys_delays(answers, target, start_s))


def test_starts_are_a_delay_apart_plus_or_minus_half() -> None:
    ours = AutoThrottle(random.Random(1), cap=3, start_delay_s=2.0)  # noqa: S311
    starts: list[float] = []
    now = 0.0
    while len(starts) < 3:
        if ours.free(now):
            ours.start(now)
            starts.append(now)
        else:
            now = ours.ready_at()
    assert starts[0] == 0
    assert all(1.0 <= b - a <= 3.5 for a, b in pairwise(starts))
    assert ours.free(1000.0) == 0


def test_requests_without_an_answer_are_ignored() -> None:
    ours = AutoThrottle(random.Random(1))  # noqa: S311
    ours.end(ours.start(0.0), 10.0, Ending(Verdict.OVERLOADED))
    assert ours.delay_s == 5.0
