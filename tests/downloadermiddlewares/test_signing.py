"""Each request is signed for its own site if there is a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.signing import SigningMiddleware
from crawlproj.errors import ConfigError
from tests.http.test_signatures import PEM

if TYPE_CHECKING:
    from pathlib import Path


def middleware(**settings: Any) -> SigningMiddleware:
    return SigningMiddleware.from_crawler(get_crawler(settings_dict=settings))


def test_a_request_is_signed_anew_for_another_site(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    signing = middleware(WEB_BOT_AUTH_KEY=str(path), WEB_BOT_AUTH_AGENT="https://bot.example.org")
    request = Request("https://a.org/x")
    signing.process_request(request)
    assert request.headers[b"Signature-Agent"] == b'"https://bot.example.org"'
    first = request.headers[b"Signature"]
    again = request.replace(url="https://b.org/")
    signing.process_request(again)
    assert len(again.headers.getlist(b"Signature")) == 1
    assert again.headers[b"Signature"] != first


@pytest.mark.parametrize("agent", ["", "bot.example.org", "http://bot.example.org", "https://a b"])
def test_the_agent_must_be_an_https_url(agent: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="WEB_BOT_AUTH_AGENT must be the https URL"):
        middleware(WEB_BOT_AUTH_KEY="key.pem", WEB_BOT_AUTH_AGENT=agent)


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(NotConfigured):
        middleware(WEB_BOT_AUTH_AGENT="https://bot.example.org")
