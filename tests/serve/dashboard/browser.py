"""Chromium, driven by Playwright from a thread of its own.

Playwright's synchronous API refuses a thread with an event loop, which pytest's main thread has.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

T = TypeVar("T")

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 30_000


def missing() -> str:
    """Return what is missing, in words; "" if nothing is."""
    return "" if _path() else "needs Chromium: apt-get install chromium"


def _path() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Chromium:
    """A context manager that runs the browser. base: the address of the server."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.faults: list[str] = []
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Chromium:
        self._thread.submit(self._start).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _start(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser: Browser = self._playwright.chromium.launch(
            executable_path=_path(), args=_ARGUMENTS
        )

    def _stop(self) -> None:
        self._browser.close()
        self._playwright.stop()

    def show(self, path: str, look: Callable[[Page], T], **context: Any) -> T:
        """Return what ``look`` returns for a page.

        Forbidden events are added to ``faults``: errors of a script, dialogs, requests to
        another server, anything that the content security policy stopped.
        """
        return self._thread.submit(self._show, path, look, context).result()

    def _show(self, path: str, look: Callable[[Page], T], context: dict[str, Any]) -> T:
        with self._browser.new_context(base_url=self.base, **context) as opened:
            page = opened.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("pageerror", lambda error: self.faults.append(f"{path}: {error}"))
            page.on("dialog", lambda dialog: self.faults.append(f"{path}: {dialog.message}"))
            page.on("console", lambda message: self._hear(path, message.type, message.text))
            page.on("request", lambda request: self._see(path, request.url))
            page.goto(path)
            return look(page)

    def _hear(self, path: str, kind: str, text: str) -> None:
        if kind == "error":
            self.faults.append(f"{path}: {text}")

    def _see(self, path: str, url: str) -> None:
        if not url.startswith(f"{self.base}/"):
            self.faults.append(f"{path} asked for {url}")
