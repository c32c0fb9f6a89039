"""The handler gives its traffic to a WARC archive, and goes on when that fails."""

from __future__ import annotations

import asyncio
import gzip
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError

from crawlproj.errors import ArchiveError
from crawlproj.http.archiving import UNARCHIVED
from tests.http.helpers import on_reactor, open_handler
from tests.warc.helpers import check, records, warcs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http.mockserver import Site


@on_reactor
async def test_each_exchange_of_a_connection_is_archived_as_it_was(
    site: Site, tmp_path: Path
) -> None:
    urls = [site.url("/text"), site.url("/text?again"), site.url("/chunked"), site.url("/gzip")]
    async with open_handler(WARC_DIR=str(tmp_path)) as handler:
        responses = [
            await handler.download_request(Request(f"{url}#part", headers={"X-A": "b"}))
            for url in urls
        ]
    check(tmp_path)
    (path,) = warcs(tmp_path)
    found = records(path)[1:]
    assert [kind for kind, _, _ in found][::2] == ["request"] * 4
    assert [url for _, url, _ in found] == [url for url in urls for _ in range(2)]
    bodies = [body for kind, _, body in found if kind == "response"]
    # The second is a revisit of the first. warcio takes the content encoding off, too.
    assert bodies == [responses[0].body, b"abcdef", gzip.decompress(responses[3].body)]


@on_reactor
async def test_what_is_not_for_a_replay_is_not_archived(site: Site, tmp_path: Path) -> None:
    async with open_handler(WARC_DIR=str(tmp_path)) as handler:
        await handler.download_request(Request(site.url("/text")))
        for key in UNARCHIVED:
            await handler.download_request(Request(site.url("/text"), meta={key: True}))
    (path,) = warcs(tmp_path)
    assert [kind for kind, _, _ in records(path)[1:]] == ["request", "response"]


@on_reactor
async def test_an_archive_that_fails_ends_the_crawl_once_and_cancels_the_downloads(
    site: Site, tmp_path: Path
) -> None:
    reasons: list[str] = []

    class Engine:
        async def close_spider_async(self, *, reason: str) -> None:
            reasons.append(reason)

    class Full:
        async def add(self, _: Any) -> None:
            raise ArchiveError("WARC_DIR: the disk is full")

        async def close(self) -> None:
            pass

    async with open_handler(WARC_DIR=str(tmp_path)) as handler:
        handler._archive = Full()
        handler._crawler = SimpleNamespace(engine=Engine(), spider=None)
        for _ in range(2):
            with pytest.raises(DownloadCancelledError, match="disk is full"):
                await handler.download_request(Request(site.url("/text")))
        await asyncio.sleep(0)
    assert reasons == ["warc-failed"]
