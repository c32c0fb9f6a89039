"""Failures of one proxy while the site answers by another."""

from __future__ import annotations

from crawlproj.limits.other_routes import OtherRoutes

SITE, OTHER = "a.test", "b.test"


def routes(*answers: str) -> OtherRoutes:
    """Return the routes of a site that has answered by ``answers``, a second apart."""
    found = OtherRoutes()
    for now, route in enumerate(answers):
        found.on_answer(SITE, route, float(now))
    return found


def test_a_failure_is_the_routes_own_while_another_one_is_answered() -> None:
    assert routes("one").is_its_own(SITE, "two", 1)
    assert routes("one", "two").is_its_own(SITE, "two", 2)
    assert routes("one", "two", "two").is_its_own(SITE, "two", 3)
    assert routes("one").is_its_own(SITE, "", 1), "a request without a proxy"
    assert routes("one", "").is_its_own(SITE, "one", 2)


def test_a_failure_is_the_sites_if_no_other_route_was_answered_lately() -> None:
    assert not routes().is_its_own(SITE, "one", 1)
    assert not routes("one").is_its_own(SITE, "one", 1)
    assert not routes("one").is_its_own(SITE, "two", 61)
    assert not routes("one").is_its_own(OTHER, "two", 1)


def test_a_crawl_without_proxies_keeps_nothing() -> None:
    found = routes("", "")
    assert not found._sites
    assert not found.is_its_own(SITE, "", 2)


def test_the_first_answer_by_another_route_clears_the_site_of_earlier_refusals() -> None:
    found = routes()
    assert not found.on_answer(SITE, "", 0), "no proxy, and nothing is kept"
    assert found.on_answer(SITE, "one", 1), "refused without a proxy before"
    assert not found.on_answer(SITE, "one", 2)
    assert found.on_answer(SITE, "two", 3)
    assert not any(found.on_answer(SITE, route, 4) for route in ("one", "two", "three"))


def test_failures_by_all_routes_are_the_sites_until_it_answers() -> None:
    found = routes("one", "two")
    own = [found.is_its_own(SITE, f"{n}", 2) for n in range(21)]
    assert own == [True] * 20 + [False]
    found.on_answer(SITE, "one", 3)
    assert found.is_its_own(SITE, "two", 3)
