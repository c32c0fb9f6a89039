"""When and how the robots middleware fetches a file, and how long it caches it."""

from __future__ import annotations

import asyncio

import pytest
from scrapy.exceptions import DownloadCancelledError

from crawlproj.downloadermiddlewares.robots import RobotsUnreachable
from tests.downloadermiddlewares.helpers import Answer, Harness, refused, robots, status
from tests.frontier.helpers import run

PRIVATE = "User-agent: *\nDisallow: /private\n"
ROBOTS = "http://a.test/robots.txt"


def test_concurrent_requests_share_one_fetch() -> None:
    harness = Harness(robots(PRIVATE))

    async def crawl() -> list[bool]:
        urls = [f"http://a.test/{path}" for path in ("1", "2", "private", "3")]
        return list(await asyncio.gather(*map(harness.allows, urls)))

    assert run(crawl()) == [True, True, False, True]
    assert harness.engine.urls == [ROBOTS]


def test_cancelling_one_waiting_request_does_not_cancel_the_shared_fetch() -> None:
    harness = Harness(robots(PRIVATE))

    async def crawl() -> bool:
        arrived = asyncio.Event()
        harness.engine.gate = arrived.wait
        first = asyncio.ensure_future(harness.process("http://a.test/1"))
        second = asyncio.ensure_future(harness.allows("http://a.test/private"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        arrived.set()
        allowed = await second
        assert first.cancelled()
        return allowed

    assert not run(crawl())
    assert harness.engine.urls == [ROBOTS]


def test_a_cancelled_fetch_is_not_cached() -> None:
    harness = Harness(DownloadCancelledError("the crawl is being stopped"))
    assert isinstance(refused(harness), DownloadCancelledError)
    harness.engine.answers[ROBOTS] = robots("")
    assert run(harness.allows("http://a.test/"))


def test_a_file_is_cached_for_a_day() -> None:
    harness = Harness(robots(PRIVATE))
    assert run(harness.allows("http://a.test/"))
    harness.engine.answers[ROBOTS] = robots("User-agent: *\nDisallow: /\n")
    harness.now.time += 86_399
    assert run(harness.allows("http://a.test/"))
    harness.now.time += 1
    assert not run(harness.allows("http://a.test/"))
    assert len(harness.engine.requests) == 2


def test_an_unreachable_file_is_requested_again_after_a_minute() -> None:
    harness = Harness(status(503))
    refused(harness)
    harness.engine.answers[ROBOTS] = robots("")
    harness.now.time += 59
    refused(harness)
    harness.now.time += 1
    assert run(harness.allows("http://a.test/"))
    assert len(harness.engine.requests) == 2


def test_a_site_whose_file_becomes_unreachable_keeps_its_last_rules() -> None:
    harness = Harness(robots(PRIVATE), ROBOTSTXT_CACHE_TTL=100, ROBOTSTXT_RETRY_AFTER=10)
    assert run(harness.allows("http://a.test/"))
    harness.engine.answers[ROBOTS] = status(503)
    harness.now.time += 100
    assert run(harness.allows("http://a.test/"))
    assert not run(harness.allows("http://a.test/private"))
    harness.engine.answers[ROBOTS] = robots("User-agent: *\nDisallow: /\n")
    harness.now.time += 10
    assert not run(harness.allows("http://a.test/"))
    assert len(harness.engine.requests) == 3


def test_redirects_to_other_hosts_are_followed() -> None:
    harness = Harness(
        {
            ROBOTS: status(301, Location="//b.test/moved"),
            "http://b.test/moved": status(307, Location="rules.txt"),
            "http://b.test/rules.txt": robots(PRIVATE),
        }
    )
    assert not run(harness.allows("http://a.test/private"))
    assert harness.announced[0]["origin"] == "http://a.test"


@pytest.mark.parametrize(("hops", "allowed"), [(5, False), (6, True)])
def test_up_to_five_redirects_are_followed_and_more_mean_no_rules(hops: int, allowed: bool) -> None:
    answers: dict[str, Answer] = {ROBOTS: status(302, Location="/1")}
    for hop in range(1, hops):
        answers[f"http://a.test/{hop}"] = status(302, Location=f"/{hop + 1}")
    answers[f"http://a.test/{hops}"] = robots(PRIVATE)
    harness = Harness(answers)
    assert run(harness.allows("http://a.test/private")) is allowed
    assert len(harness.engine.requests) == 6


def test_a_file_that_redirects_in_a_circle_means_no_rules() -> None:
    harness = Harness(status(302, Location="/robots.txt"))
    assert run(harness.allows("http://a.test/"))
    assert harness.announced[0]["delay"] is None


@pytest.mark.parametrize("location", ["file:///etc/passwd", "data:,x", "http://[", "ftp://a.test/"])
def test_a_redirect_to_a_url_that_is_not_http_is_not_followed(location: str) -> None:
    harness = Harness(status(301, Location=location))
    assert isinstance(refused(harness), RobotsUnreachable)
    assert harness.engine.urls == [ROBOTS]


def test_the_request_for_the_file_bypasses_filters_and_the_page_size_limit() -> None:
    harness = Harness(robots(""), DOWNLOAD_MAXSIZE=1000)
    run(harness.process("http://user:secret@a.test/x"))
    (request,) = harness.engine.requests
    assert request.url == ROBOTS
    assert request.priority == 1000
    assert request.meta["dont_obey_robotstxt"]
    assert request.meta["allow_offsite"]
    assert request.meta["download_maxsize"] > 500 * 1024


def test_the_least_recently_used_origin_is_evicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crawlproj.downloadermiddlewares.robots._MAX_ORIGINS", 2)
    harness = Harness({f"http://{name}.test/robots.txt": robots("") for name in "abc"})
    for name in "abacab":
        run(harness.process(f"http://{name}.test/"))
    assert [url[7] for url in harness.engine.urls] == ["a", "b", "c", "b"]


def test_the_file_takes_the_route_of_the_first_page() -> None:
    harness = Harness(robots(PRIVATE))
    meta = {"proxy": "http://me:s3cret@proxy.test:8888", "bindaddress": "127.0.0.2", "depth": 3}
    headers = {"Proxy-Authorization": "Basic eA==", "Authorization": "Bearer x"}
    assert run(harness.allows("http://a.test/1", meta=meta, headers=headers))
    (request,) = harness.engine.requests
    assert request.meta["proxy"] == meta["proxy"]
    assert request.meta["bindaddress"] == "127.0.0.2"
    assert "depth" not in request.meta
    assert request.headers.to_unicode_dict() == {"Proxy-Authorization": "Basic eA=="}


def test_a_page_that_shuns_the_proxy_of_the_environment_has_its_file_fetched_directly() -> None:
    harness = Harness(robots(PRIVATE))
    assert run(harness.allows("http://a.test/1", meta={"proxy": None}))
    (request,) = harness.engine.requests
    assert request.meta["proxy"] is None
