"""Pages are checked as often as it is worth, within a budget."""

from __future__ import annotations

import json
from typing import Any

from crawlproj.refresh.auto import Auto
from crawlproj.store.base import Checked

DAY = 86_400.0
NOW = 1000 * DAY


def page(path: str, age_days: float, *checks: float, **more: Any) -> Checked:
    """A page with checks in days, as in ``history``."""
    history = json.dumps([round(days * DAY) for days in checks]) if checks else None
    given: dict[str, Any] = {"table": "pages", "reason": "", "missing": False, **more}
    return Checked(
        url=f"http://a.test/{path}", depth=0, at=NOW - age_days * DAY, content_hash="x", etag=None,
        last_modified=None, history=history, **given,
    )  # fmt: skip


def due(policy: Auto, *pages: Checked, now: float = NOW) -> list[str]:
    policy.begin(now)
    for each in pages:
        policy.learn(each)
    for each in pages:
        policy.note(each, now)
    return [each.url.rpartition("/")[2] for each in pages if policy.is_due(each, now)]


def test_the_budget_goes_to_the_pages_that_a_check_is_worth_most_for() -> None:
    weekly = [7.0, -3.0, 7.0, -7.0, 7.0]
    pages = [
        page("never", 30, -900.0),
        page("weekly", 7, *weekly),
        page("checked-yesterday", 1, *weekly),
        page("weekly-older", 14, *weekly),
    ]
    assert due(Auto(per_day=2), *pages) == ["weekly", "weekly-older"]


def test_a_page_that_changes_too_often_to_be_kept_fresh_makes_room_for_others() -> None:
    hourly = page("hourly", 2, *[1 / 24] * 30)
    weekly = page("weekly", 7, 7.0, -3.0, 7.0, -7.0, 7.0)
    assert due(Auto(per_day=1), hourly, weekly) == ["weekly"]


def test_a_page_is_not_due_while_it_has_hardly_had_time_to_change() -> None:
    assert due(Auto(per_day=1000), page("new", 0.02), page("stable", 20, -800.0)) == []


def test_nothing_is_looked_for_where_no_page_is_worth_a_check() -> None:
    policy = Auto(per_day=1000)
    assert due(policy, page("new", 0.02), page("stable", 20, -800.0)) == []
    assert not policy.has_candidates
    due(policy, page("new", 0.02), page("old", 90))
    assert policy.has_candidates


def test_an_unchanged_page_is_checked_ever_more_seldom() -> None:
    policy, unchanged_s, at, intervals = Auto(per_day=10), 0.0, NOW, []
    for _ in range(6):
        now = at
        while True:
            now += DAY
            known = page("x", (NOW - at) / DAY, *([-unchanged_s / DAY] if unchanged_s else []))
            if due(policy, known, now=now):
                break
        intervals.append((now - at) / DAY)
        unchanged_s += now - at
        at = now
    assert intervals == sorted(intervals)
    assert intervals[-1] > intervals[0]


def test_each_site_has_a_budget_of_its_own() -> None:
    other = Checked("pages", "http://b.test/x", 0, 0.0, "", False, "x", None, None, None)
    assert due(Auto(per_day=1), page("1", 90), page("2", 90), other) == ["1", "x"]


def test_the_budget_comes_back_with_time_and_a_check_under_way_is_not_repeated() -> None:
    policy, pages = Auto(per_day=4), [page(str(n), 90) for n in range(10)]
    assert len(due(policy, *pages)) == 4
    assert due(policy, *pages, now=NOW + 1) == []
    later = due(policy, *pages, now=NOW + DAY / 2)
    assert len(later) == 2
    assert set(later).isdisjoint(["0", "1", "2", "3"])


def test_a_site_gets_one_budget_at_the_start_and_another_spread_over_each_day() -> None:
    policy, pages = Auto(per_day=10), [page(str(n), 90) for n in range(60)]
    hours = [len(due(policy, *pages, now=NOW + hour * 3600)) for hour in range(72)]
    assert hours[0] == 10
    assert max(hours[1:]) == 1
    assert [sum(hours[1 + day : 25 + day]) for day in (0, 24, 47)] == [10, 10, 10]


def test_sitemaps_come_first_and_what_is_missing_is_looked_at_again_after_a_day() -> None:
    sitemap = page("map.xml", 2, table="skipped", reason="sitemap")
    assert due(Auto(per_day=1), sitemap, page("old", 90)) == ["map.xml"]
    for age, expected in ((0.5, []), (1.5, ["gone"])):
        gone = page("gone", age, -500.0, reason="http-404", missing=True)
        assert due(Auto(per_day=1), gone) == expected


def test_a_page_that_is_worth_more_has_its_check_though_it_comes_last() -> None:
    pages = [*(page(str(n), 7) for n in range(9)), page("oldest", 90)]
    assert due(Auto(per_day=2), *pages) == ["0", "oldest"]


def test_what_robots_txt_had_forbidden_takes_no_check_from_pages() -> None:
    forbidden = [page(f"no{n}", 90, table="skipped", reason="robots") for n in range(3)]
    pages = [*forbidden, page("old", 90), page("older", 120)]
    assert due(Auto(per_day=2), *pages) == ["old", "older"]
    assert due(Auto(per_day=4), *pages) == ["no0", "no1", "old", "older"]


def test_a_check_of_another_worker_counts_there_and_not_here() -> None:
    policy, pages = Auto(per_day=2), [page(str(n), 90) for n in range(4)]
    assert due(policy, *pages) == ["0", "1"]
    policy.not_checked(pages[0], by_another=True)
    assert due(policy, *pages, now=NOW + 1) == ["2"], "the first two are under way"


def test_a_page_that_the_workers_have_no_checks_left_for_is_due_again_later() -> None:
    policy, old = Auto(per_day=1), page("x", 90)
    assert due(policy, old) == ["x"]
    policy.not_checked(old, by_another=False)
    assert due(policy, old, now=NOW + 1) == []
    assert due(policy, old, now=NOW + DAY) == ["x"]


def test_a_page_whose_row_changes_while_the_workers_are_asked_is_given_back_twice() -> None:
    policy, old, newer = Auto(per_day=4), page("x", 90), page("x", 89)
    assert due(policy, old, newer) == ["x", "x"]
    policy.not_checked(old, by_another=False)
    policy.not_checked(newer, by_another=False)
    assert due(policy, newer, now=NOW + 1) == ["x"]
