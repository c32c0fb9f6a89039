from __future__ import annotations

from collections import Counter
from typing import Any

from crawlproj.scheduling.announced import AnnouncedDuplicates


class Stats(Counter[str]):
    def inc_value(self, name: str) -> None:
        self[name] += 1


def test_a_second_request_with_a_key_is_dropped_at_once_if_anyone_listens() -> None:
    stats: Any = Stats()
    duplicates = AnnouncedDuplicates(stats, lambda: True)
    assert [duplicates.drops(key) for key in (1, 2, 1, 1)] == [False, False, True, True]
    assert stats == {"dupefilter/filtered": 2}


def test_nothing_is_remembered_if_nobody_listens_by_the_first_request() -> None:
    stats: Any = Stats()
    answers = iter([False])
    duplicates = AnnouncedDuplicates(stats, lambda: next(answers))
    assert [duplicates.drops(key) for key in (1, 1)] == [False, False]
