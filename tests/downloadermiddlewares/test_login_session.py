"""Whether a session has ended, and when there is another login."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from crawlproj.downloadermiddlewares.login_session import LoginDelayed, LoginFailed, LoginSession
from crawlproj.downloadermiddlewares.login_signs import Sign
from tests.frontier.virtual import now
from tests.scheduling.desk import in_virtual_time

STRONG, WEAK = Sign.STRONG, Sign.WEAK


class Site:
    """A site whose pages in ``shown`` are shown without a session, and in ``members`` with one.

    fails: what the next logins raise. logins: when there was one, or one was tried.
    """

    def __init__(self, *, begun: bool = False) -> None:
        self.alive = begun
        self.broken = True  # whether the page "broken" shows nothing to those who look again
        self.members = {"a", "b"}
        self.shown = {"home"}
        self.fails: list[Exception] = []
        self.logins: list[float] = []
        self.fetched: list[str] = []
        self.states: list[bool] = []
        self.failures: list[str] = []
        self.session = LoginSession(
            self._log_in,
            self._asks,
            begun=begun,
            patience_s=100,
            on_open=self.states.append,
            on_failed=lambda failure: self.failures.append(str(failure)),
            spider=None,
            clock=now,
        )

    async def _log_in(self) -> None:
        self.logins.append(now())
        await asyncio.sleep(1)
        if self.fails:
            raise self.fails.pop(0)
        self.alive = True

    async def _asks(self, url: str) -> bool | None:
        self.fetched.append(url)
        await asyncio.sleep(0.1)
        return None if url == "broken" and self.broken else not self.shows(url)

    def shows(self, url: str) -> bool:
        return url in self.shown or (self.alive and url in self.members)

    async def visit(self, url: str, sign: Sign = STRONG, number: int | None = None) -> bool:
        """Fetch a page until its answer is its own; returns whether it was shown."""
        for _ in range(20):
            if not self.session.is_open:
                self.session.begin()
                await asyncio.wait_for(self.session.opened(), 10_000)
            sent_in = self.session.number if number is None else number
            number = None
            if self.shows(url):
                self.session.note_shown(url, sent_in)
                return True
            if self.session.is_own(url, sent_in, sign):
                return False
        raise AssertionError(f"{url} was sent again and again")


@in_virtual_time
async def test_pages_that_meet_the_end_of_a_session_together_share_one_login() -> None:
    site = Site()
    assert await site.visit("a")
    site.alive = False
    assert all(await asyncio.gather(*(site.visit(url) for url in "abab")))
    assert len(site.logins) == 2
    assert site.states == [False, True, False, True]


@in_virtual_time
async def test_a_page_that_was_sent_in_the_session_before_is_sent_again_without_a_login() -> None:
    site = Site()
    await site.visit("a")
    site.alive = False
    await site.visit("a")
    assert not site.session.is_own("b", 1, STRONG)
    assert site.session.is_open
    assert len(site.logins) == 2


@in_virtual_time
async def test_a_page_keeps_its_answer_while_one_behind_the_login_is_shown() -> None:
    site = Site()
    await site.visit("a")
    site.alive = False
    await site.visit("a")  # so "a" is known to be behind the login
    logins = list(site.logins)
    assert not any(await asyncio.gather(*(site.visit(f"no{n}") for n in range(50))))
    assert site.logins == logins
    assert len(site.fetched) <= 5, "they share the look at the witness"


@in_virtual_time
async def test_only_a_strong_sign_is_worth_a_login_if_the_witness_may_be_public() -> None:
    site = Site()
    await site.visit("home")
    site.alive = False
    assert not await site.visit("a", WEAK)
    assert len(site.logins) == 1
    assert await site.visit("a", STRONG)
    assert len(site.logins) == 2


@in_virtual_time
async def test_a_page_that_worked_before_and_asks_now_is_enough_for_a_weak_sign() -> None:
    site = Site()
    await site.visit("a")
    site.alive = False
    assert await site.visit("b", WEAK)
    assert len(site.logins) == 2


@in_virtual_time
async def test_the_pauses_between_logins_that_do_not_help_grow() -> None:
    site = Site()
    for n in range(2000):
        await site.visit("home")
        assert not await site.visit(f"no{n}")
        await asyncio.sleep(1)
    pauses = [after - before for before, after in pairwise(site.logins)]
    assert pauses[1:] == sorted(pauses[1:])
    assert max(pauses) >= 500
    assert len(site.logins) < 16


@in_virtual_time
async def test_a_site_that_ends_each_session_at_once_gets_few_logins_and_its_pages_fail() -> None:
    site = Site()
    site.members.clear()
    began = now()
    for n in range(200):
        assert not await site.visit(f"page{n}")
    assert len(site.logins) < 12
    assert now() - began < 600
    assert not site.failures


@in_virtual_time
async def test_a_page_that_ends_the_session_keeps_its_answer_after_three_logins() -> None:
    site = Site()

    def shows(url: str) -> bool:
        site.alive &= url != "logout"
        return site.alive and url != "logout"

    site.shows = shows  # type: ignore[method-assign]
    await site.visit("a")
    assert not await site.visit("logout")
    assert len(site.logins) <= 4
    assert await site.visit("a")


@in_virtual_time
async def test_a_witness_that_shows_nothing_is_given_up() -> None:
    site = Site()
    site.shown.add("broken")
    await site.visit("broken")
    site.alive = False
    assert await site.visit("a")
    site.alive = False
    assert await site.visit("b")
    assert site.fetched.count("broken") == 1


@in_virtual_time
async def test_a_witness_that_is_gone_does_not_count_for_one_that_is_shown() -> None:
    site = Site()
    site.members.add("broken")
    await site.visit("broken")
    site.alive = False
    site.broken = False
    await site.visit("broken")  # so it is known to be behind the login
    site.alive, site.broken = False, True
    assert await site.visit("a")


@in_virtual_time
async def test_a_login_that_is_delayed_is_tried_again_less_and_less_often() -> None:
    site = Site()
    await site.visit("a")
    site.alive = False
    site.fails = [LoginDelayed("503"), LoginDelayed("503"), LoginDelayed("503")]
    assert await site.visit("a")
    tries = site.logins[1:]
    assert [after - before for before, after in pairwise(tries)] == [6, 11, 21]
    assert not site.failures


async def fails_for_good(failure: Exception, tries: int) -> None:
    site = Site()
    await site.visit("a")
    site.alive = False
    site.fails = [failure] * 100
    assert not site.session.is_own("a", 1, STRONG)
    await asyncio.sleep(1000)
    assert site.failures == [str(failure)]
    assert not site.session.is_open
    assert len(site.logins) == 1 + tries
    site.session.begin()
    await asyncio.sleep(1000)
    assert len(site.logins) == 1 + tries


@in_virtual_time
async def test_a_login_that_is_refused_leaves_the_session_closed() -> None:
    await fails_for_good(LoginFailed("wrong password"), tries=1)


@in_virtual_time
async def test_a_login_that_is_delayed_for_too_long_leaves_the_session_closed() -> None:
    await fails_for_good(LoginDelayed("503"), tries=5)


@in_virtual_time
async def test_the_first_login_is_tried_once() -> None:
    site = Site()
    site.fails = [LoginDelayed("no such host")]
    site.session.begin()
    await asyncio.sleep(1000)
    assert (site.failures, len(site.logins)) == (["no such host"], 1)


@in_virtual_time
async def test_an_error_in_the_login_closes_the_session_instead_of_letting_pages_wait() -> None:
    site = Site()
    site.fails = [ZeroDivisionError("a fault")]
    site.session.begin()
    await asyncio.sleep(10)
    assert site.failures == ["ZeroDivisionError, see above"]


@in_virtual_time
async def test_without_a_login_weak_signs_end_the_session_only_if_a_page_worked_before() -> None:
    site = Site(begun=True)
    site.fails = [LoginFailed("export the cookies again")]
    assert not await site.visit("admin", WEAK)
    assert await site.visit("a")
    assert not site.logins
    site.alive = False
    assert not site.session.is_own("b", 1, WEAK)
    await asyncio.sleep(10)
    assert site.failures == ["export the cookies again"]
