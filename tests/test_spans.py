"""Spans of time are read in one way, wherever people write them."""

from __future__ import annotations

import pytest

from crawlproj.spans import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("7D", 604_800), (" 2w ", 1_209_600)],
)
def test_a_span_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "7 d", "1e3s", "7days", "1234567d", "٣d"])
def test_anything_else_is_not_a_span(text: str) -> None:
    assert seconds_of(text) is None
