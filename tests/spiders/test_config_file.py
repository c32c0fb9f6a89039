"""A crawl's arguments may be in a file, and what is wrong there has a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.crawler import Crawler

from crawlproj.errors import ConfigError
from crawlproj.spiders.arguments import arguments_of
from crawlproj.spiders.config_file import _SCHEMA
from crawlproj.spiders.site import SiteSpider
from tests import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = """\
# my crawl
url = ["https://a.org/x,y", "b.org"]
scope = "prefix"
exclude = [
    "*/print/*",
    're:a{1,3}',
]
max_depth = 5
login = "cookies.txt"
headers.Accept-Language = "de"
"""
COOKIES = "# Netscape HTTP Cookie File\na.org\tFALSE\t/\tFALSE\t2147483648\tn\tv\n"


def spider_of(path: Path, text: str, **given: Any) -> SiteSpider:
    path.write_text(text)
    return SiteSpider.from_crawler(Crawler(SiteSpider), config=str(path), **given)


def test_the_arguments_are_those_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "cookies.txt").write_text(COOKIES)
    spider = spider_of(tmp_path / "crawl.toml", EXAMPLE)
    assert spider.seeds == ["https://a.org/x,y", "https://b.org/"]
    assert spider.scope.kind == "prefix"
    assert spider.crawler.settings.getint("DEPTH_LIMIT") == 5
    assert spider.choice.why_not("https://a.org/print/1") == "excluded"
    assert spider.choice.why_not("https://b.org/1") == ""
    assert dict(spider.access.headers) == {b"Accept-Language": b"de"}
    assert [cookie.name for cookie in spider.access.cookies] == ["n"]
    assert spider.job == SiteSpider("https://a.org/x,y, b.org", "prefix").job


def test_what_is_given_otherwise_wins(tmp_path: Path) -> None:
    spider = spider_of(tmp_path / "c.toml", 'url = "a.org"\nmax_pages = 3', url="b.org")
    assert (spider.seeds, spider.max_pages) == (["https://b.org/"], 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('url = "a.org"\n\ninclde = "*"', "line 3: inclde: .*did you mean include"),
        ('url = "a.org"\nmax_depth = "5"', "line 2: max_depth must be a whole number, not text"),
        ('url = "a.org"\nmax_pages = true', "line 2: max_pages must be a whole number, not true"),
        ('include = [\n"*",\n1]\nurl = "a.org"', "line 1: include must be text or a list of texts"),
        (
            'url = "a.org"\n[headers]\nA = 1',
            "line 3: headers.A must be text in quotes, not a number",
        ),
        ('url = "a.org"\nexclude = [\n"/a",\n"re:(b"]', "line 4: exclude: 're:\\(b' is not"),
        ('url = "a.org"\nheaders = 3', "line 2: headers must be a table of texts"),
        ('url = "a.org"\ncontent = ["htlm"]', "line 2: content: 'htlm' .* did you mean html"),
        ('url = "a.org"\nscope = "hst"', "line 2: scope must be one of .*did you mean host"),
        ('\nurl = "ftp://a.org"', "line 2: url: 'ftp://a.org' is not an http or https URL"),
        ('url = "a.org"\nlogin = "none.txt"', "line 2: login: .*none.txt cannot be read"),
        ('url = "a.org"\nconfig = "b.toml"', "line 2: config: there is no such argument"),
        ('url = "a.org"\nmax_pages = ', r"is not TOML: Invalid value \(at .*\)"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        spider_of(tmp_path / "c.toml", text)
    assert str(tmp_path / "c.toml") in str(caught.value)


def test_an_error_of_the_command_line_names_the_argument(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^-a max_depth must be a whole number"):
        spider_of(tmp_path / "c.toml", 'url = "a.org"\nmax_depth = 3', max_depth="x")
    with pytest.raises(ConfigError, match=r"^-a url is missing"):
        spider_of(tmp_path / "c.toml", "max_depth = 3")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"-a config=missing\.toml cannot be read: No such file"):
        SiteSpider.from_crawler(Crawler(SiteSpider), config="missing.toml")
    (tmp_path / "c.toml").write_bytes(b"url = '\xff'")
    with pytest.raises(ConfigError, match="is not text in UTF-8"):
        SiteSpider.from_crawler(Crawler(SiteSpider), config=str(tmp_path / "c.toml"))


def test_every_argument_has_a_type_and_a_row_in_the_reference() -> None:
    names = arguments_of(SiteSpider)
    assert names - {"config"} == _SCHEMA.keys()
    documented = (ROOT / "docs/reference/crawl-file.md").read_text()
    assert {name for name in _SCHEMA if f"`{name}`" not in documented} == set()
    arguments = (ROOT / "docs/reference/commands.md").read_text()
    assert {name for name in names if not re.search(rf"`-a {name}=", arguments)} == set()
