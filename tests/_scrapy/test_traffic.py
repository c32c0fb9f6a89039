"""Traffic is counted as Scrapy's DownloaderStats counts it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.downloadermiddlewares.stats import DownloaderStats
from scrapy.http import Response
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.traffic import QUICKER

NAMES = st.sampled_from(["Accept", "x-y", "Referer", "Content-Type", "A"])
VALUES = st.sampled_from(["", "a", "a b", "é", "x" * 100])
HEADERS = st.dictionaries(NAMES, st.lists(VALUES, max_size=3), max_size=4)
URLS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["http://h", "https://H.example:8443", "http://user:pw@h", "http://[::1]:80"]),
    st.sampled_from(["", "/", "/a/b", "//a", "/a;p=1", "/%C3%A9", "/é b"]),
    st.sampled_from(["", "?", "?q=1&r", "?q=é", "?;"]),
    st.sampled_from(["", "#", "#part"]),
)
ODD_URLS = st.sampled_from(["data:,x", "data:text/plain,//a?b", "s3://bucket/key;a;b", "about:a"])
REQUESTS = st.builds(
    Request,
    URLS | ODD_URLS,
    method=st.sampled_from(["GET", "POST", "purge"]),
    headers=HEADERS,
    body=st.sampled_from(["", "body"]),
)
RESPONSES = st.builds(
    Response,
    st.just("http://h/"),
    status=st.sampled_from([200, 204, 301, 404, 429, 503, 599, 999]),
    headers=HEADERS,
    body=st.sampled_from([b"", b"body"]),
)


def counters() -> tuple[DownloaderStats, DownloaderStats]:
    crawler = get_crawler()
    return DownloaderStats(MemoryStatsCollector(crawler)), DownloaderStats(
        MemoryStatsCollector(crawler)
    )


@given(st.lists(REQUESTS, max_size=3), st.lists(RESPONSES, max_size=3))
def test_it_counts_what_scrapy_counts(requests: list[Request], responses: list[Response]) -> None:
    theirs, ours = counters()
    for request in requests:
        theirs.process_request(request)
        QUICKER[DownloaderStats.process_request](ours, request=request)
    for response in responses:
        theirs.process_response(Request("http://h/"), response)
        result = QUICKER[DownloaderStats.process_response](
            ours, request=Request("http://h/"), response=response
        )
        assert result is response
    assert ours.stats.get_stats() == theirs.stats.get_stats()
