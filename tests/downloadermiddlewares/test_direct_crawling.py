"""Media pipelines and download_async in whole crawls: a site gets no more because of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError
from scrapy.pipelines.files import FilesPipeline

from tests.downloadermiddlewares.crawling import Visitor, crawl, refusing, site
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.http import Response


class Downloading(Visitor):
    """Downloads thirty files of the site of each page, with the means that scripts use."""

    async def parse(self, response: Response) -> None:  # type: ignore[override]
        urls = [response.urljoin(f"/file{number}") for number in range(30)]
        files = [self.crawler.engine.download_async(Request(url)) for url in urls]
        for file in await asyncio.gather(*files):
            self.outcomes[file.url] = file.status


class WithFiles(Visitor):
    def parse(self, response: Response) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        yield {"file_urls": [response.urljoin(f"/file{number}") for number in range(30)]}


class LogIn:
    """Fetches a token from the site before each page, as other people's middlewares do."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LogIn:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if not request.url.endswith("/token"):
            url = request.url.rpartition("/")[0] + "/token"
            await self._crawler.engine.download_async(Request(url))


@pytest.mark.parametrize("spider", [Downloading, WithFiles])
@on_reactor
async def test_a_site_gets_no_more_files_at_a_time_than_pages(
    spider: type[Visitor], tmp_path: Path
) -> None:
    async with site(latency_s=0.02) as one:
        await crawl(
            [f"{one.url}/"],
            spider=spider,
            CONCURRENCY_MAX_PER_SITE=4,
            ITEM_PIPELINES={FilesPipeline: 1},
            FILES_STORE=str(tmp_path),
        )
        assert len(one.paths) == 31
        assert max(one.in_flight) <= 4


@pytest.mark.slow
@on_reactor
async def test_a_refusal_makes_the_other_files_wait_and_is_retried() -> None:
    def answer(path: str, before: int) -> tuple[int, str]:
        return refusing(1, retry_after="1")(path, before) if path == "/file0" else (200, "")

    async with site(answer, latency_s=0.01) as one:
        outcomes, _ = await crawl([f"{one.url}/"], spider=Downloading, CONCURRENCY_MAX_PER_SITE=2)
        assert set(outcomes.values()) == {200}
        assert len(outcomes) == 30
        (refused_at, _), *later = [(at, path) for path, at in one.asked if path.startswith("/file")]
        # Requests on their way when the refusal came, and nothing else for a second.
        assert sum(at < refused_at + 0.9 for at, _ in later) <= 2
        assert one.gaps("/file0")[0] >= 1.0


@on_reactor
async def test_a_page_that_waits_for_another_request_of_its_site_does_not_wait_for_ever() -> None:
    async with site() as one:
        outcomes, _ = await crawl(
            [f"{one.url}/{page}" for page in range(3)],
            CONCURRENCY_MAX_PER_SITE=1,
            DOWNLOADER_MIDDLEWARES={LogIn: 200},
        )
        assert list(outcomes.values()) == [200] * 3
        assert one.paths["/token"] == 3


@on_reactor
async def test_a_crawl_that_stops_does_not_wait_for_files_that_wait() -> None:
    class Stopping(Downloading):
        async def parse(self, response: Response) -> None:  # type: ignore[override]
            asyncio.get_running_loop().call_later(0.3, self.stop)
            with pytest.raises(DownloadCancelledError):
                await super().parse(response)
            self.outcomes["stopped"] = "in order"

        def stop(self) -> None:
            self.closing = asyncio.ensure_future(self.crawler.stop_async())

    async with site() as one:
        outcomes, _ = await crawl([f"{one.url}/"], spider=Stopping, DOWNLOAD_DELAY=60)
        assert outcomes == {"stopped": "in order"}
        assert len(one.paths) <= 2
