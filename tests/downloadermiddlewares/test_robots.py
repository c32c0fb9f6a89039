"""The robots middleware over an engine that answers from a table."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    NotConfigured,
)
from scrapy.http import Response

from crawlproj.downloadermiddlewares.robots import RobotsUnreachable, origin_of
from crawlproj.errors import AddressRefused, ConfigError
from crawlproj.frontier.base import State
from crawlproj.reasons import outcome_of
from tests.downloadermiddlewares.helpers import Answer, Guest, refused, robots, status
from tests.frontier.helpers import run

PRIVATE = "User-agent: *\nDisallow: /private\n"
ROBOTS = "http://a.test/robots.txt"


def test_what_the_rules_forbid_is_skipped() -> None:
    guest = Guest(robots(PRIVATE))
    assert run(guest.allows("http://a.test/open"))
    error = refused(guest, "http://a.test/private/1")
    assert outcome_of(error) == (State.SKIPPED, "robots")
    assert guest.stat("forbidden") == 1
    assert guest.stat("request_count") == 1
    assert guest.stat("response_count") == 1
    assert guest.stat("response_status_count/200") == 1


def test_known_rules_are_applied_without_a_coroutine() -> None:
    guest = Guest(robots(PRIVATE))
    assert run(guest.allows("http://a.test/1"))
    assert guest.middleware.process_request(Request("http://a.test/2")) is None
    assert guest.engine.urls == [ROBOTS]


def test_every_origin_has_its_own_file() -> None:
    urls = ("http://a.test/", "https://a.test/", "http://a.test:8000/", "http://b.test/")
    guest = Guest({f"{url}robots.txt": robots("") for url in urls})
    for url in urls:
        assert run(guest.allows(f"{url}page"))
    assert guest.engine.urls == [f"{url}robots.txt" for url in urls]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451])
def test_a_4xx_means_there_are_no_rules(code: int) -> None:
    guest = Guest(status(code))
    assert run(guest.allows("http://a.test/anything"))
    assert guest.announced == [
        {"origin": "http://a.test", "site": "a.test", "delay": None, "sitemaps": []}
    ]


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(503),
        status(429),
        status(302),
        status(304),
        DownloadTimeoutError("took longer"),
        CannotResolveHostError("no such host"),
        DownloadCancelledError("Received 9 bytes which is larger than download max size (8)"),
    ],
    ids=str,
)
def test_an_unreachable_file_allows_nothing(answer: Answer) -> None:
    guest = Guest(answer)
    error = refused(guest)
    assert isinstance(error, RobotsUnreachable)
    assert outcome_of(error) == (State.FAILED, "robots-unreachable")
    assert guest.announced == []
    assert guest.stat("unreachable") == 1


def test_an_address_that_the_guard_refuses_keeps_that_reason() -> None:
    error = refused(Guest(AddressRefused("127.0.0.1 is loopback")))
    assert outcome_of(error) == (State.FAILED, "guard")


def test_the_error_of_an_unreachable_file_hides_credentials() -> None:
    guest = Guest(CannotResolveHostError("proxy http://user:secret@proxy.test/ is gone"))
    assert "secret" not in str(refused(guest))


def test_requests_that_need_no_permission_pass() -> None:
    guest = Guest(robots("User-agent: *\nDisallow: /\n"))
    assert run(guest.allows("http://a.test/", meta={"dont_obey_robotstxt": True}))
    assert run(guest.allows("data:,x"))
    assert guest.engine.urls == []
    assert run(guest.allows(ROBOTS)), "the file itself is always allowed"


AGENTS = "User-agent: otherbot\nDisallow: /\n\nUser-agent: crawlproj\nDisallow: /ours\n"


@pytest.mark.parametrize(
    ("settings", "headers", "path", "allowed"),
    [
        ({}, {}, "/ours", False),
        ({}, {}, "/theirs", True),
        ({}, {"User-Agent": "OtherBot/2.0"}, "/theirs", False),
        ({"USER_AGENT": "Mozilla/5.0 (compatible; OtherBot/2.0)"}, {}, "/theirs", False),
        ({"ROBOTSTXT_USER_AGENT": "otherbot"}, {}, "/theirs", False),
        ({"ROBOTSTXT_USER_AGENT": "otherbot"}, {"User-Agent": "crawlproj"}, "/ours", False),
        ({"USER_AGENT": "somebody (like otherbot)"}, {}, "/theirs", True),
    ],
)
def test_the_rules_for_our_name_are_ours(
    settings: dict[str, Any], headers: dict[str, str], path: str, allowed: bool
) -> None:
    guest = Guest(robots(AGENTS), **settings)
    assert run(guest.allows(f"http://a.test{path}", headers=headers)) is allowed


def test_delay_and_sitemaps_are_announced() -> None:
    text = "User-agent: *\nCrawl-delay: 2.5\nSitemap: /map.xml\nSitemap: https://cdn.test/map.xml\n"
    guest = Guest({"http://a.test:8000/robots.txt": robots(text)})
    run(guest.ask("http://A.test:8000/"))
    assert guest.announced == [
        {
            "origin": "http://a.test:8000",
            "site": "a.test:8000",
            "delay": 2.5,
            "sitemaps": ["http://a.test:8000/map.xml", "https://cdn.test/map.xml"],
        }
    ]


def test_a_listener_that_fails_harms_no_request(caplog: pytest.LogCaptureFixture) -> None:
    guest = Guest(robots(""))
    guest.announced = None  # type: ignore[assignment]  # its listener raises
    assert run(guest.allows("http://a.test/"))


def test_a_heavy_file_is_read_and_applied_in_a_thread() -> None:
    text = "User-agent: *\n" + "".join(f"Disallow: /*private{n}/*.pdf$\n" for n in range(2000))
    guest = Guest(robots(text))
    assert not run(guest.allows("http://a.test/x/private7/y.pdf"))
    waiting = guest.middleware.process_request(Request("http://a.test/private8/y.pdf"))
    assert waiting is not None
    waiting.close()
    assert not run(guest.allows("http://a.test/private8/y.pdf"))
    assert run(guest.allows("http://a.test/y.pdf"))


def test_robots_txt_is_not_obeyed_when_that_is_off() -> None:
    with pytest.raises(NotConfigured):
        Guest(robots(""), ROBOTSTXT_OBEY=False)


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="ROBOTSTXT_CACHE_TTL"):
        Guest(robots(""), ROBOTSTXT_CACHE_TTL="a day")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a.test", "http://a.test"),
        ("HTTPS://A.test:8443/x?y#z", "https://a.test:8443"),
        ("http://a.test?x=/y@z", "http://a.test"),
        ("http://a.test#/x", "http://a.test"),
        ("http://us@er:secret@a.test/x@y", "http://a.test"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("http:///x", ""),
        ("file:///x", ""),
        ("httpx://a.test/", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_an_answer_may_be_any_kind_of_response() -> None:
    page = Response(ROBOTS, body=b"<html>\x00\xff not found</html>")
    assert run(Guest(page).allows("http://a.test/"))
