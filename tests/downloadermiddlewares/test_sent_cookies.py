from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.cookies import CookiesMiddleware
from crawlproj.downloadermiddlewares.sent_cookies import MAX_HOSTS, SentCookies

if TYPE_CHECKING:
    from pathlib import Path


def test_hosts_are_known_to_the_next_run_until_they_are_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "crawl.db.job.cookies"
    first = SentCookies(file)
    for host in ("a.example.org", "a.example.org", "b.example.org"):
        first.note(host)
    assert file.read_text().splitlines() == SentCookies(file).hosts == first.hosts
    assert first.hosts == ["a.example.org", "b.example.org"]
    assert file.stat().st_mode & 0o077 == 0, "nobody else may know where someone had logged in"
    SentCookies(file).forget()
    assert (SentCookies(file).hosts, file.exists()) == ([], False)


def test_a_crawl_of_many_hosts_notes_the_first_few(tmp_path: Path) -> None:
    file = tmp_path / "cookies"
    sent = SentCookies(file)
    for number in range(100):
        sent.note(f"s{number}.example.org")
    assert SentCookies(file).hosts == [f"s{number}.example.org" for number in range(MAX_HOSTS)]


def test_a_file_that_cannot_be_written_stops_no_crawl(tmp_path: Path) -> None:
    sent = SentCookies(tmp_path / "missing" / "cookies")
    sent.note("a.example.org")
    sent.forget()
    assert sent.hosts == []


def test_only_cookies_out_of_a_jar_are_lost_with_the_process() -> None:
    crawler = get_crawler(settings_dict={"COOKIES_ENABLED": True})
    middleware = CookiesMiddleware.from_crawler(crawler)

    def lost(request: Request) -> bool:
        middleware._sent.forget()
        middleware.process_request(request)
        return bool(middleware._sent.hosts)

    url = "http://shop.example.org/"
    assert not lost(Request(url))
    assert not lost(Request(url, headers={"Cookie": "own=1"}, meta={"dont_merge_cookies": True}))
    middleware.process_response(
        Request(url), Response(url, headers={"Set-Cookie": "session=1; Path=/private"})
    )
    assert not lost(Request(url)), "the site has set one, but for other pages"
    assert not lost(Request(f"{url}a", cookies={"own": "1"})), "it is stored with the request"
    assert lost(Request(f"{url}private"))
    assert lost(Request(f"{url}b")), "the jar has that of the earlier request"
