"""Refusals, shared permits and learned limits in real crawls of sites on loopback."""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request

from crawlproj.scheduler import Scheduler
from tests.downloadermiddlewares.crawling import SCRAPYS, SETTINGS, Answer, crawl, refusing, site
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.http import Response

OURS = "crawlproj.scheduler.Scheduler"
each_scheduler = pytest.mark.parametrize("scheduler", [OURS, SCRAPYS])


@pytest.mark.slow
@each_scheduler
@on_reactor
async def test_a_retry_after_is_respected_and_the_refusal_is_not_an_attempt(scheduler: str) -> None:
    async with (
        site(refusing(1, 429, "2"), host="127.0.0.1") as throttling,
        site(refusing(1, 503, "2"), host="127.0.0.2") as overloaded,
        site(host="127.0.0.3") as calm,
    ):
        urls = [f"{one.url}/page" for one in (throttling, overloaded, calm)]
        outcomes, crawler = await crawl(urls, SCHEDULER=scheduler, RETRY_TIMES=0)
    assert outcomes == dict.fromkeys(urls, 200)
    for one in (throttling, overloaded):
        (gap,) = one.gaps("/page")
        assert 2 <= gap < 4
    assert crawler.stats is not None
    assert crawler.stats.get_value("concurrency/refused") == 2
    assert crawler.stats.get_value("retry/count") is None


@pytest.mark.slow
@on_reactor
async def test_other_pages_of_the_site_wait_for_a_retry_after_too() -> None:
    async with site(_first_refused) as one:
        pages = [f"{one.url}/{n}" for n in range(12)]
        outcomes, _ = await crawl(pages)
    assert outcomes == dict.fromkeys(pages, 200)
    start = one.asked[0][1]
    times = sorted(at - start for _, at in one.asked)
    assert sum(at < 1.9 for at in times) <= 2, "what was in flight with the first refusal"
    assert times[-1] < 4, "it went on when the rest was over"


class Pool:
    """Sends each request through the next of the setting PROXIES; drops one that is refused."""

    def __init__(self, proxies: list[str]) -> None:
        self.proxies = deque(proxies)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Pool:
        return cls(crawler.settings.getlist("PROXIES"))

    def process_request(self, request: Request) -> None:
        self.proxies.rotate()
        request.meta["proxy"] = self.proxies[0]

    def process_response(self, request: Request, response: Response) -> Response | Request:
        if response.status == 200:
            return response
        if (proxy := request.meta["proxy"]) in self.proxies and len(self.proxies) > 1:
            self.proxies.remove(proxy)
        return request.replace(dont_filter=True)


@pytest.mark.parametrize("status", [429, 403, 503, 999])
@on_reactor
async def test_a_proxy_that_a_site_has_banned_costs_the_other_proxies_nothing(status: int) -> None:
    async with site() as good, site(lambda *_: (status, "3600")) as banned:
        pages = [f"http://a.test/{n}" for n in range(40)]
        outcomes, crawler = await crawl(
            pages,
            PROXIES=[banned.url, good.url],
            DOWNLOADER_MIDDLEWARES={**SETTINGS["DOWNLOADER_MIDDLEWARES"], Pool: 740},
        )
    assert outcomes == dict.fromkeys(pages, 200)
    assert len(banned.asked) <= 2
    assert crawler.stats is not None
    assert crawler.stats.get_value("concurrency/failed_routes") == len(banned.asked)


def _first_refused(path: str, before: int) -> Answer:
    return (503, "2") if path == "/0" and not before else (200, "")


@each_scheduler
@on_reactor
async def test_dont_retry_is_respected(scheduler: str) -> None:
    async with site(refusing(99, 429, "1")) as one:
        request = Request(f"{one.url}/page", meta={"dont_retry": True})
        outcomes, crawler = await crawl([request], SCHEDULER=scheduler, RETRY_TIMES=5)
    assert outcomes == {request.url: "http-429"}
    assert one.paths == {"/page": 1}
    assert crawler.stats is not None
    assert crawler.stats.get_value("concurrency/refused") is None


@on_reactor
async def test_with_retries_off_a_refusal_is_final() -> None:
    async with site(refusing(99, 429, "1")) as one:
        outcomes, _ = await crawl([f"{one.url}/page"], RETRY_ENABLED=False)
    assert outcomes == {f"{one.url}/page": "http-429"}
    assert one.paths == {"/page": 1}


