"""The verdicts of the robots middleware."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    NotConfigured,
    StopDownload,
)
from scrapy.http import Response

from crawlproj.content.page_signals import ROBOTS_SIGNALS
from crawlproj.downloadermiddlewares.robots import RobotsUnreachable
from crawlproj.errors import AddressRefused, ConfigError
from crawlproj.frontier.base import State
from crawlproj.http.head import MalformedResponse
from crawlproj.http.replay import NotArchived
from crawlproj.reasons import outcome_of
from tests.downloadermiddlewares.helpers import Answer, Harness, refused, robots, status
from tests.frontier.helpers import run

PRIVATE = "User-agent: *\nDisallow: /private\n"
ROBOTS = "http://a.test/robots.txt"


def test_a_url_that_the_rules_forbid_is_skipped() -> None:
    harness = Harness(robots(PRIVATE))
    assert run(harness.allows("http://a.test/open"))
    error = refused(harness, "http://a.test/private/1")
    assert outcome_of(error) == (State.SKIPPED, "robots")
    assert harness.stat("forbidden") == 1
    assert harness.stat("request_count") == 1
    assert harness.stat("response_count") == 1
    assert harness.stat("response_status_count/200") == 1


def test_once_the_rules_are_known_no_coroutine_is_needed() -> None:
    harness = Harness(robots(PRIVATE))
    assert run(harness.allows("http://a.test/1"))
    assert harness.middleware.process_request(Request("http://a.test/2")) is None
    assert harness.engine.urls == [ROBOTS]


def test_the_file_of_each_origin_is_fetched() -> None:
    urls = ("http://a.test/", "https://a.test/", "http://a.test:8000/", "http://b.test/")
    harness = Harness({f"{url}robots.txt": robots("") for url in urls})
    for url in urls:
        assert run(harness.allows(f"{url}page"))
    assert harness.engine.urls == [f"{url}robots.txt" for url in urls]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451])
def test_a_4xx_status_means_that_there_are_no_rules(code: int) -> None:
    harness = Harness(status(code))
    assert run(harness.allows("http://a.test/anything"))
    assert harness.announced == [
        {"origin": "http://a.test", "site": "a.test", "delay": None, "sitemaps": []}
    ]


def test_what_the_file_says_of_a_pages_use_is_noted_until_a_redirect() -> None:
    says = robots("User-agent: *\nContent-Usage: /ai/ train-ai=n\nDisallow: /x")
    silent = Response("http://b.test/robots.txt", status=404)
    harness = Harness({ROBOTS: says, "http://b.test/robots.txt": silent})
    request = Request("http://a.test/ai/1")
    assert run(harness.allows("http://a.test/other"))
    assert harness.middleware.process_request(request) is None
    assert request.meta[ROBOTS_SIGNALS] == {"ai-train": "no"}
    for url in ("http://a.test/other", "http://b.test/"):
        led = request.replace(url=url)
        if (coroutine := harness.middleware.process_request(led)) is not None:
            run(coroutine)
        assert ROBOTS_SIGNALS not in led.meta


def test_of_a_file_that_the_project_stops_what_had_arrived_counts() -> None:
    stopped = StopDownload()
    stopped.response = robots("User-agent: *\nDisallow: /x")
    harness = Harness(stopped)
    assert run(harness.allows("http://a.test/anything"))
    assert not run(harness.allows("http://a.test/x"))


def test_in_a_replay_a_missing_file_means_no_rules_and_nobody_waits() -> None:
    harness = Harness(NotArchived("no WARC file has it"), REPLAY_DIR="warc")
    assert run(harness.allows("http://a.test/anything"))
    harness = Harness(robots("User-agent: *\nCrawl-delay: 9\nDisallow: /x"), REPLAY_DIR="warc")
    assert not run(harness.allows("http://a.test/x"))
    assert harness.announced[0]["delay"] is None


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(503),
        status(429),
        status(302),
        status(304),
        DownloadTimeoutError("took longer"),
        MalformedResponse("the status line is '?'"),
        DownloadCancelledError("Received 9 bytes which is larger than download max size (8)"),
    ],
    ids=str,
)
def test_if_the_file_is_unreachable_nothing_is_allowed(answer: Answer) -> None:
    harness = Harness(answer)
    error = refused(harness)
    assert isinstance(error, RobotsUnreachable)
    assert outcome_of(error) == (State.FAILED, "robots-unreachable")
    assert harness.announced == []
    assert harness.stat("unreachable") == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CannotResolveHostError("no such host"), "dns"),
        (ssl.SSLCertVerificationError("self-signed"), "tls"),
    ],
)
def test_a_site_without_an_address_or_a_valid_certificate_fails_for_that_reason(
    error: Exception, reason: str
) -> None:
    harness = Harness(error)
    for _ in range(2):
        refusal = refused(harness)
        assert outcome_of(refusal) == (State.FAILED, reason)
        assert str(refusal).startswith("http://a.test/robots.txt is unreachable: ")
    assert len(harness.engine.requests) == 1


def test_a_site_that_the_guard_refuses_fails_with_reason_guard() -> None:
    error = refused(Harness(AddressRefused("127.0.0.1 is loopback")))
    assert outcome_of(error) == (State.FAILED, "guard")


def test_the_error_for_an_unreachable_file_masks_credentials() -> None:
    harness = Harness(CannotResolveHostError("proxy http://user:secret@proxy.test/ is gone"))
    assert "secret" not in str(refused(harness))


def test_requests_exempt_from_robots_txt_are_allowed_without_fetching_it() -> None:
    harness = Harness(robots("User-agent: *\nDisallow: /\n"))
    assert run(harness.allows("http://a.test/", meta={"dont_obey_robotstxt": True}))
    assert run(harness.allows("data:,x"))
    assert harness.engine.urls == []
    assert run(harness.allows(ROBOTS)), "the file itself is always allowed"


AGENTS = "User-agent: otherbot\nDisallow: /\n\nUser-agent: crawlproj\nDisallow: /ours\n"


@pytest.mark.parametrize(
    ("settings", "headers", "path", "allowed"),
    [
        ({}, {}, "/ours", False),
        ({}, {}, "/theirs", True),
        ({}, {"User-Agent": "OtherBot/2.0"}, "/theirs", False),
        ({"USER_AGENT": "Mozilla/5.0 (compatible; OtherBot/2.0)"}, {}, "/theirs", False),
        ({"USER_AGENT": "Mozilla/5.0 (X11; compatible; OtherBot/2.0) A/1"}, {}, "/theirs", False),
        ({"ROBOTSTXT_USER_AGENT": "otherbot"}, {}, "/theirs", False),
        ({"ROBOTSTXT_USER_AGENT": "otherbot"}, {"User-Agent": "crawlproj"}, "/ours", False),
        ({"USER_AGENT": "somebody (like otherbot)"}, {}, "/theirs", True),
    ],
)
def test_the_rules_that_apply_are_those_for_our_product_token(
    settings: dict[str, Any], headers: dict[str, str], path: str, allowed: bool
) -> None:
    harness = Harness(robots(AGENTS), **settings)
    assert run(harness.allows(f"http://a.test{path}", headers=headers)) is allowed


def test_the_signal_carries_the_crawl_delay_and_absolute_sitemaps() -> None:
    text = "User-agent: *\nCrawl-delay: 2.5\nSitemap: /map.xml\nSitemap: https://cdn.test/map.xml\n"
    harness = Harness({"http://a.test:8000/robots.txt": robots(text)})
    run(harness.process("http://A.test:8000/"))
    assert harness.announced == [
        {
            "origin": "http://a.test:8000",
            "site": "a.test:8000",
            "delay": 2.5,
            "sitemaps": ["http://a.test:8000/map.xml", "https://cdn.test/map.xml"],
        }
    ]


def test_a_signal_listener_that_raises_does_not_fail_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = Harness(robots(""))
    harness.announced = None  # type: ignore[assignment]  # its listener raises
    assert run(harness.allows("http://a.test/"))


def test_a_heavy_file_is_parsed_and_matched_in_a_thread() -> None:
    text = "User-agent: *\n" + "".join(f"Disallow: /*private{n}/*.pdf$\n" for n in range(2000))
    harness = Harness(robots(text))
    assert not run(harness.allows("http://a.test/x/private7/y.pdf"))
    waiting = harness.middleware.process_request(Request("http://a.test/private8/y.pdf"))
    assert waiting is not None
    waiting.close()
    assert not run(harness.allows("http://a.test/private8/y.pdf"))
    assert run(harness.allows("http://a.test/y.pdf"))


def test_the_middleware_is_disabled_if_robotstxt_obey_is_off() -> None:
    with pytest.raises(NotConfigured):
        Harness(robots(""), ROBOTSTXT_OBEY=False)


def test_the_error_names_the_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="ROBOTSTXT_CACHE_TTL"):
        Harness(robots(""), ROBOTSTXT_CACHE_TTL="a day")


def test_a_file_that_is_not_robots_txt_at_all_allows_everything() -> None:
    page = Response(ROBOTS, body=b"<html>\x00\xff not found</html>")
    assert run(Harness(page).allows("http://a.test/"))
