"""The policy on a simulated web whose changes are known."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.refresh.__main__ import freshness_of
from benchmarks.refresh.policies import Chooser, OfCrawlproj, Oracle
from benchmarks.refresh.sitemaps import SITEMAPS
from benchmarks.refresh.web import DAY_S, Crawler, pages_of


def test_no_change_is_missed_where_validators_tell_the_truth() -> None:
    pages = pages_of(Random(1), "news", 60, days=60)  # noqa: S311
    crawler = Crawler(Random(1))  # noqa: S311
    for day in range(1, 60):
        for page in pages:
            crawler.check(page, day * DAY_S)
    assert crawler.missed == 0
    assert all(page.is_fresh(59 * DAY_S) for page in pages)


def test_validators_that_lie_are_found_out_by_spot_checks() -> None:
    pages = pages_of(Random(2), "news", 400, days=200, lying=0.05)  # noqa: S311
    liars = [page for page in pages if page.lies and page.rate > 1 / DAY_S]
    crawler = Crawler(Random(2), spot_checks=0.05)  # noqa: S311
    for day in range(1, 200):
        for page in liars:
            crawler.check(page, day * DAY_S)
    assert len(liars) >= 5
    assert not any(page.trusted for page in liars)
    assert crawler.missed <= 3 * len(liars) / 0.05  # a spot check comes after 20 on average


def test_an_unchanged_web_costs_less_and_less() -> None:
    pages = pages_of(Random(3), "news", 100, days=0)  # noqa: S311
    crawler = Crawler(Random(3))  # noqa: S311
    policy, sent = OfCrawlproj(per_day=100), []
    for day in range(1, 200):
        for page in policy.choose(pages, day * DAY_S, 100):
            crawler.check(page, day * DAY_S)
        sent.append(crawler.requests)
    assert sent[-1] - sent[98] < sent[98]
    assert crawler.bodies <= 0.1 * crawler.requests


@pytest.mark.slow
def test_a_store_is_nearly_as_fresh_as_if_it_was_known_how_often_each_page_changes() -> None:
    def freshness_by(chooser: Chooser) -> float:
        pages = pages_of(Random(5), "news", 60, days=200)  # noqa: S311
        return freshness_of(chooser, pages, seed=5, days=200, budget=2)

    assert freshness_by(OfCrawlproj(2)) > 0.9 * freshness_by(Oracle())


def freshness_with(sitemap: str) -> float:
    pages = pages_of(Random(4), "the web of 2000", 40, days=70)  # noqa: S311
    return freshness_of(OfCrawlproj(4, sitemap), pages, seed=4, days=70, budget=4)


@pytest.mark.slow
def test_a_sitemap_that_tells_the_truth_keeps_pages_fresher() -> None:
    assert freshness_with("the truth") > 1.1 * freshness_with("")


@pytest.mark.slow
@pytest.mark.parametrize("sitemap", SITEMAPS)
def test_no_sitemap_makes_pages_less_fresh_not_even_one_that_lies(sitemap: str) -> None:
    assert freshness_with(sitemap) > 0.95 * freshness_with("")
