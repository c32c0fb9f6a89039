"""Fetches a list of URLs and yields a Page item for each. Follows no links."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from scrapy import Request

from crawlproj._scrapy.engine import begin_closing
from crawlproj.errors import ConfigError
from crawlproj.spiders.arguments import refuse_unknown
from crawlproj.spiders.lists import CHUNK_BYTES, in_utf8, read_line, refuse_without_url
from crawlproj.spiders.stores_pages import StoresPages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from io import BufferedIOBase

__all__ = ["UrlsSpider"]


class UrlsSpider(StoresPages):
    """Fetches every URL in a file.

    file: a path, or "-" for standard input, which is a new job every time. Each line is a URL (see
        lists.read_line), or a JSON object with ``url`` and optionally ``meta``, an object that
        becomes the request's meta. Empty lines and comments (#) are ignored. A malformed line is
        logged with its number and skipped; if no other line is there, the crawl fails.

    Raises ConfigError if ``file`` is missing or cannot be read, if it has malformed lines only, or
    if another argument is given.
    """

    name = "urls"

    def __init__(self, file: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_unknown(self, kwargs)
        if not file:
            raise ConfigError(
                f"-a file is missing. Write for example: scrapy crawl {self.name} -a file=urls.txt "
                "(file=- reads standard input)"
            )
        self.file = file
        self._source_name = "standard input" if file == "-" else file
        self.found = self.malformed = 0  # lines
        # A pipe brings another list each time.
        self.job = f"urls {f'- {uuid4()}' if file == '-' else Path(file).resolve()}"
        if file != "-":
            try:
                with Path(file).open("rb"):
                    pass
                if Path(file).is_file():  # nothing is lost by reading it twice
                    refuse_without_url(Path(file))
            except ValueError as exc:
                raise ConfigError(f"-a file={file}: {exc}") from None
            except OSError as exc:
                raise ConfigError(
                    f"-a file={file} cannot be read: {exc.strerror}. Name a text file with one URL "
                    "per line, or file=- for standard input"
                ) from None

    @classmethod
    def handles_request(cls, request: Request) -> bool:  # noqa: ARG003 - Scrapy's interface
        """Return False: the spider is for no site."""
        return False

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each line."""
        number = 0
        rest = b""
        with contextlib.closing(_source(self.file)) as source:
            async for chunk in in_utf8(read_chunks(source)):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    number += 1
                    if (request := self._request(line, number)) is not None:
                        yield request
        if (request := self._request(rest, number + 1)) is not None:
            yield request
        if self.malformed:
            self.logger.error("%s: skipped %d malformed lines", self._source_name, self.malformed)
        if self.malformed and not self.found:
            self.logger.error("Nothing was fetched, because no line of the list is a URL")
            engine = self.crawler.engine
            assert engine is not None  # noqa: S101 - it called this
            begin_closing(engine, "start-urls-unusable")
            await asyncio.sleep(0)  # else the crawl might finish first

    def _request(self, line: bytes, number: int) -> Request | None:
        try:
            found = read_line(line)
            if found is None:
                return None
            url, meta = found
            request = Request(url, meta=meta, errback=self.failed)
        except ValueError as exc:
            self.malformed += 1
            self.logger.error("%s, line %d: %s; skipped", self._source_name, number, exc)
            return None
        self.found += 1
        return request


def _source(file: str) -> BufferedIOBase:
    return sys.stdin.buffer if file == "-" else Path(file).open("rb")  # type: ignore[return-value]


async def read_chunks(source: BufferedIOBase) -> AsyncIterator[bytes]:
    """Yield the bytes of ``source`` as they arrive. Raises OSError if reading fails.

    Reads a few chunks ahead in a daemon thread, so that a slow pipe delays neither the event loop
    nor the end of the process.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | OSError] = asyncio.Queue(maxsize=4)

    def put(chunk: bytes | OSError) -> None:
        asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()

    def read() -> None:
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):  # the loop has ended
            try:
                while chunk := source.read1(CHUNK_BYTES):
                    put(chunk)
                put(b"")
            except (OSError, ValueError) as exc:  # ValueError: start() has closed the source
                put(exc if isinstance(exc, OSError) else b"")

    Thread(target=read, name="read-urls", daemon=True).start()
    while chunk := await chunks.get():
        if isinstance(chunk, OSError):
            raise chunk
        yield chunk
