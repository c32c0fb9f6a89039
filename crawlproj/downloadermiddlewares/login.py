"""Logs in before the first page of a crawl."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, NotConfigured
from scrapy.http import HtmlResponse
from scrapy.http.request import NO_CALLBACK

from crawlproj.config import text
from crawlproj.http.access import LOGIN, Access
from crawlproj.reasons import detail_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scrapy import Selector
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawlproj.http.login import LoginForm

__all__ = ["LoginMiddleware"]

logger = logging.getLogger(__name__)

_META = {
    LOGIN: True,
    "dont_obey_robotstxt": True,  # nobody crawls here: the user has an account
    "dont_cache": True,
    "allow_offsite": True,
    "handle_httpstatus_all": True,
}
_ASKING = "//form[.//input[@type='password']]"
_PASSWORD = "input[type=password]"  # noqa: S105 - a selector


class _Failed(Exception):
    """The login failed."""


class LoginMiddleware:
    """Sends the form of the spider's ``access``, and holds all other requests until then.

    AccessMiddleware keeps the cookies of the session. Every run logs in anew, because they are
    stored nowhere. If the login fails, the crawl ends with "login-failed", and its URLs go back.
    """

    def __init__(self, crawler: Crawler, form: LoginForm) -> None:
        self._crawler = crawler
        self._form = form
        self._logged_in = False
        self._login: asyncio.Task[None] | None = None
        self._stopping: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LoginMiddleware:
        """Build the middleware. Raises NotConfigured if there is no form to send."""
        access = getattr(crawler.spider, "access", None)
        if not isinstance(access, Access) or access.form is None:
            raise NotConfigured
        if text(crawler.settings, "REPLAY_DIR", ""):
            raise NotConfigured("a replay needs no login")
        return cls(crawler, access.form)

    def process_request(self, request: Request) -> Coroutine[None, None, None] | None:
        """Return a coroutine that waits for the login, until that is done.

        It raises DownloadCancelledError if the login fails.
        """
        if request.callback is NO_CALLBACK:  # robots.txt, and the login itself
            return None
        if self._logged_in:
            return None
        return self._wait()

    async def _wait(self) -> None:
        if self._login is None:
            self._login = asyncio.ensure_future(self._log_in())
        try:
            await asyncio.shield(self._login)
        except _Failed as exc:
            if self._stopping is None:
                logger.error("The login failed: %s; the crawl ends", exc)
                stop = self._crawler.engine.close_spider_async(reason="login-failed")
                self._stopping = asyncio.ensure_future(stop)
            raise DownloadCancelledError("the login failed") from exc

    async def _log_in(self) -> None:
        page = await self._get(Request(self._form.url, NO_CALLBACK, meta=dict(_META)))
        sent = self._filled_in(page)
        answer = await self._get(sent)
        if self._form.success:
            if not (isinstance(answer, HtmlResponse) and answer.css(self._form.success)):
                raise _Failed(f"{answer.url} has nothing that matches {self._form.success!r}")
        elif isinstance(answer, HtmlResponse) and answer.css(_PASSWORD):
            raise _Failed(f"{answer.url} asks for the password again; are the fields right?")
        self._logged_in = True
        logger.info("Logged in at %s", self._form.url)

    async def _get(self, request: Request) -> Response:
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as exc:
            raise _Failed(f"{request.url}: {detail_of(exc)}") from exc
        if response.status >= 400:
            raise _Failed(f"{response.url} answered with HTTP status {response.status}")
        return response

    def _filled_in(self, page: Response) -> Request:
        """Return the request that the form on ``page`` makes."""
        from form2request import form2request  # noqa: PLC0415 - an extra

        form = self._form_on(page)
        names = set(form.css("[name]::attr(name)").getall())
        for name, _ in self._form.fields:
            if name not in names:
                known = ", ".join(sorted(names))
                raise _Failed(f"the form on {page.url} has no field {name!r} (it has {known})")
        try:
            made = form2request(form, dict(self._form.fields))
        except (NotImplementedError, ValueError) as exc:
            raise _Failed(f"the form on {page.url} cannot be sent: {exc}") from exc
        filled: Request = made.to_scrapy(callback=NO_CALLBACK, meta=dict(_META))
        return filled

    def _form_on(self, page: Response) -> Selector:
        forms: Any = ()
        if isinstance(page, HtmlResponse):
            selector = self._form.form
            forms = page.css(selector) if selector else page.xpath(_ASKING)
        if len(forms) == 1:
            form: Selector = forms[0]
            return form
        what = f"that match {self._form.form!r}" if self._form.form else "that ask for a password"
        raise _Failed(
            f'{page.url} has {len(forms)} forms {what}; name the right one: form = "CSS SELECTOR"'
        )
