"""A project says which requests are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from scrapy import Request
from scrapy.dupefilters import BaseDupeFilter, RFPDupeFilter
from scrapy.utils.test import get_crawler

from crawlproj.scheduling.identity import identity_of
from crawlproj.scheduling.serialize import key_of

if TYPE_CHECKING:
    from collections.abc import Callable


class ByPath:
    """A fingerprinter for which the host does not matter."""

    def fingerprint(self, request: Request) -> bytes:
        return urlsplit(request.url).path.encode()


class FilterByPath(RFPDupeFilter):
    """As in Scrapy's documentation."""

    def __init__(self, path: Any = None, debug: bool = False, *, fingerprinter: Any = None) -> None:
        super().__init__(path, debug, fingerprinter=ByPath())


class OlderFilterByPath(RFPDupeFilter):
    def request_fingerprint(self, request: Request) -> str:
        return ByPath().fingerprint(request).hex()


def identity(**settings: object) -> Callable[[Request], int]:
    return identity_of(get_crawler(settings_dict=settings))


@pytest.mark.filterwarnings("ignore:Overriding RFPDupeFilter.request_fingerprint")
@pytest.mark.parametrize(
    "settings",
    [
        {"REQUEST_FINGERPRINTER_CLASS": ByPath},
        {"DUPEFILTER_CLASS": FilterByPath},
        {"DUPEFILTER_CLASS": OlderFilterByPath},
    ],
)
def test_the_fingerprints_of_a_project_decide(
    settings: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    same = identity(**settings)
    assert same(Request("http://a.test/x")) == same(Request("http://b.test/x"))
    assert same(Request("http://a.test/x")) != same(Request("http://a.test/y"))
    assert not caplog.text


@pytest.mark.parametrize(
    "usual", [RFPDupeFilter, BaseDupeFilter, "scrapy_redis.dupefilter.RFPDupeFilter"]
)
def test_the_usual_filters_leave_requests_their_keys(
    usual: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert identity(DUPEFILTER_CLASS=usual) is key_of
    assert identity() is key_of
    assert not caplog.text