@pytest.mark.slow
@each_scheduler
@on_reactor
async def test_a_page_that_is_always_refused_fails_eventually(scheduler: str) -> None:
    async with site(refusing(99, 429)) as one:
        outcomes, _ = await crawl(
            [f"{one.url}/page"], SCHEDULER=scheduler, CONCURRENCY_REFUSALS=1, RETRY_TIMES=1
        )
    assert outcomes == {f"{one.url}/page": "http-429"}
    assert one.paths == {"/page": 3}, "the first, one refused, one retried"
    assert all(gap >= 0.7 for gap in one.gaps("/page")), "no retry is instant"


@pytest.mark.slow
@on_reactor
async def test_an_overload_without_a_retry_after_is_an_attempt_and_waits() -> None:
    async with site(refusing(1, 503)) as one:
        outcomes, crawler = await crawl([f"{one.url}/page"], RETRY_TIMES=1)
    assert outcomes == {f"{one.url}/page": 200}
    assert one.gaps("/page")[0] >= 0.7
    assert crawler.stats is not None
    assert crawler.stats.get_value("retry/count") == 1


def _bad_refused(path: str, before: int) -> Answer:
    return (503, "") if path.startswith("/bad") else (200, "")


@pytest.mark.slow
@on_reactor
async def test_pages_that_always_fail_end_soon_although_no_others_are_left() -> None:
    async with site(_bad_refused) as one:
        good = [f"{one.url}/{n}" for n in range(12)]
        bad = [f"{one.url}/bad{n}" for n in range(6)]  # more in a row than let a site be down
        mixed = [url for pair in zip(good[::2], bad, good[1::2], strict=True) for url in pair]
        outcomes, _ = await crawl(mixed, RETRY_TIMES=1)
    assert outcomes == {**dict.fromkeys(good, 200), **dict.fromkeys(bad, "http-503")}
    asked = [at for _, at in one.asked]
    assert max(asked) - min(asked) < 20, "a minute or more if the site counts as down"
    asked_for = [count for path, count in one.paths.items() if path.startswith("/bad")]
    assert min(asked_for) >= 2
    assert sum(asked_for) <= 2 * len(bad) + 4, "four more to see whether they are answered later"


@pytest.mark.slow
@on_reactor
async def test_pages_that_always_fail_end_soon_although_they_all_come_last() -> None:
    async with site(_bad_refused) as one:
        good = [f"{one.url}/{n}" for n in range(4)]
        bad = [f"{one.url}/bad{n}" for n in range(6)]  # more in a row than let a site be down
        outcomes, _ = await crawl(
            good + bad, RETRY_TIMES=1, CONCURRENT_REQUESTS=1, SITE_PATIENCE=30
        )
    assert outcomes == {**dict.fromkeys(good, 200), **dict.fromkeys(bad, "http-503")}
    assert sum(one.paths[f"/{n}"] for n in range(4)) > 4, "a good page showed that the site is up"
    assert all(one.paths[path] <= 3 for path in one.paths if path.startswith("/bad"))


@pytest.mark.slow
@on_reactor
async def test_a_refused_robots_txt_is_not_requested_again_too_early() -> None:
    def answer(path: str, before: int) -> Answer:
        return (429, "2") if path == "/robots.txt" and not before else (200, "")

    async with site(answer) as one:
        outcomes, _ = await crawl([f"{one.url}/page"], ROBOTSTXT_OBEY=True, RETRY_TIMES=2)
    assert outcomes == {f"{one.url}/page": 200}
    (gap,) = one.gaps("/robots.txt")
    assert gap >= 2


# With another scheduler


@on_reactor
async def test_with_another_scheduler_slots_follow_the_control() -> None:
    seen: list[tuple[int, float]] = []

    def look(crawler: Crawler) -> None:
        assert crawler.engine is not None
        slots = crawler.engine.downloader.slots.values()
        seen.extend((slot.concurrency, slot.delay) for slot in slots)

    async with site(latency_s=0.02) as one:
        pages = [f"{one.url}/{n}" for n in range(60)]
        outcomes, _ = await crawl(
            pages,
            look,
            SCHEDULER=SCRAPYS,
            CONCURRENCY_LIMIT="aimd",
            CONCURRENCY_START=1,
            CONCURRENCY_MAX_PER_SITE=6,
            CONCURRENT_REQUESTS_PER_DOMAIN=1,
        )
    assert set(outcomes.values()) == {200}
    assert seen[0][0] <= 2
    assert seen[-1][0] == 6
    assert 4 <= max(one.in_flight) <= 6


