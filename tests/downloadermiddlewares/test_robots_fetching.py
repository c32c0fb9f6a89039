"""When the robots middleware asks for a file, how, and how long it keeps the answer."""

from __future__ import annotations

import asyncio

import pytest
from scrapy.exceptions import DownloadCancelledError

from crawlproj.downloadermiddlewares.robots import RobotsUnreachable
from tests.downloadermiddlewares.helpers import Answer, Guest, refused, robots, status
from tests.frontier.helpers import run

PRIVATE = "User-agent: *\nDisallow: /private\n"
ROBOTS = "http://a.test/robots.txt"


def test_many_requests_share_one_fetch() -> None:
    guest = Guest(robots(PRIVATE))

    async def crawl() -> list[bool]:
        urls = [f"http://a.test/{path}" for path in ("1", "2", "private", "3")]
        return list(await asyncio.gather(*map(guest.allows, urls)))

    assert run(crawl()) == [True, True, False, True]
    assert guest.engine.urls == [ROBOTS]


def test_a_waiter_that_is_cancelled_leaves_the_file_to_the_others() -> None:
    guest = Guest(robots(PRIVATE))

    async def crawl() -> bool:
        arrived = asyncio.Event()
        guest.engine.gate = arrived.wait
        first = asyncio.ensure_future(guest.ask("http://a.test/1"))
        second = asyncio.ensure_future(guest.allows("http://a.test/private"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        arrived.set()
        allowed = await second
        assert first.cancelled()
        return allowed

    assert not run(crawl())
    assert guest.engine.urls == [ROBOTS]


def test_a_fetch_that_a_stopping_crawl_cancels_decides_nothing() -> None:
    guest = Guest(DownloadCancelledError("the crawl is being stopped"))
    assert isinstance(refused(guest), DownloadCancelledError)
    guest.engine.answers[ROBOTS] = robots("")
    assert run(guest.allows("http://a.test/"))


def test_an_answer_is_kept_for_a_day() -> None:
    guest = Guest(robots(PRIVATE))
    assert run(guest.allows("http://a.test/"))
    guest.engine.answers[ROBOTS] = robots("User-agent: *\nDisallow: /\n")
    guest.now.time += 86_399
    assert run(guest.allows("http://a.test/"))
    guest.now.time += 1
    assert not run(guest.allows("http://a.test/"))
    assert len(guest.engine.requests) == 2


def test_an_unreachable_file_is_asked_for_again_a_minute_later() -> None:
    guest = Guest(status(503))
    refused(guest)
    guest.engine.answers[ROBOTS] = robots("")
    guest.now.time += 59
    refused(guest)
    guest.now.time += 1
    assert run(guest.allows("http://a.test/"))
    assert len(guest.engine.requests) == 2


def test_a_site_that_becomes_unreachable_keeps_its_last_rules() -> None:
    guest = Guest(robots(PRIVATE), ROBOTSTXT_CACHE_TTL=100, ROBOTSTXT_RETRY_AFTER=10)
    assert run(guest.allows("http://a.test/"))
    guest.engine.answers[ROBOTS] = status(503)
    guest.now.time += 100
    assert run(guest.allows("http://a.test/"))
    assert not run(guest.allows("http://a.test/private"))
    guest.engine.answers[ROBOTS] = robots("User-agent: *\nDisallow: /\n")
    guest.now.time += 10
    assert not run(guest.allows("http://a.test/"))
    assert len(guest.engine.requests) == 3


def test_redirects_are_followed_to_other_hosts() -> None:
    guest = Guest(
        {
            ROBOTS: status(301, Location="//b.test/moved"),
            "http://b.test/moved": status(307, Location="rules.txt"),
            "http://b.test/rules.txt": robots(PRIVATE),
        }
    )
    assert not run(guest.allows("http://a.test/private"))
    assert guest.announced[0]["origin"] == "http://a.test"


@pytest.mark.parametrize(("hops", "reachable"), [(5, True), (6, False)])
def test_five_redirects_are_followed_and_no_more(hops: int, reachable: bool) -> None:
    answers: dict[str, Answer] = {ROBOTS: status(302, Location="/1")}
    for hop in range(1, hops):
        answers[f"http://a.test/{hop}"] = status(302, Location=f"/{hop + 1}")
    answers[f"http://a.test/{hops}"] = robots("")
    guest = Guest(answers)
    if reachable:
        assert run(guest.allows("http://a.test/"))
    else:
        assert "more than 5 redirects" in str(refused(guest))
    assert len(guest.engine.requests) == 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "data:,x", "http://[", "ftp://a.test/"])
def test_a_redirect_leads_nowhere_but_to_the_web(location: str) -> None:
    guest = Guest(status(301, Location=location))
    assert isinstance(refused(guest), RobotsUnreachable)
    assert guest.engine.urls == [ROBOTS]


def test_the_request_for_the_file_goes_its_own_way() -> None:
    guest = Guest(robots(""), DOWNLOAD_MAXSIZE=1000)
    run(guest.ask("http://user:secret@a.test/x"))
    (request,) = guest.engine.requests
    assert request.url == ROBOTS
    assert request.priority == 1000
    assert request.meta["dont_obey_robotstxt"]
    assert request.meta["allow_offsite"]
    assert request.meta["download_maxsize"] > 500 * 1024


def test_of_many_origins_the_one_used_longest_ago_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.downloadermiddlewares.robots._MAX_ORIGINS", 2)
    guest = Guest({f"http://{name}.test/robots.txt": robots("") for name in "abc"})
    for name in "abacab":
        run(guest.ask(f"http://{name}.test/"))
    assert [url[7] for url in guest.engine.urls] == ["a", "b", "c", "b"]
