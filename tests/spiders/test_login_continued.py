"""Runs that follow a killed one, or an ended session, log in anew and fetch what is left."""

from __future__ import annotations

import asyncio
import queue
import signal
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests import dying
from tests.processes import Scrapy, options, scrapy
from tests.spiders.members import HOME, PASSWORD, Members, cookie_file, form_file
from tests.spiders.web import Crawled, answering
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@contextmanager
def serving(web: Members) -> Iterator[dict[str, str]]:
    """Serve ``web`` from a thread; yields the environment in which it is reached."""
    ready: queue.Queue[tuple[str, Callable[[], object]]] = queue.Queue()

    async def serve() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        async with answering(web, Crawled()) as proxy:
            ready.put((f"http://{proxy}", lambda: loop.call_soon_threadsafe(ended.set)))
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    proxy, end = ready.get(timeout=PATIENCE_S)
    try:
        yield {"http_proxy": proxy, "no_proxy": "", "MEMBERS_PASSWORD": PASSWORD}
    finally:
        end()
        thread.join()


def words(folder: Path, login: str) -> list[str]:
    given = ("crawl", "site", "-a", f"url={HOME}", "-a", f"login={login}")
    # Each page links to all others, which is a trap.
    settings = {"GUARD_ALLOW": "127.0.0.0/8", "TRAPS_ENABLED": False}
    return [*given, *options(settings), *places(folder)]


def places(folder: Path) -> list[str]:
    place = f"sqlite:///{folder}/crawl.db"
    return options({"STORE_URL": place, "FRONTIER_URL": place})


def urls(folder: Path, query: str) -> list[str]:
    with closing(sqlite3.connect(folder / "crawl.db")) as db:
        return sorted(url for (url,) in db.execute(query))


def test_a_crawl_that_is_killed_logs_in_anew_and_fetches_what_was_in_flight(tmp_path: Path) -> None:
    web = Members(pages=30, lasts=12)
    given = words(tmp_path, form_file(tmp_path))
    with serving(web) as env:
        for after in (3, 14, 19):  # after the first login, in a session, and about its end
            before = len(web.logins)
            process = Scrapy(*given, *dying.ARGUMENTS, f"DIES_AFTER={after}", env=env)
            assert process.wait() == -signal.SIGKILL, process.output()
            assert len(web.logins) > before
        before = len(web.logins)
        code, shown = scrapy(*given, env=env)
    assert code == 0, shown
    assert "generation 1" in shown
    again = len(web.logins) - before - 1
    assert ("logged in again" in shown) is bool(again)
    assert urls(tmp_path, "SELECT url FROM pages WHERE text LIKE '%for members%'") == sorted(
        web.urls
    )
    assert urls(tmp_path, "SELECT url FROM failures") == []
    for path in tmp_path.glob("crawl.db*"):
        content = path.read_bytes()
        assert not any(secret in content for secret in (PASSWORD.encode(), b"s3ss10n", b"t0ken"))


def test_pages_of_an_ended_cookie_session_are_requeued_and_fetched_with_new_cookies(
    tmp_path: Path,
) -> None:
    web = Members(pages=30, lasts=12)
    given = words(tmp_path, cookie_file(tmp_path, web.begin()))
    reason = ("--reason", "login-expired")
    with serving(web) as env:
        code, shown = scrapy(*given, env=env)
        assert code == 1, shown
        assert "scrapy requeue --reason login-expired" in shown
        failed = urls(tmp_path, "SELECT url FROM failures WHERE reason = 'login-expired'")
        assert len(failed) == web.pages - web.lasts
        code, shown = scrapy("requeue", *reason, *places(tmp_path), env=env)
        assert code == 0, shown
        web.lasts = 1000
        cookie_file(tmp_path, web.begin())
        code, shown = scrapy(*given, env=env)
        assert code == 0, shown
    assert urls(tmp_path, "SELECT url FROM pages WHERE text LIKE '%for members%'") == sorted(
        web.urls
    )
