"""The login of a crawl: which pages need it, what they wait for, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy import Request, signals
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawlproj._scrapy.engine import begin_closing, is_closing
from crawlproj.config import text
from crawlproj.downloadermiddlewares.form_login import LOGIN_META, FormLogin
from crawlproj.downloadermiddlewares.login_session import LoginFailed, LoginSession
from crawlproj.downloadermiddlewares.login_signs import LoginSigns, Sign
from crawlproj.frontier.base import State
from crawlproj.http.access import Access
from crawlproj.http.head import REDIRECTS
from crawlproj.reasons import detail_of
from crawlproj.scheduler import scheduler_of
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.urls import normalize, registrable_domain, site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

SESSION = "login_session"
"""The key of Request.meta for the number of the session in which it was sent."""
_LOOK_S = 1.0  # between two looks whether the crawl ends


class LoginRequired(IgnoreRequest):
    """The page asks for a login, although the crawl is logged in."""

    frontier_outcome = (State.FAILED, "login-required")


class LoginLost(IgnoreRequest):
    """The session of the page's site has ended, and there will be no other. reason: why."""

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.frontier_outcome = (State.FAILED, reason)


class CrawlLogin:
    """The login of a crawl, which its two middlewares share.

    It concerns the sites of the domain of the form, or of the cookies. If no start page is on one,
    as when another company's server logs people in, it concerns all sites.
    """

    def __init__(self, crawler: Crawler, access: Access) -> None:
        self._crawler = crawler
        spider: Any = crawler.spider
        self._may_see: Callable[[str], bool] = spider.may_see_access
        self.signs = LoginSigns(
            access.form,
            max_refresh_s=crawler.settings.getint("METAREFRESH_MAXDELAY"),
            left_out=",".join(crawler.settings.getlist("METAREFRESH_IGNORE_TAGS")),
        )
        self._form = None
        hosts = {cookie.domain.removeprefix(".") for cookie in access.cookies}
        if access.form is not None:
            self._form = FormLogin(crawler, access.form, self.signs)
            hosts = {site_of(access.form.url)}
        self._domains = {_domain(host) for host in hosts}
        starts = [_domain(site_of(url)) for url in getattr(spider, "seeds", ())]
        if self._domains.isdisjoint(starts):
            self._domains.clear()
        self._of_all = not self._domains or self._domains.issuperset(starts)
        self._lost: tuple[str, str] | None = None  # detail and reason
        self.session = LoginSession(
            self._log_in,
            self._asks,
            begun=self._form is None,
            patience_s=ConcurrencyConfig.from_settings(crawler.settings).patience_s,
            on_open=self._on_open,
            on_failed=self._on_failed,
            spider=spider,
        )
        crawler.signals.connect(self._close, signals.spider_closed)

    def concerns(self, request: Request) -> bool:
        """Whether ``request`` is for a page that may need the session."""
        if request.callback is NO_CALLBACK:  # robots.txt, and the login itself
            return False
        return self._takes(site_of(request.url))

    def note_shown(self, request: Request) -> None:
        """Note that the page of ``request`` was shown, unless it sees no session."""
        if self._sees_session(request.url):
            self.session.note_shown(request.url, request.meta.get(SESSION, 0))

    def check(self) -> None:
        """Raise LoginLost if there will be no session any more."""
        if self._lost is not None:
            raise LoginLost(*self._lost)

    def put_back(self, request: Request) -> Request | None:
        """Let ``request`` go back to the frontier, uncounted, where its site is paused meanwhile.

        Returns None if it did not come from there, or in a slot that the spider named.
        """
        scheduler = scheduler_of(self._crawler)
        work = scheduler.in_hand.of(request) if scheduler is not None else None
        if scheduler is None or work is None or not self._takes(work.lease.entry.site):
            return None
        scheduler.admission.put_back(request)
        return request.replace(dont_filter=True)

    async def opened(self) -> None:
        """Wait for the session. Raises LoginLost, or DownloadCancelledError if the crawl stops."""
        self.session.begin()
        opening = asyncio.ensure_future(self.session.opened())
        try:
            while not opening.done():
                self.check()
                if is_closing(self._crawler.engine):
                    raise DownloadCancelledError("the crawl is being stopped")
                await asyncio.wait({opening}, timeout=_LOOK_S)
        finally:
            opening.cancel()

    def judged(
        self, request: Request, response: Response, sign: Sign
    ) -> Response | Request | Coroutine[Any, Any, Request]:
        """Return ``response``, which has a ``sign``, or the request to send it again.

        Raises LoginRequired if the answer is the page's own and says nothing else.
        """
        self.check()
        if self.session.is_own(request.url, request.meta.get(SESSION, 0), sign):
            self.signs.note_own(sign)
            if sign is Sign.STRONG and (response.status == 200 or response.status in REDIRECTS):
                raise LoginRequired("it asks for a login, although the crawl is logged in")
            return response
        self._crawler.stats.inc_value("login/sent_again")
        return self.put_back(request) or self._sent_again(request)

    async def _sent_again(self, request: Request) -> Request:
        await self.opened()
        return request.replace(dont_filter=True)

    def _sees_session(self, url: str) -> bool:
        return self._may_see(normalize(url) or "")

    def _takes(self, site: str) -> bool:
        return not self._domains or _domain(site) in self._domains

    async def _log_in(self) -> None:
        if self._form is None:
            raise LoginFailed("the session of the cookies in -a login= has ended")
        await self._form.log_in()
        self.signs.note_login()
        if self.session.number:
            self._crawler.stats.inc_value("login/again")
        logger.info("Logged in", extra={"spider": self._crawler.spider})

    async def _asks(self, url: str) -> bool | None:
        """Return whether ``url`` asks for a login now; None if it does not show.

        AccessMiddleware lets all requests of a login see cookies, so this asks no page that may not
        see them, such as one over http of a site that is crawled over https.
        """
        if not self._sees_session(url):
            return None
        request = Request(url, NO_CALLBACK, meta={**LOGIN_META, "dont_redirect": True})
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as exc:  # noqa: BLE001 - after any error, nothing is known
            logger.info(
                "Whether the session has ended is unknown: %s: %s",
                url,
                detail_of(exc),
                extra={"spider": self._crawler.spider},
            )
            return None
        for sign in (self.signs.of_head, self.signs.of_body):
            if sign(request, response) is not Sign.NONE:
                return True
        return False if response.status == 200 else None

    def _close(self) -> None:
        self.session.close()
        _logins.pop(self._crawler, None)

    def _on_open(self, is_open: bool) -> None:
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and not is_closing(self._crawler.engine):
            scheduler.steering.pause_for_login(None if is_open else self._takes)

    def _on_failed(self, failure: LoginFailed) -> None:
        engine = self._crawler.engine
        if is_closing(engine):
            return
        if self._form is not None and (self._of_all or not self.session.number):
            logger.error(
                "The login failed: %s; the crawl ends",
                failure,
                extra={"spider": self._crawler.spider},
            )
            begin_closing(engine, "login-failed")
            return
        reason, then = "login-failed", "Correct the file of -a login="
        if self._form is None:
            reason = "login-expired"
            then = "Log in with a browser and export its cookies to the file again"
        logger.error(
            "The crawl is not logged in any more: %s. The pages of %s now fail as %s. %s, then run "
            "scrapy requeue --reason %s and the same crawl again",
            failure,
            ", ".join(sorted(self._domains)) or "all sites",
            reason,
            then,
            reason,
            extra={"spider": self._crawler.spider},
        )
        self._lost = str(failure), reason
        scheduler = scheduler_of(self._crawler)
        if scheduler is not None and not scheduler.config.in_fleet:
            scheduler.fail()
        self._on_open(True)


_logins: WeakKeyDictionary[Crawler, CrawlLogin] = WeakKeyDictionary()


def login_of(crawler: Crawler) -> CrawlLogin:
    """Return the login of ``crawler``. Raises NotConfigured if it has none."""
    access = getattr(crawler.spider, "access", None)
    if not isinstance(access, Access) or not (access.form or access.cookies):
        raise NotConfigured
    if text(crawler.settings, "REPLAY_DIR", ""):
        raise NotConfigured("a replay needs no login")
    if crawler not in _logins:
        _logins[crawler] = CrawlLogin(crawler, access)
    return _logins[crawler]


def _domain(site: str) -> str:
    """Return the registrable domain of ``site``, without a port."""
    host, _, port = registrable_domain(site).rpartition(":")
    return host if host and port.isdigit() else registrable_domain(site)
