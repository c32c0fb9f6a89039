"""A crawl started in this project has safe and polite settings, all of them documented."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings, Settings, default_settings
from scrapy.utils.misc import build_from_crawler, load_object
from scrapy.utils.test import get_crawler

import crawlproj.http
import crawlproj.settings
from crawlproj.check_settings import check_settings
from crawlproj.runs import Runs
from crawlproj.setting_names import OURS, misspelt
from crawlproj.spiders.site import SiteSpider
from tests import ROOT

# And levels of the log, which the page names as well.
SCRAPYS = {name for name in vars(default_settings) if name.isupper()} | {"INFO", "WARNING"}


def effective() -> Settings:
    settings = Settings()
    settings.setmodule(crawlproj.settings, priority="project")
    return settings


def test_http_and_https_go_through_our_handler_and_no_other_scheme_is_fetched() -> None:
    handlers = effective().getwithbase("DOWNLOAD_HANDLERS")
    enabled = {scheme: path for scheme, path in handlers.items() if path is not None}
    assert enabled.keys() == {"http", "https", "data"}, "data: URLs contain what they stand for"
    for path in (enabled["http"], enabled["https"]):
        assert load_object(path) is crawlproj.http.DownloadHandler


def test_no_port_is_opened_and_certificates_are_verified() -> None:
    settings = effective()
    assert not settings.getbool("TELNETCONSOLE_ENABLED")
    assert not settings.getbool("REMOTE_CONTROL_ENABLED")
    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")


def test_the_defaults_are_polite_to_sites() -> None:
    settings = effective()
    assert settings.getbool("ROBOTSTXT_OBEY")
    assert settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") <= 8
    assert settings.getint("DOWNLOAD_MAXSIZE") == 16 * 1024 * 1024


def test_every_setting_is_documented() -> None:
    documented = set(
        re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs/reference/settings.md").read_text())
    )
    code = "\n".join(path.read_text() for path in (ROOT / "crawlproj").rglob("*.py"))
    # Settings are read by settings["NAME"], settings.get…("NAME") or text(settings, "NAME").
    read = set(re.findall(r'settings(?:\[|\.get\w*\(|, )\s*"([A-Z][A-Z0-9_]+)"', code))
    set_here = {name for name in vars(crawlproj.settings) if name.isupper()}
    assert len(read) > 20
    assert (read | set_here) - documented == set()
    assert {name for name in documented if not name.startswith("CRAWLPROJ_")} - SCRAPYS == OURS


def documented_defaults() -> dict[str, float]:
    """Return the defaults of the page that are a number, True or False; a size in bytes."""
    page = (ROOT / "docs/reference/settings.md").read_text()
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (?:`(True|False)`(?! if)|([0-9,.]+)(?: (MiB))?)(?= |;)",
        page,
        re.MULTILINE,
    )
    return {
        name: flag == "True" if flag else float(number.replace(",", "")) * (2**20 if mib else 1)
        for name, flag, number, mib in rows
    }


def test_documented_defaults_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults: dict[str, object] = {}
    get = BaseSettings.get

    def noting(self: BaseSettings, name: str, default: object = None) -> object:
        defaults[name] = self[name] if name in self else default  # noqa: SIM401 - this is get()
        return get(self, name, default)

    monkeypatch.setattr(BaseSettings, "get", noting)
    crawler = get_crawler(settings_dict=dict(effective()))
    check_settings(crawler.settings)
    for kind in ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "ITEM_PIPELINES", "EXTENSIONS"):
        for path in crawler.settings.getdict(kind):
            with suppress(NotConfigured):
                build_from_crawler(load_object(path), crawler)
    SiteSpider.from_crawler(crawler, url="https://a.test/")
    documented = documented_defaults()
    read = documented.keys() & defaults.keys()
    assert len(read) > 40
    assert {name: defaults[name] for name in read} == {name: documented[name] for name in read}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("CONCURENCY_MAX_PER_SITE", "CONCURRENCY_MAX_PER_SITE"),
        ("CONCURRENT_REQUEST", "CONCURRENT_REQUESTS"),
        ("DOWNLOAD_TIMOUT", "DOWNLOAD_TIMEOUT"),
        ("FRONTEIR_URL", "FRONTIER_URL"),
        ("STORE_URI", "STORE_URL"),
        ("STORE_ULR", "STORE_URL"),
        ("REPROT", ""),  # too short to tell
        ("CACHE_ENABLED", ""),  # near to DNSCACHE_ENABLED, and of its own
        ("USER_AGENTS", ""),  # of a project that has several
        ("REDIS_URL_2", ""),
        ("_JOBDIR", ""),  # what the project's settings module computes JOBDIR from
        ("CRAWLERA_ENABLED", ""),
        ("ELASTICSEARCH_URL", ""),
        ("IMAGES_STORE", ""),
        ("MONGO_URI", ""),
        ("PLAYWRIGHT_LAUNCH_OPTIONS", ""),
        ("PROXY_LIST", ""),
        ("SPLASH_URL", ""),
        ("ZYTE_API_RETRY_POLICY", ""),
    ],
)
def test_only_a_name_that_is_very_near_to_a_known_one_is_taken_for_misspelt(
    name: str, near: str
) -> None:
    warnings = [f"{name} is not a setting of crawlproj or Scrapy: did you mean {near}?"]
    assert list(misspelt(Settings({name: 1}))) == (warnings if near else [])


def test_the_settings_that_scrapy_has_are_not_misspelt(caplog: pytest.LogCaptureFixture) -> None:
    assert list(misspelt(effective())) == []
    settings = Settings({"CONCURENCY_MAX_PER_SITE": 4})
    Runs().update_settings(settings)
    assert "did you mean CONCURRENCY_MAX_PER_SITE?" in caplog.text
