"""Decides whether the session of a login has ended, and logs in again: once for all pages."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

from crawlproj.downloadermiddlewares.login_signs import Sign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

logger = logging.getLogger(__name__)

_MIN_PAUSE_S, _MAX_PAUSE_S = 1.0, 600.0  # between two logins
_FIRST_RETRY_S = 5.0  # after a login that the site did not answer
_MAX_WASTED = 5  # logins in a row that showed nothing, after which pages do not wait for the next
_MAX_REPORTS = 3  # how often one page may be the first to find that a session has ended


class LoginFailed(Exception):
    """The login does not work, now or later. The message says why, and has no secret."""


class LoginDelayed(Exception):
    """The site did not answer the login, but may do so later. The message has no secret."""


class LoginSession:
    """The session that a crawl's pages share; it is open, or they wait.

    When an answer asks for a login, nobody knows whether the session has ended, or the account may
    not see that page. So the session closes, and a *witness* is fetched again, a page that was
    shown before:

    - It asks for a login, too: the session has ended, and there is a login. A page that was first
      to find that three times ends sessions, as a link to log out does, and keeps its answer.
    - It is shown, and is known to be behind the login: the answer is the page's own.
    - It is shown, and may be public: after a login, the page itself shows whether that helps. Only
      a strong sign is worth that login.

    Between two logins is a second, and twice as long after each that showed nothing. After five of
    those, pages do not wait for the next one: their answers are their own.

    log_in: raises LoginFailed or LoginDelayed. asks: fetches a URL; returns whether it asks for a
    login, None if that is unknown. begun: whether there is a session without a login. patience_s:
    for how long a login that is delayed is tried again. on_open: called with whether it is open.
    on_failed: called when there will be no session any more; it stays closed.

    number: of the session; 0 before the first.
    """

    def __init__(
        self,
        log_in: Callable[[], Awaitable[None]],
        asks: Callable[[str], Awaitable[bool | None]],
        *,
        on_open: Callable[[bool], None],
        on_failed: Callable[[LoginFailed], None],
        spider: object,
        begun: bool = False,
        patience_s: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number = int(begun)
        self._log_in = log_in
        self._asks = asks
        self._on_open = on_open
        self._on_failed = on_failed
        self._extra = {"spider": spider}  # of log records
        self._patience_s = patience_s
        self._clock = clock
        self._open = asyncio.Event()
        if begun:
            self._open.set()
        self._task: asyncio.Task[None] | None = None
        self._suspects: dict[str, Sign] = {}  # pages that asked for a login, by URL
        self._own: set[str] = set()  # those of which the next such answer is their own
        self._reports: Counter[str] = Counter()
        self._latest = ""  # the page that was shown last
        self._witness = ""  # a page that is known to be behind the login
        self._began_at = -_MAX_PAUSE_S
        self._helped = True  # whether the latest login did
        self._showed = begun  # whether a page was shown since
        self._wasted_before = 0

    @property
    def is_open(self) -> bool:
        """Whether pages may be fetched."""
        return self._open.is_set()

    async def opened(self) -> None:
        """Wait until the session is open."""
        await self._open.wait()

    def begin(self) -> None:
        """Log in for the first time, unless that is under way."""
        if self._task is None:
            self._close(self._renew(""))

    def close(self) -> None:
        """Stop what is under way."""
        if self._task is not None:
            self._task.cancel()

    def note_shown(self, url: str, number: int) -> None:
        """Note that the page ``url`` was shown in session ``number``."""
        if number == self.number:
            self._latest, self._showed = url, True

    def is_own(self, url: str, number: int, sign: Sign) -> bool:
        """Return whether the answer of ``url``, sent in session ``number``, is the page's own.

        If not, send it again once the session is open.
        """
        if number != self.number:
            return False
        if not self.is_open:
            self._suspects[url] = sign
            return False
        if url in self._own:
            self._own.discard(url)
            return True
        self._suspects = {url: sign}
        self._close(self._look(url))
        return False

    def _close(self, work: Coroutine[None, None, object]) -> None:
        self._open.clear()
        self._task = asyncio.ensure_future(self._until_open(work))
        self._on_open(False)

    async def _until_open(self, work: Coroutine[None, None, object]) -> None:
        try:
            await work
        except LoginFailed as exc:
            self._on_failed(exc)
            return
        except Exception as exc:
            logger.exception("The login failed", extra=self._extra)
            self._on_failed(LoginFailed(f"{type(exc).__name__}, see above"))
            return
        self._suspects.clear()
        self._open.set()
        self._on_open(True)

    async def _look(self, first: str) -> None:
        """Find out what the answers of the suspects mean; ``first`` was the first of them."""
        while self._suspects:
            # Those that come while the witness is on its way may have met a session's end later.
            suspects, self._suspects = self._suspects, {}
            witness = self._witness or self._latest
            asked = await self._asks(witness) if witness else None
            if asked and not (self._wasted() > _MAX_WASTED and not self._may_try()):
                logger.info(
                    "The session has ended: %s asks for a login", witness, extra=self._extra
                )
                self._reports[first] += 1
                if self._reports[first] >= _MAX_REPORTS:
                    self._own.add(first)
                await self._renew(witness)
                return
            if asked is None:
                self._witness = self._latest = ""
            strong = next((url for url, sign in suspects.items() if sign is Sign.STRONG), "")
            if asked or self._witness or not strong or not self._may_try():
                self._own.update(suspects)
                continue
            logger.info(
                "The session may have ended: %s asks for a login", strong, extra=self._extra
            )
            if not await self._renew(strong):
                self._own.add(strong)
            return

    async def _renew(self, probe: str) -> bool:
        """Log in, and return whether ``probe`` does not ask for a login any more."""
        if self.number:
            wait_s = self._may_renew_at() - self._clock()
            self._wasted_before = self._wasted()
            if wait_s > 0:
                logger.info("The next login is in %.0f s", wait_s, extra=self._extra)
                await asyncio.sleep(wait_s)
        await self._log_in_patiently()
        self.number += 1
        self._began_at, self._showed = self._clock(), False
        asked = await self._asks(probe) if probe else None
        self._helped = not asked
        self._latest = "" if asked else probe
        self._witness = probe if asked is False else ""
        if asked:
            logger.warning(
                "%s asks for a login although there has just been one", probe, extra=self._extra
            )
        return self._helped

    async def _log_in_patiently(self) -> None:
        give_up_at, wait_s = self._clock() + self._patience_s, _FIRST_RETRY_S
        while True:
            try:
                await self._log_in()
            except LoginDelayed as exc:
                if not self.number or self._clock() + wait_s > give_up_at:
                    raise LoginFailed(str(exc)) from exc
                logger.warning(
                    "The login failed: %s; it is tried again in %.0f s",
                    exc,
                    wait_s,
                    extra=self._extra,
                )
            else:
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _MAX_PAUSE_S)

    def _wasted(self) -> int:
        """Return how many logins in a row have shown nothing new, up to the latest one."""
        return 0 if self._helped and self._showed else self._wasted_before + 1

    def _may_renew_at(self) -> float:
        return self._began_at + min(_MIN_PAUSE_S * 2.0 ** self._wasted(), _MAX_PAUSE_S)

    def _may_try(self) -> bool:
        """Whether to log in although the session may not have ended."""
        return not self._wasted() or self._clock() >= self._may_renew_at()
