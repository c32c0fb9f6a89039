"""Fetches a list of URLs, each as a Page item; follows nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawlproj.errors import ConfigError
from crawlproj.frontier.base import State
from crawlproj.links.normalize import normalize
from crawlproj.pages import failure_of, page_of
from crawlproj.reasons import error_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from io import BufferedIOBase

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.items import FetchFailure, Page

_CHUNK_BYTES = 65_536


class UrlsSpider(Spider):
    """Fetches every URL of a file.

    file: a path, or "-" for standard input. A line is a URL, or a JSON object with ``url`` and
        optionally ``meta`` (an object, passed on as the request's meta). Empty lines and lines
        that begin with # are passed over; a malformed line is named with its number, the rest
        goes on.

    Raises ConfigError if the file is missing or cannot be read.
    """

    name = "urls"

    def __init__(self, file: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not file:
            raise ConfigError("-a file is missing; write for example: -a file=urls.txt, or file=-")
        self.file = file
        self.malformed = 0
        self.job = f"urls {file if file == '-' else Path(file).resolve()}"
        if file != "-":
            try:
                with Path(file).open("rb"):
                    pass
            except OSError as exc:
                raise ConfigError(f"-a file={file} cannot be read: {exc.strerror}") from None

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request a line."""
        number = 0
        rest = b""
        with contextlib.closing(_source(self.file)) as source:
            async for chunk in read_chunks(source):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    number += 1
                    if (request := self._request(line, number)) is not None:
                        yield request
        if (request := self._request(rest, number + 1)) is not None:
            yield request
        if self.malformed:
            self.logger.error("%s: %d malformed lines were left out", self.file, self.malformed)

    def _request(self, line: bytes, number: int) -> Request | None:
        try:
            text = line.decode().strip()
            if not text or text.startswith("#"):
                return None
            url, meta = _parsed(text)
            normal = normalize(url)
            if normal is None:
                raise ValueError(f"{url!r} is no http or https URL")
            return Request(normal, meta=meta, errback=self.failed)
        except ValueError as exc:
            self.malformed += 1
            self.logger.error("%s, line %d: %s; left out", self.file, number, exc)
            return None

    def parse(self, response: Response) -> Iterator[Page]:
        """Yield the page."""
        yield page_of(response)

    def failed(self, failure: Failure) -> Iterator[FetchFailure]:
        """Yield what is stored of a URL that failed for good; nothing of one that was skipped."""
        if outcome_of(error_of(failure))[0] is State.FAILED:
            yield failure_of(failure)


def _parsed(text: str) -> tuple[str, dict[str, Any]]:
    """Return the URL and meta of a line. Raises ValueError saying what is wrong."""
    if not text.startswith("{"):
        return text, {}
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        raise ValueError(f"not JSON: {exc}") from None
    url, meta = value.get("url"), value.get("meta", {})
    if not isinstance(url, str):
        raise ValueError('"url" is missing or no text')
    if not isinstance(meta, dict):
        raise ValueError('"meta" is no object')
    return url, meta


def _source(file: str) -> BufferedIOBase:
    return sys.stdin.buffer if file == "-" else Path(file).open("rb")  # type: ignore[return-value]


async def read_chunks(source: BufferedIOBase) -> AsyncIterator[bytes]:
    """Yield what ``source`` has as it comes; raises OSError if reading fails.

    Reads in a daemon thread, a few chunks ahead: a slow pipe holds up neither the event loop nor
    the end of the process.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | OSError] = asyncio.Queue(maxsize=4)

    def put(chunk: bytes | OSError) -> None:
        asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()

    def read() -> None:
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):  # the loop has ended
            try:
                while chunk := source.read1(_CHUNK_BYTES):
                    put(chunk)
                put(b"")
            except (OSError, ValueError) as exc:  # ValueError: closed, nobody wants more
                put(exc if isinstance(exc, OSError) else b"")

    Thread(target=read, name="read-urls", daemon=True).start()
    while chunk := await chunks.get():
        if isinstance(chunk, OSError):
            raise chunk
        yield chunk
