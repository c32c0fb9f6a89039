from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.scheduling.announced import AnnouncedDuplicates

if TYPE_CHECKING:
    import pytest

REQUEST = Request("http://a.test/")


class Stats(Counter[str]):
    def inc_value(self, name: str) -> None:
        self[name] += 1


def test_a_second_request_with_a_key_is_dropped_at_once_if_anyone_listens() -> None:
    stats: Any = Stats()
    duplicates = AnnouncedDuplicates(stats, lambda: True, logged=False)
    assert [duplicates.drops(REQUEST, key) for key in (1, 2, 1, 1)] == [False, False, True, True]
    assert stats == {"dupefilter/filtered": 2}


def test_nothing_is_remembered_if_nobody_listens_by_the_first_request() -> None:
    stats: Any = Stats()
    answers = iter([False])
    duplicates = AnnouncedDuplicates(stats, lambda: next(answers), logged=False)
    assert [duplicates.drops(REQUEST, key) for key in (1, 1)] == [False, False]


def test_each_duplicate_is_logged_in_scrapys_words_if_the_project_wants_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="crawlproj.scheduling.announced")
    stats: Any = Stats()
    duplicates = AnnouncedDuplicates(stats, lambda: False, logged=True)
    assert [duplicates.drops(REQUEST, key) for key in (1, 1, 2, 1)] == [False, True, False, True]
    words = "Filtered duplicate request: <GET http://a.test/> (referer: None)"
    assert caplog.messages == [words, words]
