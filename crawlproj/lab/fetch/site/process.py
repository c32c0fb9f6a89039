"""The lab's site in a process of its own, and the orders that the measuring process sends it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from crawlproj.errors import CrawlprojError
from crawlproj.fleet.children import bind_to_parent
from crawlproj.lab.fetch.site.server import SiteCounts

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from crawlproj.lab.fetch.site.latency import Latency

_STOP_TIMEOUT_S = 10.0


class LabSite:
    """The server, which runs while this context manager is open, and dies with this process."""

    host = "127.0.0.1"
    prefix = "/page/{n}"

    def __init__(self) -> None:
        self.port, self.sites = 0, 1
        self._process: subprocess.Popen[str] | None = None

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
        self._process = subprocess.Popen(  # noqa: S603 - our own
            bind_to_parent(command, signal.SIGKILL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that Ctrl-C does not reach it
        )
        ready = self._read()
        self.port, self.sites = ready["port"], ready["sites"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 - Popen was asked for a pipe
        assert process.stdout is not None  # noqa: S101
        process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - Popen was asked for a pipe
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        process = self._running()
        assert process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
        line = process.stdout.readline()
        if not line:
            raise CrawlprojError(
                f"the lab's site ended with status {process.wait()}; see its error above"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise CrawlprojError("the lab's site is not running: use it in a with statement")
        return self._process