@pytest.mark.slow
@on_reactor
async def test_with_another_scheduler_refusals_and_delays_slow_the_slot() -> None:
    delays: list[float] = []

    def look(crawler: Crawler) -> None:
        assert crawler.engine is not None
        delays.extend(slot.delay for slot in crawler.engine.downloader.slots.values())

    async with site(_first_refused) as one:
        pages = [f"{one.url}/{n}" for n in range(4)]
        outcomes, _ = await crawl(pages, look, SCHEDULER=SCRAPYS)
    assert set(outcomes.values()) == {200}
    start = one.asked[0][1]
    assert sum(at - start < 1.9 for _, at in one.asked) <= 4
    assert max(delays) > 1, "it rests"


# Settings


@on_reactor
async def test_when_switched_off_scrapy_handles_refusals() -> None:
    async with site(refusing(1, 429, "2"), latency_s=0.05) as one:
        pages = [f"{one.url}/{n}" for n in range(12)]
        outcomes, crawler = await crawl(
            pages, CONCURRENCY_ENABLED=False, CONCURRENCY_MAX_PER_SITE=5, RETRY_TIMES=1
        )
    assert set(outcomes.values()) == {200}
    assert crawler.stats is not None
    assert crawler.stats.get_value("retry/count") == 12
    assert max(one.in_flight) == 5
    assert one.asked[-1][1] - one.asked[0][1] < 2


@on_reactor
async def test_sites_have_their_own_settings() -> None:
    async with site(latency_s=0.05) as narrow, site(latency_s=0.05) as wide:
        pages = [f"{one.url}/{n}" for n in range(12) for one in (narrow, wide)]
        outcomes, _ = await crawl(
            pages,
            CONCURRENCY_LIMIT="fixed",
            CONCURRENCY_MAX_PER_SITE=4,
            CONCURRENCY_SITES={f"*:{narrow.port}": {"max": 1}},
        )
    assert set(outcomes.values()) == {200}
    assert max(narrow.in_flight) == 1
    assert max(wide.in_flight) == 4


@pytest.mark.parametrize(("scope", "together"), [("host", 4), ("domain", 2), ("ip", 2)])
@on_reactor
async def test_hosts_share_permits_by_scope(
    scope: str, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if name.endswith(".example.org") else name, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with site(latency_s=0.1) as one:
        hosts = [f"http://{name}.example.org:{one.port}" for name in ("a", "b")]
        pages = [f"{host}/{n}" for n in range(10) for host in hosts]
        outcomes, _ = await crawl(
            pages,
            CONCURRENCY_SCOPE=scope,
            CONCURRENCY_LIMIT="fixed",
            CONCURRENCY_MAX_PER_SITE=2,
        )
    assert outcomes == dict.fromkeys(pages, 200)
    # The address of a host is known from its first answer.
    assert max(one.in_flight[8:]) == together


@pytest.mark.parametrize("reset", [False, True])
@on_reactor
async def test_the_next_crawl_starts_from_what_was_learned(tmp_path: Path, *, reset: bool) -> None:
    limits: list[float] = []

    def look(crawler: Crawler) -> None:
        assert crawler.engine is not None
        scheduler = crawler.engine.scheduler
        assert isinstance(scheduler, Scheduler)
        limits.extend(view.limit for view in scheduler.permits.views().values())

    settings: dict[str, Any] = {
        "FRONTIER_URL": f"sqlite:///{tmp_path / 'crawl.db'}",
        "CONCURRENCY_LIMIT": "aimd",
        "CONCURRENCY_MAX_PER_SITE": 32,
    }
    async with site(latency_s=0.01) as one:
        pages = [f"{one.url}/{n}" for n in range(100)]
        await crawl(pages, look, **settings)
        learned = limits[-1]
        assert limits[0] < 3
        assert learned > 6
        limits.clear()
        await crawl([f"{one.url}/again"], look, **settings, FRONTIER_RESET=reset)
    assert limits[0] == pytest.approx(learned, rel=0.1)
