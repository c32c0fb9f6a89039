"""The parts of a page that are new."""

from __future__ import annotations

import pytest

from crawlproj.links.news import News

SHAPE = "a.test/events?offset="


@pytest.mark.parametrize(
    ("line", "is_same"),
    [
        ("Meeting 3 of November 2025", True),
        ("Meeting 4 of November 2026", True),
        ("Meeting 17 of November 2026", False),  # the page's own number
        ("Meeting 4 of November 26", False),  # no year
        ("Meeting 400 of November 2026", False),
    ],
)
def test_another_date_with_a_year_is_nothing_new(line: str, is_same: bool) -> None:
    news = News()
    news.of(
        "Meeting 3 of November 2025", "http://a.test/events", SHAPE, counted=True, leads_on=False
    )
    url = "http://a.test/events?offset=17"
    assert news.of(line, url, SHAPE, counted=True, leads_on=False).is_same is is_same
