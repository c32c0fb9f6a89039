"""Numbers and times as people read them."""

from __future__ import annotations

import pytest

from crawlproj.serve.dashboard import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (5940, "99 min"),
        (12_000, "3 h 20 min"),
        (7200, "2 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_duration_has_as_many_parts_as_matter(value: float, text: str) -> None:
    assert words.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0"), (0.034, "0.034"), (2.55, "2.5"), (99.96, "100"), (1234, "1,234")],
)
def test_a_rate_keeps_what_matters(value: float, text: str) -> None:
    assert words.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0082, "8.2 ms"), (0.34, "340 ms"), (2.5, "2.5 s"), (300, "5 min")],
)
def test_a_latency_has_the_unit_that_fits(value: float | None, text: str) -> None:
    assert words.seconds(value) == text


def test_a_time_that_no_calendar_has_is_shown_as_it_is() -> None:
    assert words.moment(None) == "–"
    assert words.moment(1e300) == "1e+300"
