"""PostgreSQL going away, and several workers at it."""

from __future__ import annotations

import contextlib
import signal
import string
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from crawlproj.errors import ConfigError, StoreError
from crawlproj.store.base import Row, StoreBusy
from crawlproj.store.url import store_from_url
from tests.frontier.helpers import run
from tests.limits.models import dice
from tests.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    if why := Postgres.missing():
        pytest.skip(why)
    with Postgres(tmp_path_factory.mktemp("server")) as server:
        yield server


def page(url: str, content: str = "", **more: Any) -> Row:
    return Row("pages", {"url": url, "status": 200, "content_hash": content, **more})


def urls(database: str) -> list[str]:
    with psycopg.connect(database) as db:
        return [url for (url,) in db.execute("SELECT url FROM pages ORDER BY url").fetchall()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_server_that_goes_away_is_busy_and_what_was_written_is_there_when_it_is_back(
    server: Postgres, how: signal.Signals
) -> None:
    store = store_from_url(server.url())
    run(store.open())
    run(store.write([page("http://a/")]))
    server.stop(how)
    with contextlib.suppress(StoreBusy):
        # What served us may outlive the server that was killed for a moment.
        for _ in range(100):
            run(store.write([page("http://b/")]))
            time.sleep(0.05)
    for _ in range(2):
        with pytest.raises(StoreBusy, match="is away"):
            run(store.write([page("http://b/")]))
    server.start()
    run(store.write([page("http://b/")]))
    run(store.close())
    assert urls(server.url()) == ["http://a/", "http://b/"]


def test_workers_that_write_the_same_pages_at_once_agree_on_the_first_of_each_content(
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
        found = db.execute("SELECT url, content_hash, duplicate_of FROM pages").fetchall()
    for content in {row[1] for row in found}:
        group = [(url, first) for url, other, first in found if other == content]
        (first,) = [url for url, named in group if named is None]
        assert {named for _, named in group} <= {None, first}


def test_a_place_that_cannot_be_used_is_named_without_its_password(postgres: Postgres) -> None:
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
def test_a_malformed_url_is_an_error_that_does_not_show_it(url: str) -> None:
    with pytest.raises(ConfigError, match="STORE_URL") as raised:
        store_from_url(url)
    assert "secret" not in str(raised.value)


def test_what_postgresql_cannot_hold_is_replaced(postgres: Postgres) -> None:
    database = postgres.create("nul")
    store = store_from_url(database)
    run(store.open())
    assert not run(store.write([page("http://a/", title="a\0b")])).rejected
    run(store.close())
    with psycopg.connect(database) as db:
        assert db.execute("SELECT title FROM pages").fetchone() == ("a\ufffdb",)


def test_a_url_that_no_index_can_hold_does_not_fail_its_batch(postgres: Postgres) -> None:
    database = postgres.create("long")
    store = store_from_url(database)
    run(store.open())
    path = "".join(dice(1).choices(string.ascii_letters, k=2580))  # as dense as can be
    longest, longer = f"http://a/{path}", f"http://a/{path}and-more-than-that"
    stored = run(store.write([page(longer), page(longest)]))
    run(store.close())
    assert list(stored.rejected) == [0]
    assert urls(database) == [longest]
