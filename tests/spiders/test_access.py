"""A crawl shows headers, cookies and a proxy to its own sites, and keeps them secret otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import ConfigError
from crawlproj.spiders.site import SiteSpider
from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, Crawled, answering, crawl_site, page

if TYPE_CHECKING:
    from pathlib import Path

HOME = "http://a.example/"
COOKIES = "# Netscape HTTP Cookie File\na.example\tFALSE\t/\tFALSE\t{until}\tsession\ts3cret\n"


def lines_of(head: str) -> list[str]:
    return head.lower().split("\r\n")


def contents(folder: Path, names: str) -> list[bytes]:
    found = [path.read_bytes() for path in folder.glob(names)]
    assert found
    return found


@pytest.mark.slow
@on_reactor
async def test_only_the_sites_of_the_crawl_see_headers_and_cookies_and_nothing_stores_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heads: dict[str, list[str]] = {}

    def answer(url: str, head: str) -> Any:
        first = url not in heads
        heads[url] = lines_of(head)
        if url == HOME:
            new = {"Set-Cookie": "extra=1", "Content-Type": "text/html"}
            return Answer(page("/busy", "/away"), headers=new)
        if url.endswith("/busy") and first:
            return Answer("", 503)
        if url.endswith("/away"):
            return Answer("", 302, {"Location": "http://b.example/x"})
        return NOT_FOUND if url.endswith("robots.txt") else page()

    (tmp_path / "c.txt").write_text(COOKIES.format(until=2**31))
    (tmp_path / "h.txt").write_text("# mine\nAuthorization: Bearer s3cret\n\nAccept-Language: de\n")
    frontier = tmp_path / "f.db"
    arguments = {"headers": f"@{tmp_path}/h.txt", "login": f"{tmp_path}/c.txt"}
    caplog.set_level("DEBUG")
    done = await crawl_site(
        *(answer, HOME),
        arguments=arguments,
        FRONTIER_URL=f"sqlite:///{frontier}",
        RETRY_TIMES=2,
        LOG_LEVEL="DEBUG",
    )
    assert done.urls >= {HOME, f"{HOME}busy", "http://b.example/x"}
    for path in ("robots.txt", "", "busy", "away"):
        head = heads[HOME + path]
        assert "authorization: bearer s3cret" in head, path
        assert [line for line in head if line.startswith("accept-language")] == [
            "accept-language: de"
        ]
        assert any(line.startswith("cookie: ") and "session=s3cret" in line for line in head), path
    assert any("extra=1" in line for line in heads[f"{HOME}busy"]), "a cookie of the crawl is kept"
    assert not any("s3cret" in line for line in heads["http://b.example/x"])
    assert "accept-language: de" not in heads["http://b.example/x"]
    assert not any(b"s3cret" in content for content in contents(tmp_path, "f.db*"))
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("seed", "url", "sees"),
    [
        ("https://a.org", "https://a.org/x", True),
        ("https://a.org", "http://a.org/x", False),
        ("http://a.org", "http://a.org/x", True),
        ("https://a.org", "https://b.org/", False),
        ("https://a.org", "", False),
    ],
)
def test_no_secret_goes_to_other_sites_nor_over_http_for_https(
    seed: str, url: str, sees: bool
) -> None:
    assert SiteSpider(seed).may_see_access(url) is sees


@on_reactor
async def test_a_proxy_carries_every_request_and_is_in_no_request_afterwards() -> None:
    arguments: dict[str, Any] = {}
    heads: dict[str, list[str]] = {}

    def answer(url: str, head: str) -> Any:
        heads[url] = lines_of(head)
        return NOT_FOUND if url.endswith("robots.txt") else page("/x" if url == HOME else "")

    async with answering(answer, Crawled()) as proxy:
        arguments["proxy"] = f"http://me:s3cret@{proxy}"
        spider = SiteSpider(HOME, **arguments)
        assert "s3cret" not in repr(vars(spider)["access"])
        done = await crawl_site(lambda *_: NOT_FOUND, HOME, arguments=arguments)
    assert done.asked == [], "nothing went the way of the environment"
    assert done.urls == {HOME, f"{HOME}x"}
    assert all("proxy-authorization: basic bwu6cznjcmv0" in head for head in heads.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"headers": "Authorization s3cret"}, "-a headers: line 1 has no colon"),
        ({"headers": "A b: s3cret"}, "-a headers: 'A b' is not the name of a header"),
        ({"headers": {"X": "s3cret\r\nY: 1"}}, "-a headers: the value of X has a line break"),
        ({"headers": "Host: s3cret"}, "-a headers: Host is written by the download handler"),
        ({"headers": "User-Agent: s3cret"}, "-a headers: set USER_AGENT instead"),
        ({"headers": "@missing.txt"}, "-a headers: missing.txt cannot be read: No such file"),
        ({"proxy": "socks5://u:s3cret@h"}, "-a proxy: the proxy 'socks5://h' is neither http"),
        ({"proxy": "http://u:s3cret@"}, "-a proxy: "),
        ({"login": "missing.txt"}, "-a login: missing.txt cannot be read: No such file"),
    ],
)
def test_a_wrong_argument_is_named_without_its_secret(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        SiteSpider("a.org", **arguments)
    assert str(caught.value).startswith(message)
    assert "s3cret" not in str(caught.value)


def test_a_file_without_valid_cookies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_text("a=s3cret")
    with pytest.raises(ConfigError, match=r"c\.txt is not a cookie file: it begins with"):
        SiteSpider("a.org", login=str(path))
    path.write_text(COOKIES.format(until=1))
    with pytest.raises(ConfigError, match="has no cookie that is still valid"):
        SiteSpider("a.org", login=str(path))


@pytest.mark.parametrize("until", ["0", ""])
def test_a_cookie_without_an_expiry_is_valid_as_long_as_the_session(
    until: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.txt"
    old = "a.example\tFALSE\t/\tFALSE\t1\told\tx\n"
    path.write_text(COOKIES.format(until=until) + old)  # curl -c writes 0
    (cookie,) = SiteSpider("a.org", login=str(path)).access.cookies
    assert (cookie.name, cookie.expires, cookie.discard) == ("session", None, True)
