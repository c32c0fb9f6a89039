"""A site has as many places as the user allows."""

from __future__ import annotations

from crawlproj.links.quota import Quota


def test_a_site_is_full_when_its_places_are_taken_and_others_are_not() -> None:
    quota = Quota(2)
    assert [quota.take(f"http://a.org/{n}") for n in range(3)] == [True, True, False]
    assert quota.is_full("http://a.org/x")
    assert quota.take("http://b.org/")


def test_a_retry_keeps_its_place_and_a_failure_gives_it_back() -> None:
    quota = Quota(1)
    assert quota.take("http://a.org/1")
    assert quota.take("http://a.org/1")
    quota.give_back("http://a.org/1")
    quota.give_back("http://a.org/unknown")
    assert quota.take("http://a.org/2")
    assert not quota.take("http://a.org/1")


def test_pages_of_an_interrupted_run_count() -> None:
    quota = Quota(3)
    quota.begin({"a.org": 2})
    assert [quota.take(f"http://a.org/{n}") for n in range(2)] == [True, False]
