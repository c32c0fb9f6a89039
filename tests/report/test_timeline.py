"""The crawl over time, with points that merge as it grows."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.latency.histogram import Histogram
from crawlproj.report.timeline import (
    MAX_RANK,
    MAX_SITES,
    Gauge,
    Series,
    SiteTick,
    Tick,
    Timeline,
)


def histogram(*seconds: float) -> Histogram:
    made = Histogram()
    for value in seconds:
        made.record(value)
    return made


def tick(second: int, done: int = 1, limit: float = 8.0, **sites: int) -> Tick:
    return Tick(
        start_s=float(second),
        span_s=1.0,
        done=done,
        errors={"timeout": done % 3} if done % 3 else {},
        limit=limit,
        in_flight=limit / 2,
        ttfb=histogram(*[0.1] * done),
        lag=histogram(0.001),
        sites={
            name: SiteTick(8.0, 2, total, total // 2, 0.5 * total, total)
            for name, total in sites.items()
        },
    )


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.sampled_from((2, 4, 16)))
def test_merging_loses_no_counts(done: list[int], max_points: int) -> None:
    timeline = Timeline(max_points=max_points)
    for second, count in enumerate(done):
        timeline.add(tick(second, count, limit=float(count)))
    points = timeline.points
    assert len(points) <= max_points
    assert sum(point.done for point in points) == sum(done)
    assert sum(point.ttfb.count for point in points) == sum(done)
    assert sum((point.errors for point in points), Counter())["timeout"] == sum(n % 3 for n in done)
    assert sum(point.span_s for point in points) == len(done)
    assert [point.start_s for point in points[1:]] == [
        point.start_s + point.span_s for point in points[:-1]
    ]
    assert max(point.limit.max for point in points) == max(done)
    mean = sum(point.limit.mean * point.span_s for point in points) / len(done)
    assert mean == pytest.approx(sum(done) / len(done))


@given(st.integers(1, 500))
def test_all_points_but_the_last_span_the_same_time(ticks: int) -> None:
    timeline = Timeline(max_points=8)
    for second in range(ticks):
        timeline.add(tick(second))
    spans = [point.span_s for point in timeline.points]
    assert len(set(spans[:-1])) <= 1
    assert spans[-1] <= spans[0]
    assert len(spans) > 8 / 2 or ticks <= 8 / 2


def test_a_crawl_of_hours_has_about_a_thousand_points() -> None:
    timeline = Timeline()
    for second in range(20_000):
        timeline.add(tick(second, 0))
    assert 512 < len(timeline.points) <= 1024


def test_a_gauge_keeps_its_mean_over_time_and_its_maximum() -> None:
    gauge = Gauge(2.0, 3.0)
    gauge.absorb(Gauge(8.0, 9.0), 3.0, 1.0)
    assert (gauge.mean, gauge.max) == (3.5, 9.0)


def test_the_points_of_a_site_count_from_the_tick_before() -> None:
    timeline = Timeline()
    for second, total in enumerate((4, 10, 10, 13)):
        timeline.add(tick(second, a=total))
    (points,) = timeline.busiest().values()
    assert [point.done for point in points] == [6, 0, 3]
    assert [point.errors for point in points] == [3, 0, 1]
    assert [point.ttfb_count for point in points] == [6, 0, 3]


def test_the_busiest_sites_are_followed_until_they_fall_far_behind() -> None:
    timeline = Timeline()
    first = {f"s{number:03}": 100 - number for number in range(MAX_RANK)}
    timeline.add(tick(0, **first))
    timeline.add(tick(1, **first))
    assert list(timeline.busiest()) == list(first)[:MAX_SITES]
    # One site rises to the top; the one it displaces is still among the MAX_RANK busiest.
    risen = {**first, "s047": 1000}
    timeline.add(tick(2, **risen))
    timeline.add(tick(3, **risen))
    assert next(iter(timeline.busiest())) == "s047"
    others = {f"t{number:03}": 500 for number in range(MAX_RANK)}
    timeline.add(tick(4, **others))
    assert list(timeline.busiest()) == list(others)[:MAX_SITES]


@pytest.mark.parametrize("max_points", [0, 1, 7])
def test_a_series_needs_an_even_number_of_points(max_points: int) -> None:
    with pytest.raises(ValueError, match="even"):
        Series[Gauge](max_points)  # type: ignore[type-var]
