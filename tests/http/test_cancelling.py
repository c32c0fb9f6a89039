"""Downloads that end early: cancelled, closed, timed out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
)

from tests.http.helpers import on_reactor, open_handler
from tests.waiting import until_async

if TYPE_CHECKING:
    from tests.http.mockserver import Site


async def started(handler: Any, site: Site) -> asyncio.Task[Any]:
    """Return a download that the site has received and will never answer."""
    site.requests.clear()
    request = Request(site.url("/silent"))
    download: asyncio.Task[Any] = asyncio.ensure_future(handler.download_request(request))
    await until_async(lambda: site.requests)
    return download


@on_reactor
async def test_cancel_all_ends_every_download_with_the_given_reason(site: Site) -> None:
    async with open_handler(CONCURRENT_REQUESTS=2) as handler:
        site.requests.clear()  # one waits for headers, one for the body, one for a connection
        urls = [site.url("/silent"), site.url("/stuck"), site.url("/silent")]
        downloads = [asyncio.ensure_future(handler.download_request(Request(url))) for url in urls]
        await until_async(lambda: len(site.requests) == 2)
        handler.cancel_all("the grace is over")
        results = await asyncio.gather(*downloads, return_exceptions=True)
        for result in results:
            assert isinstance(result, DownloadCancelledError)
            assert str(result) == "the grace is over"
        assert not handler._downloads
        assert (await handler.download_request(Request(site.url("/text")))).body == b"Works"


@on_reactor
async def test_cancel_ends_the_given_downloads_and_closes_their_connections(
    site: Site,
) -> None:
    async with open_handler() as handler:
        site.requests.clear()
        requests = [Request(site.url("/silent")) for _ in range(3)]
        downloads = [asyncio.ensure_future(handler.download_request(one)) for one in requests]
        await until_async(lambda: len(site.requests) == 3)
        handler.cancel({requests[0], requests[2]}, IgnoreRequest("another worker's"))
        done, waiting = await asyncio.wait(downloads, timeout=0.2)
        assert done == {downloads[0], downloads[2]}
        assert all(isinstance(download.exception(), IgnoreRequest) for download in done)
        assert handler._connector.open_connections() == 1
        handler.cancel_all("the test is over")
        await asyncio.wait(waiting)


@on_reactor
async def test_before_send_can_refuse_a_request_just_before_it_is_sent(site: Site) -> None:
    refused = Request(site.url("/text"), headers={"X-Which": "refused"})

    def check(request: Request) -> None:
        if request is refused:
            raise IgnoreRequest("another worker's")

    async with open_handler() as handler:
        handler.before_send = check
        site.requests.clear()
        with pytest.raises(IgnoreRequest):
            await handler.download_request(refused)
        assert (await handler.download_request(Request(site.url("/text")))).body == b"Works"
        assert len(site.requests) == 1


@on_reactor
async def test_on_answer_is_called_when_a_long_answer_begins(site: Site) -> None:
    begun: list[Request] = []
    stuck = Request(site.url("/stuck"))
    async with open_handler() as handler:
        handler.on_answer = begun.append
        await handler.download_request(Request(site.url("/text")))
        download = asyncio.ensure_future(handler.download_request(stuck))
        await until_async(lambda: begun)
        handler.cancel_all("it has begun")
        with pytest.raises(DownloadCancelledError):
            await download
    assert begun == [stuck]


@on_reactor
async def test_close_ends_downloads_and_a_later_request_still_works(site: Site) -> None:
    async with open_handler() as handler:
        download = await started(handler, site)
        await handler.close()
        with pytest.raises(DownloadCancelledError):
            await download
        assert (await handler.download_request(Request(site.url("/text")))).body == b"Works"
        await handler.close()
        await handler.close()


@on_reactor
async def test_a_cancelled_task_raises_cancelled_error(site: Site) -> None:
    async with open_handler() as handler:
        download = await started(handler, site)
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download
        assert not handler._downloads


@on_reactor
async def test_a_timed_out_download_frees_its_connection(site: Site) -> None:
    async with open_handler(CONCURRENT_REQUESTS=1) as handler:
        for _ in range(3):
            request = Request(site.url("/stuck"), meta={"download_timeout": 0.05})
            with pytest.raises(DownloadTimeoutError):
                await handler.download_request(request)
        assert handler._connector.open_connections() == 0
