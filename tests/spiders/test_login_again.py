"""A crawl logs in again when its session has ended, and loses no page by that."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import pytest

from crawlproj.downloadermiddlewares import login_session
from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.memory import MemoryFrontier
from tests.http.helpers import on_reactor
from tests.spiders.members import (
    HOME,
    OTHER,
    PASSWORD,
    Members,
    cookie_file,
    form_file,
)
from tests.spiders.web import NOT_FOUND, Answer, Crawled, crawl_site

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawlproj.frontier.base import Entry, Written


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_session, "_MIN_PAUSE_S", 0.01)
    monkeypatch.setattr(login_session, "_FIRST_RETRY_S", 0.01)
    monkeypatch.setenv("MEMBERS_PASSWORD", PASSWORD)


async def crawl(web: Any, login: str, url: str = HOME, **settings: Any) -> Crawled:
    given = {"TRAPS_ENABLED": False, **settings}  # each page links to all others, which is a trap
    return await crawl_site(web, url, arguments={"login": login}, **given)


def reasons(done: Crawled) -> dict[str, str]:
    return {failure.url: failure.reason for failure in done.failures}


@pytest.mark.parametrize("asks", ["redirect", "form", "refresh", "401", "403"])
@on_reactor
async def test_every_page_is_fetched_although_the_session_ends_every_few_pages(
    asks: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    web = Members(asks=asks)
    done = await crawl(web, form_file(tmp_path), LOG_LEVEL="DEBUG")
    assert done.urls == web.urls
    assert all("for members" in page.text for page in done.pages)
    assert len(web.logins) >= 3
    assert (done.failures, done.skipped, done.finished) == ([], {}, True)
    secrets = (PASSWORD, "s3ss10n", "t0ken")
    assert not [line for line in caplog.messages if any(each in line for each in secrets)]


@pytest.mark.parametrize("redirects", [False, True])
@pytest.mark.parametrize("more", ["", 'success = "b.in"'])
@on_reactor
async def test_a_wrong_password_is_noticed(redirects: bool, more: str, tmp_path: Path) -> None:
    web = Members(password="another", redirects=redirects)
    done = await crawl(web, form_file(tmp_path, more))
    assert (done.pages, done.finished, web.logins) == ([], False, [])


@pytest.mark.parametrize(
    "welcome",
    [
        Answer("moved", 404),
        Answer('<form>Change it: <input name="old" type="password"><input name="new"></form>'),
    ],
)
@on_reactor
async def test_the_page_to_which_a_login_leads_may_be_any(welcome: Answer, tmp_path: Path) -> None:
    web = Members(welcome=welcome, lasts=1000)
    done = await crawl(web, form_file(tmp_path))
    assert (done.urls, len(web.logins)) == (web.urls, 1)


@on_reactor
async def test_the_page_of_the_form_may_be_another_one(tmp_path: Path) -> None:
    web = Members(login_path="/en/enter")
    done = await crawl(web, form_file(tmp_path))
    assert done.urls == web.urls
    assert len(web.logins) >= 3


@pytest.mark.parametrize("moved", [0, 3])
@pytest.mark.parametrize("asks", ["home", "less"])
@on_reactor
async def test_a_session_that_ends_without_a_word_about_a_login_is_noticed(
    asks: str, moved: int, tmp_path: Path
) -> None:
    web = Members(asks=asks, moved=[f"/moved{n}" for n in range(moved)])
    done = await crawl(web, form_file(tmp_path, 'success = "b.in"'))
    assert done.urls == web.urls
    assert all("for members" in page.text for page in done.pages)
    assert len(web.logins) >= 3
    assert (done.failures, sum(done.skipped.values())) == ([], moved)


@pytest.mark.parametrize("kind", ["moved", "public"])
@on_reactor
async def test_many_pages_of_their_own_that_look_like_a_lost_session_end_none(
    kind: Literal["moved", "public"], tmp_path: Path
) -> None:
    paths = [f"/other{n}" for n in range(30)]
    web = Members(lasts=1000, moved=paths) if kind == "moved" else Members(lasts=1000, public=paths)
    asked: Counter[str] = Counter()

    async def answer(url: str, head: str) -> Answer:
        asked[url] += 1
        return await web(url, head)

    done = await crawl(answer, form_file(tmp_path, 'success = "b.in"'))
    assert done.urls >= web.urls
    assert (done.failures, len(web.logins)) == ([], 1)
    assert sum(asked.values()) < len(paths) + web.pages + 20


@on_reactor
async def test_no_attempt_of_a_page_that_waits_for_a_login_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_back: list[Ack] = []
    write = MemoryFrontier.write

    async def noted(self: MemoryFrontier, entries: Sequence[Entry], acks: Sequence[Ack]) -> Written:
        put_back.extend(ack for ack in acks if ack.state is State.PENDING)
        return await write(self, entries, acks)

    monkeypatch.setattr(MemoryFrontier, "write", noted)
    web = Members(lasts=4)
    assert (await crawl(web, form_file(tmp_path))).urls == web.urls
    assert len(put_back) >= len(web.logins)
    assert not [ack for ack in put_back if ack.count_attempt]


@pytest.mark.parametrize("asks", ["redirect", "form", "refresh"])
@pytest.mark.parametrize(("ends_sessions", "lasts"), [(False, 1000), (False, 15), (True, 15)])
@on_reactor
async def test_pages_that_always_ask_for_a_login_fail_and_the_login_is_not_tried_for_each(
    ends_sessions: bool,
    lasts: int,
    asks: str,
    tmp_path: Path,
) -> None:
    restricted = [f"/admin{n}" for n in range(12)]
    web = Members(lasts=lasts, asks=asks, restricted=restricted, ends_sessions=ends_sessions)
    done = await crawl(web, form_file(tmp_path))
    assert done.urls == web.urls
    assert reasons(done) == {HOME + path[1:]: "login-required" for path in restricted}
    assert len(web.logins) <= len(restricted)


@on_reactor
async def test_a_link_that_logs_out_is_not_followed(tmp_path: Path) -> None:
    web = Members(lasts=1000, public=["/logout"])
    done = await crawl(web, form_file(tmp_path))
    assert done.urls == web.urls
    assert f"{HOME}logout" not in done.asked
    assert len(web.logins) == 1


@on_reactor
async def test_a_link_that_logs_out_costs_three_logins_and_no_other_page(tmp_path: Path) -> None:
    web = Members(lasts=1000, public=["/logout"])
    done = await crawl(web, form_file(tmp_path), ACTION_LINKS_AVOID=False)
    assert done.urls == web.urls
    assert reasons(done) == {f"{HOME}logout": "login-required"}
    assert len(web.logins) <= 4


@pytest.mark.parametrize("slow", [0, 1])
@on_reactor
async def test_a_slow_login_does_not_hold_up_other_sites(slow: int, tmp_path: Path) -> None:
    others = asyncio.Event()

    async def before_login(number: int) -> None:
        if number == slow:
            await others.wait()

    web = Members(lasts=12, before_login=before_login)

    async def answer(url: str, head: str) -> Answer:
        seen.add(url)
        if sum(each.startswith(OTHER) for each in seen) == web.pages:
            others.set()
        return await web(url, head)

    seen: set[str] = set()
    done = await crawl(answer, form_file(tmp_path), f"{HOME}, {OTHER}")
    assert done.urls > web.urls
    assert len(done.urls) == 2 * web.pages
    assert len(web.logins) == 2


@on_reactor
async def test_a_login_that_the_site_does_not_answer_is_tried_again(tmp_path: Path) -> None:
    answers = [Answer("busy", 503), Answer("busy", 502)]

    async def before_login(number: int) -> Answer | None:
        return answers.pop() if number and answers else None

    web = Members(before_login=before_login)
    done = await crawl(web, form_file(tmp_path))
    assert done.urls == web.urls
    assert not answers


@pytest.mark.parametrize("url", [HOME, f"{HOME}, {OTHER}"])
@on_reactor
async def test_a_password_that_was_changed_meanwhile_ends_only_what_needs_it(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def before_login(number: int) -> None:
        if number:
            web.password = "another"

    web = Members(before_login=before_login)
    done = await crawl(web, form_file(tmp_path), url)
    assert "login asks for the password again" in caplog.text
    assert PASSWORD not in caplog.text
    of_members = {page for page in done.urls if page.startswith(HOME)}
    assert 1 <= len(of_members) <= web.lasts
    if url == HOME:  # they wait for the next run
        assert not done.finished
        assert done.totals.pending == web.pages - len(of_members)
        return
    assert done.finished
    assert len(done.urls - of_members) == web.pages
    missing = web.urls - of_members
    assert reasons(done) == dict.fromkeys(missing, "login-failed")


@pytest.mark.parametrize("asks", ["redirect", "form", "refresh", "401", "403"])
@on_reactor
async def test_the_pages_of_a_cookie_file_whose_session_has_ended_fail_for_a_reason_of_their_own(
    asks: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    web = Members(asks=asks)
    session = web.begin()
    done = await crawl(web, cookie_file(tmp_path, session))
    assert len(done.urls) == web.lasts
    assert reasons(done) == dict.fromkeys(web.urls - done.urls, "login-expired")
    assert (done.skipped, done.finished) == ({}, True)
    assert "export its cookies" in caplog.text
    assert "scrapy requeue --reason login-expired" in caplog.text
    assert session not in caplog.text


@on_reactor
async def test_a_page_that_the_cookies_never_showed_keeps_its_own_answer(tmp_path: Path) -> None:
    web = Members(lasts=100, asks="403", restricted=["/admin"])
    done = await crawl(web, cookie_file(tmp_path, web.begin()))
    assert done.urls == web.urls
    assert reasons(done) == {f"{HOME}admin": "http-403"}


@on_reactor
async def test_a_form_that_would_show_the_password_in_a_url_is_not_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(url: str, _: str) -> Answer:
        inputs = '<input name="user"><input name="password" type="password">'
        return Answer(f"<form action=/enter>{inputs}</form>") if "login" in url else NOT_FOUND

    done = await crawl(answer, form_file(tmp_path))
    assert "would show the password in a URL" in caplog.text
    assert not [url for url in done.asked if PASSWORD in url or "enter" in url]
