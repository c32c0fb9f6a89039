"""PostgreSQL restarting, several workers writing at once, and values it cannot hold."""

from __future__ import annotations

import contextlib
import re
import signal
import string
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from crawlproj.errors import ConfigError, StoreError
from crawlproj.store import postgres as postgres_store
from crawlproj.store import postgres_sql as sql
from crawlproj.store.base import Row, StoreBusy
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run
from tests.limits.models import dice
from tests.servers import Postgres, need
from tests.store.helpers import PAGES, check_first_pages, page

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    need(Postgres.missing())
    with Postgres(tmp_path_factory.mktemp("server")) as server:
        yield server


def urls(database: str) -> list[str]:
    with psycopg.connect(database) as db:
        return [url for (url,) in db.execute("SELECT url FROM pages ORDER BY url").fetchall()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_server_raises_store_busy_and_keeps_committed_rows(
    server: Postgres, how: signal.Signals
) -> None:
    store = store_from_url(server.url())
    run(store.open())
    run(store.write([page("http://a/")]))
    server.stop(how)
    with contextlib.suppress(StoreBusy):
        # Our backend process may briefly outlive the server that was killed.
        for _ in range(100):
            run(store.write([page("http://b/")]))
            time.sleep(0.05)
    for _ in range(2):
        with pytest.raises(StoreBusy, match="is unreachable"):
            run(store.write([page("http://b/")]))
    server.start()
    run(store.write([page("http://b/")]))
    run(store.close())
    assert urls(server.url()) == ["http://a/", "http://b/"]


def test_a_worker_that_stands_still_in_a_transaction_keeps_the_lock_for_half_a_minute_at_most(
    postgres: Postgres,
) -> None:
    with psycopg.connect(postgres.url()) as db:
        db.execute(sql.LIMITS)
        row = db.execute("SELECT current_setting('idle_in_transaction_session_timeout')").fetchone()
    assert row == ("30s",)


def test_a_transaction_that_the_server_ended_because_the_worker_stood_still_is_repeated(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres.create("stood_still")
    store = store_from_url(database)
    run(store.open())
    limit = b"SELECT set_config('idle_in_transaction_session_timeout', '20ms', true)"
    with monkeypatch.context() as patches:
        patches.setattr(sql, "LIMITS", limit)
        patches.setattr(postgres_store, "note_missing", lambda *_: time.sleep(0.3))
        with pytest.raises(StoreBusy):
            run(store.write([page("http://a/")]))
    run(store.write([page("http://a/")]))
    run(store.close())
    assert urls(database) == ["http://a/"]


def test_a_server_that_takes_no_writes_for_now_is_busy_and_not_called_unreachable(
    postgres: Postgres,
) -> None:
    database = postgres.create("read_only")
    store = store_from_url(database)
    run(store.open())
    run(store.close())
    with psycopg.connect(postgres.url(), autocommit=True) as db:
        db.execute("ALTER DATABASE read_only SET default_transaction_read_only = on")
        store = store_from_url(database)
        with pytest.raises(StoreBusy, match="refuses to write for now: cannot execute"):
            run(store.write([page("http://a/")]))
        db.execute("ALTER DATABASE read_only RESET default_transaction_read_only")
    run(store.write([page("http://a/")]))
    run(store.close())
    assert urls(database) == ["http://a/"]


def test_concurrent_workers_agree_on_the_first_page_of_each_content(
    postgres: Postgres,
) -> None:
    database = postgres.create("together")

    def work(worker: int) -> None:
        store = store_from_url(database)
        run(store.open())
        for batch in range(10):
            rows = [
                page(f"http://{(worker * 7 + batch * 3 + n) % 40}/", f"{(n + worker) % 4}")
                for n in range(20)
            ]
            while True:
                try:
                    run(store.write(rows))
                except StoreBusy:
                    continue
                break
        run(store.close())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with psycopg.connect(database) as db:
        rows = db.execute(PAGES.encode()).fetchall()
    assert {content for _, content, _ in rows} == {"0", "1", "2", "3"}
    check_first_pages(rows)


def test_the_error_for_an_unusable_database_names_its_host_but_not_the_password(
    postgres: Postgres,
) -> None:
    foreign = postgres.create("foreign")
    with psycopg.connect(foreign) as db:
        db.execute("CREATE TABLE pages (x int)")
    newer = postgres.create("newer")
    run(store_from_url(newer).open())
    with psycopg.connect(newer) as db:
        db.execute("UPDATE store_meta SET value = 99")
    secret = postgres.url().replace("a%20password", "secret")
    for place, message in (
        (foreign, "not crawlproj's"),
        (newer, "newer crawlproj"),
        (postgres.url("missing"), "does not exist"),
        (secret, "password authentication failed"),
    ):
        with pytest.raises(StoreError, match=message) as raised:
            run(store_from_url(place).open())
        assert "127.0.0.1" in str(raised.value)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql://u:secret@h:port/d", "postgresql://h/d?secret=1"])
def test_the_error_for_a_malformed_url_omits_its_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match="STORE_URL") as raised:
        store_from_url(url)
    assert "secret" not in str(raised.value)


def test_a_user_that_may_only_fill_the_tables_can_store_pages(postgres: Postgres) -> None:
    database = postgres.create("filled")
    run(store_from_url(database).open())
    with psycopg.connect(database) as db:
        db.execute(
            "CREATE ROLE filler LOGIN PASSWORD 'pw'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO filler"
        )
    store = store_from_url(re.sub(r"//.*@", "//filler:pw@", database))
    run(store.open())
    assert not run(store.write([page("http://a/")])).rejected
    run(store.close())
    assert urls(database) == ["http://a/"]


def test_a_nul_character_is_replaced(postgres: Postgres) -> None:
    database = postgres.create("nul")
    store = store_from_url(database)
    run(store.open())
    assert not run(store.write([page("http://a/", title="a\0b")])).rejected
    run(store.close())
    with psycopg.connect(database) as db:
        assert db.execute("SELECT title FROM pages").fetchone() == ("a\ufffdb",)


def test_a_url_too_long_for_the_index_is_rejected_without_failing_its_batch(
    postgres: Postgres,
) -> None:
    database = postgres.create("long")
    store = store_from_url(database)
    run(store.open())
    path = "".join(dice(1).choices(string.ascii_letters, k=2580))  # hardly compressible
    longest, longer = f"http://a/{path}", f"http://a/{path}and-more-than-that"
    stored = run(store.write([page(longer), page(longest)]))
    run(store.close())
    assert list(stored.rejected) == [0]
    assert urls(database) == [longest]


def test_failed_and_skipped_urls_that_are_too_long_for_the_index_are_cut(
    postgres: Postgres,
) -> None:
    database = postgres.create("cut")
    store = store_from_url(database)
    run(store.open())
    one, other = (f"http://a/{'é' * 4000}{end}" for end in "ab")
    rows = [Row("skipped", {"url": url, "reason": "url-length"}) for url in (one, other, one)]
    assert not run(store.write(rows)).rejected
    assert not run(store.write([Row("failures", {"url": one, "reason": "http-414"})])).rejected
    run(store.close())
    with psycopg.connect(database) as db:
        found = db.execute("SELECT url FROM skipped UNION ALL SELECT url FROM failures").fetchall()
    assert len(set(found)) == len(found) == 2
    assert all(url.startswith("http://a/é") and "… " in url for (url,) in found)
