"""The lab's site in a process of its own, and the orders that the measuring process sends it."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any

from crawlproj.errors import CrawlprojError
from crawlproj.fleet.asked_process import AskedProcess
from crawlproj.fleet.children import bind_to_parent
from crawlproj.lab.fetch.site.server import SiteCounts

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from crawlproj.lab.fetch.site.latency import Latency


class LabSite:
    """The server, which runs while this context manager is open, and dies with this process."""

    host = "127.0.0.1"
    prefix = "/page/{n}"

    def __init__(self) -> None:
        self.port, self.sites = 0, 1
        self._process: AskedProcess | None = None

    def serve(self, latency: Latency, pages: int, page_bytes: int) -> None:
        """Serve this many pages from now on, and reset the counts."""
        self._ask({"latency": str(latency), "pages": pages, "page_bytes": page_bytes})

    def counts(self) -> SiteCounts:
        """Return what the site has seen since ``serve``."""
        answer = self._ask({})
        answer["wrong"] = {int(page): requests for page, requests in answer["wrong"].items()}
        return SiteCounts(**answer)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "crawlproj.lab.fetch.site.server"]
        self._process = AskedProcess(bind_to_parent(command, signal.SIGKILL), "the lab's site")
        try:
            ready = self._process.read()
        except BaseException:
            self._process.close()
            raise
        self.port, self.sites = ready["port"], ready["sites"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            raise CrawlprojError("the lab's site is not running: use it in a with statement")
        answer: dict[str, Any] = self._process.ask(json.dumps(order))
        return answer
