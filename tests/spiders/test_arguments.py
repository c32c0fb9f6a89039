"""The spiders check their arguments, and say what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import ConfigError
from crawlproj.spiders.archived import ArchivedSpider
from crawlproj.spiders.site import SiteSpider
from crawlproj.spiders.start_urls import start_urls
from crawlproj.spiders.urls import UrlsSpider
from crawlproj.urls import MAX_URL_LENGTH

if TYPE_CHECKING:
    from pathlib import Path


def test_start_urls_are_separated_by_commas_and_default_to_https() -> None:
    spider = SiteSpider("example.org, http://Example.com/a")
    assert spider.seeds == ["https://example.org/", "http://example.com/a"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "url is missing"),
        (" , ", "url is missing"),
        ("ftp://example.org", "'ftp://example.org' is not an http or https URL"),
        ("http://a b/", "'http://a b/' is not a valid URL"),
        ("https://user:secret@example.org/", "'https://example.org/' has a user name or password"),
        (f"http://a.org/{'x' * MAX_URL_LENGTH}", f"is longer than {MAX_URL_LENGTH} characters"),
        ("ftp://a.org,ftp://b.org", "'ftp://a.org' is not an http or https URL; 'ftp://b.org' is"),
    ],
)
def test_without_a_valid_start_url_the_error_says_why(url: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)) as caught:
        SiteSpider(url)
    assert "scrapy crawl site -a url=https://example.org" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_invalid_start_url_beside_a_valid_one_is_logged_and_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert SiteSpider("ftp://a.org,http://b.org").seeds == ["http://b.org/"]
    assert "-a url: 'ftp://a.org' is not an http or https URL; skipped" in caplog.text


@pytest.mark.parametrize("max_pages", ["x", "-1", "1.5", -1])
def test_max_pages_must_be_a_whole_number_of_0_or_more(max_pages: str | int) -> None:
    with pytest.raises(ConfigError, match=r"-a max_pages must be a whole number, 0 or more, not"):
        SiteSpider("http://a.org", max_pages=max_pages)


def test_the_error_for_a_missing_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scrapy crawl urls -a file=urls\.txt"):
        UrlsSpider()
    for path in (tmp_path, tmp_path / "missing.txt"):
        with pytest.raises(ConfigError, match=re.escape(f"-a file={path} cannot be read")):
            UrlsSpider(str(path))


def test_a_comma_in_a_path_or_query_belongs_to_the_url() -> None:
    one = SiteSpider("http://a.org/a,b.html")
    assert one.seeds == ["http://a.org/a,b.html"]
    several = SiteSpider("a.org,b.org/x,y?z=1,2,https://c.org/, d.org")
    assert several.seeds == [
        *("https://a.org/", "https://b.org/x,y?z=1,2", "https://c.org/", "https://d.org/")
    ]


def test_a_password_with_a_comma_is_not_printed() -> None:
    with pytest.raises(ConfigError) as caught:
        SiteSpider("http://user:sec,ret@a.org/")
    assert "'http://a.org/' has a user name or password" in str(caught.value)
    assert "sec" not in str(caught.value).replace("HTTPAUTH", "")


class Shop(SiteSpider):
    """Somebody's own spider, with arguments of its own."""

    name = "shop"
    category = "all"

    def __init__(self, currency: str = "EUR", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency


def test_an_unknown_argument_is_refused_with_the_nearest_right_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"-a max_page: .* did you mean max_pages\?"):
        SiteSpider("a.org", max_page="3")
    with pytest.raises(ConfigError, match=r"-a colour: .*no such argument \(it has config, "):
        SiteSpider("a.org", colour="red")
    (tmp_path / "urls.txt").touch()
    with pytest.raises(ConfigError, match=r"-a url: .* 'urls' .*\(it has file\)"):
        UrlsSpider(str(tmp_path / "urls.txt"), url="a.org")
    with pytest.raises(ConfigError, match=r"-a url: .* 'archived' has no such argument"):
        ArchivedSpider(url="a.org")
    with pytest.raises(ConfigError, match="did you mean currency"):
        Shop(url="a.org", curency="USD")


def test_a_subclass_and_a_server_may_give_more_arguments() -> None:
    shop = Shop(url="a.org", currency="USD", category="toys", _job="7f")
    assert (shop.currency, shop.category) == ("USD", "toys")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"sitemap": "nver"},
            r"-a sitemap must be one of also, only, never.* did you mean never\?",
        ),
        ({"scope": "hosts"}, r"-a scope must be one of host, .*did you mean host\?"),
        ({"content": "htlm"}, r"-a content: 'htlm' is neither .* did you mean html\?"),
        ({"include": "blog"}, r"-a include: 'blog' matches no URL"),
        ({"exclude": "re:("}, r"-a exclude: 're:\(' is not an expression that RE2 reads"),
        ({"max_depth": "-1"}, "-a max_depth must be a whole number, 0 or more, not '-1'"),
        ({"max_pages_per_site": "x"}, "-a max_pages_per_site must be a whole number"),
        ({"inclde": "*"}, r"-a inclde: .* did you mean include\?"),
    ],
)
def test_what_is_chosen_wrongly_is_one_clear_line(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        SiteSpider("a.org", **arguments)
    assert "\n" not in str(caught.value)


def test_start_urls_may_be_the_lines_of_a_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "starts.txt"
    path.write_text("# mine\na.org\nftp://x\n\nhttp://b.org/x,y\na.org\n")
    spider = SiteSpider(f"@{path}")
    assert spider.seeds == ["https://a.org/", "http://b.org/x,y"]
    assert f"-a url: {path}, line 3: 'ftp://x' is not an http or https URL; skipped" in caplog.text
    path.write_text('{"url": "a.org", "meta": {"n": 1}}')
    with pytest.raises(ConfigError, match='line 1: "meta" is for the spider urls'):
        SiteSpider(f"@{path}")
    with pytest.raises(ConfigError, match=r"-a url=@missing\.txt cannot be read: No such file"):
        SiteSpider("@missing.txt")


def test_a_job_is_the_same_whatever_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "starts.txt"
    path.write_text("a.org")
    plain = SiteSpider("a.org")
    assert SiteSpider("a.org", exclude="/x/*", max_depth=3, sitemap="never").job == plain.job
    listed = SiteSpider(f"@{path}").job
    path.write_text("a.org\nb.org")
    assert SiteSpider(f"@{path}").job == listed, "a list that has grown goes on"


def test_a_list_with_malformed_lines_only_is_refused_with_the_first_one(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("# a comment\na b\nhttp://\n")
    with pytest.raises(ConfigError, match=r"no line is a URL; line 2: 'a b' contains a space"):
        UrlsSpider(str(path))
    for rest in ("http://\na.example\n", "# nothing today\n", ""):
        path.write_text(rest)
        UrlsSpider(str(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_of_start_urls_is_read_as_its_byte_order_mark_says(
    encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("a.example/é\r\na b\nb.example", encoding)
    urls, errors = start_urls(f"@{path}")
    assert urls == ["https://a.example/%C3%A9", "https://b.example/"]
    assert len(errors) == 1
    assert f"{path}, line 2" in errors[0]


def test_a_list_from_a_pipe_never_continues_another() -> None:
    assert UrlsSpider("-").job != UrlsSpider("-").job
