"""How often pages fail by chance, on made-up answers."""

from __future__ import annotations

from itertools import count

import pytest

from crawlproj.limits.by_chance import ByChance
from tests.limits.models import dice


def crawled(by_chance: float, broken: float, pages: int = 400) -> ByChance:
    """Return what is known of a site once its pages were asked for up to five times each."""
    site, chance = ByChance(), dice(3)
    for _ in range(pages):
        is_broken = chance.random() < broken
        for attempt in range(5):
            failed = is_broken or chance.random() < by_chance
            site.note(failed=failed, again=attempt > 0)
            if not failed:
                break
    return site


@pytest.mark.parametrize(
    ("by_chance", "broken", "fewest", "most"),
    [(0.02, 0, 3, 5), (0.1, 0, 5, 8), (0.25, 0, 8, 13), (0.25, 0.05, 6, 13), (0.4, 0, 10, 24)],
)
def test_a_page_is_broken_once_it_failed_more_often_than_chance_explains(
    by_chance: float, broken: float, fewest: int, most: int
) -> None:
    site = crawled(by_chance, broken)
    assert fewest <= next(n for n in count(1) if not site.explains(n)) <= most


@pytest.mark.parametrize("broken", [0.01, 0.3, 1.0])
def test_where_no_page_is_answered_later_all_that_fail_are_broken(broken: float) -> None:
    assert not crawled(0, broken).explains(1)


def test_two_pages_that_fail_once_do_not_make_a_site_that_fails_by_chance() -> None:
    site = ByChance()
    for _ in range(2):
        site.note(failed=True, again=False)
        site.note(failed=False, again=True)
    assert not site.explains(1)


def test_a_site_that_has_recovered_is_believed_soon() -> None:
    site = crawled(0.5, 0)
    for _ in range(400):
        site.note(failed=False, again=False)
    assert not site.explains(3)
