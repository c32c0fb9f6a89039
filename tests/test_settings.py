"""A crawl started in this project has safe and polite settings, all of them documented."""

from __future__ import annotations

import re

from scrapy.settings import Settings
from scrapy.utils.misc import load_object

import crawlproj.http
import crawlproj.settings
from tests import ROOT


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
