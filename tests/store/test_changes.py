"""Every store notes the changes of pages that it has stored before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from backports import zstd

from crawlproj.store.base import Checked, Row
from tests.frontier.helpers import run
from tests.store.backends import BACKENDS
from tests.store.helpers import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.store.backends import Backend

URL = "http://a/"
CHANGES = "SELECT url, kind, at, since FROM changes ORDER BY seq"
TIMES = "SELECT first_seen_at, changed_at, checked_at, gone_at FROM pages"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    made = BACKENDS[request.param](request)
    made.store.history = True
    run(made.store.open())
    yield made
    run(made.store.close())


def seen(at: float, body: str, text: str = "", **more: Any) -> Row:
    return page(URL, body, text=text, fetched_at=at, **more)


def unchanged(at: float, url: str = URL) -> Row:
    return Row("checks", {"url": url, "checked_at": at})


def missing(at: float, status: int = 404) -> Row:
    reason = f"http-{status}"
    return Row(
        "failures", {"url": URL, "reason": reason, "status": status, "depth": 0, "failed_at": at}
    )


def test_a_new_page_is_noted_with_its_times_and_validators(backend: Backend) -> None:
    backend.write(seen(100, "x", etag='"1"', last_modified="yesterday", signals={"ai": "no"}))
    assert backend.look(CHANGES) == [(URL, "new", 100, None)]
    assert backend.look(TIMES) == [(100, 100, 100, None)]
    ((etag, modified, signals),) = backend.look("SELECT etag, last_modified, signals FROM pages")
    assert (etag, modified, json.loads(signals)) == ('"1"', "yesterday", {"ai": "no"})


def test_a_changed_text_is_a_change_and_the_text_before_is_kept(backend: Backend) -> None:
    backend.write(seen(100, "x", "old text"))
    backend.write(seen(150, "x", "old text"))
    backend.write(seen(250, "y", "new text"))
    assert backend.look(CHANGES)[1:] == [(URL, "changed", 250, 150)]
    assert backend.look(TIMES) == [(100, 250, 250, None)]
    ((previous,),) = backend.look("SELECT previous FROM changes WHERE kind = 'changed'")
    assert zstd.decompress(bytes(previous)) == b"old text"
    assert backend.look("SELECT trim(history) FROM pages") == [("[-50,100]",)]


def test_a_page_whose_shell_alone_changed_has_not_changed(backend: Backend) -> None:
    backend.write(seen(100, "x", "menu. news", text_hash="n"))
    backend.write(seen(200, "y", "menu, renamed. news", text_hash="n"))
    backend.write(seen(300, "z", "menu, renamed. news"))  # without a fingerprint, the text counts
    assert [kind for _, kind, *_ in backend.look(CHANGES)] == ["new"]
    assert backend.look("SELECT changed_at, content_hash FROM pages") == [(100, "z")]
    backend.write(seen(400, "a", "menu, renamed. late news"))
    assert backend.look("SELECT changed_at FROM pages") == [(400,)]
    backend.write(seen(500, "b", "menu, renamed. late news 5 minutes ago  by Ann"))
    backend.write(seen(600, "c", "menu, renamed. late news 20 minutes ago by Ann"))
    assert backend.look("SELECT changed_at FROM pages") == [(500,)]


def test_without_any_text_the_body_decides(backend: Backend) -> None:
    backend.write(seen(100, "x"))
    backend.write(seen(200, "y"))
    assert [kind for _, kind, *_ in backend.look(CHANGES)] == ["new", "changed"]


def test_a_page_that_is_not_found_twice_is_gone_until_it_is_back(backend: Backend) -> None:
    backend.write(seen(100, "x", "text"))
    backend.write(missing(200))
    backend.write(missing(200))  # the same answer, stored once more
    assert backend.look("SELECT gone_at, status, checked_at FROM pages") == [(None, 200, 200)]
    backend.write(missing(300, 410))
    backend.write(missing(400, 410))
    assert backend.look("SELECT gone_at, status, text FROM pages") == [(300, 410, "text")]
    assert backend.look(CHANGES)[1:] == [(URL, "gone", 300, 200)]
    backend.write(seen(500, "x", "text"))
    assert backend.look(CHANGES)[2:] == [(URL, "back", 500, 400)]
    assert backend.look("SELECT gone_at, status, changed_at FROM pages") == [(None, 200, 100)]


def test_an_answer_between_two_that_it_is_missing_keeps_a_page(backend: Backend) -> None:
    timeout = {"url": URL, "reason": "timeout", "status": None, "depth": 0, "failed_at": 250.0}
    for between in (seen(250, "x"), Row("failures", timeout)):
        backend.write(seen(100, "x"))
        backend.write(missing(200))
        backend.write(between)
        backend.write(missing(300))
        assert backend.look("SELECT gone_at FROM pages") == [(None,)]


def test_a_missing_page_that_was_never_there_is_not_gone(backend: Backend) -> None:
    backend.write(missing(200))
    backend.write(missing(300))
    assert backend.look(CHANGES) == []


def test_a_page_stored_twice_by_a_killed_crawl_changes_once(backend: Backend) -> None:
    backend.write(seen(100, "x", "old"))
    for _ in range(2):
        backend.write(seen(200, "y", "new"))
    assert [kind for _, kind, *_ in backend.look(CHANGES)] == ["new", "changed"]
    assert backend.look("SELECT trim(history) FROM pages") == [("[100]",)]


def test_a_check_of_an_unchanged_page_sets_its_time_and_ends_its_failure(backend: Backend) -> None:
    backend.write(seen(100, "x", "text"))
    timeout = {"url": URL, "reason": "timeout", "status": None, "depth": 0, "failed_at": 150.0}
    backend.write(Row("failures", timeout))
    stored = backend.write(unchanged(200), unchanged(200, "http://never.stored/"))
    backend.write(unchanged(260))
    assert (stored.rejected, stored.changes) == ({}, {})
    assert backend.look(TIMES) == [(100, 100, 260, None)]
    assert backend.look("SELECT trim(history), fetched_at, text FROM pages") == [
        ("[-160]", 100, "text")
    ]
    assert backend.look("SELECT url FROM failures") == []


def test_the_checks_of_a_batch_each_note_their_own_page(backend: Backend) -> None:
    urls = [f'http://a/{n}?é="' for n in range(3)]
    backend.write(*(page(url, str(n), fetched_at=100.0 - n) for n, url in enumerate(urls)))
    exact = 1_764_384_000.1234567
    backend.write(unchanged(200, urls[2]), seen(150, "x"), unchanged(exact, urls[0]))
    assert backend.look("SELECT url, checked_at, trim(history) FROM pages ORDER BY url") == [
        (URL, 150, "[]"),
        (urls[0], exact, f"[-{round(exact - 100)}]"),
        (urls[1], 99, "[]"),
        (urls[2], 200, "[-102]"),
    ]


def test_of_a_check_and_a_failure_in_one_batch_the_later_one_stays(backend: Backend) -> None:
    backend.write(seen(100, "x"))
    backend.write(unchanged(200), missing(250))
    assert backend.look("SELECT failed_at FROM failures") == [(250,)]
    assert backend.look("SELECT checked_at FROM pages") == [(250,)]
    backend.write(missing(300, 500), unchanged(350))
    assert backend.look("SELECT url FROM failures") == []
    assert backend.look("SELECT checked_at FROM pages") == [(350,)]


def test_a_write_says_how_many_pages_changed(backend: Backend) -> None:
    other = page("http://b/", "b", fetched_at=100.0)
    assert backend.write(seen(100, "x", "old"), other).changes == {"new": 2}
    assert backend.write(seen(200, "y", "new")).changes == {"changed": 1}
    assert backend.write(missing(300)).changes == {}
    assert backend.write(missing(400)).changes == {"gone": 1}
    assert backend.write(seen(500, "y", "new")).changes == {"back": 1}


def test_validators_that_were_the_same_for_another_content_are_never_kept_again(
    backend: Backend,
) -> None:
    same = {"etag": '"1"', "last_modified": "then"}
    query = "SELECT etag, last_modified FROM pages"
    backend.write(seen(100, "x", "old", **same))
    backend.write(seen(200, "y", "old", text_hash=None, **same))  # the shell may change
    assert backend.look(query) == [('"1"', "then")]
    backend.write(seen(300, "z", "new", etag='"2"', last_modified="then"))
    assert backend.look(query) == [('"2"', "")]
    backend.write(seen(400, "a", "newer", etag='"3"', last_modified="later"))
    assert backend.look(query) == [('"3"', "")]


def test_what_was_checked_is_read_in_the_order_of_urls(backend: Backend) -> None:
    urls = [f"http://a.example/{n}" for n in ("", "B", "a", "z", "ä")]
    for url in reversed(urls):
        backend.write(page(url, "x", fetched_at=100.0, depth=2, etag='"1"', last_modified="m"))
    backend.write(page("http://b.example/", fetched_at=50.0))
    gone = {"url": urls[2], "reason": "http-404", "status": 404, "depth": 0, "failed_at": 300.0}
    failed = {**gone, "url": "http://c.example/", "reason": "timeout", "status": None}
    backend.write(Row("failures", gone), Row("failures", failed))
    moved = {"reason": "redirected", "detail": urls[0], "depth": 1, "skipped_at": 200.0}
    skipped = {"url": "http://a.example/old", **moved}
    backend.write(Row("skipped", skipped), Row("skipped", {**skipped, "url": urls[3]}))

    def read(table: str, start: str, end: str | None, limit: int = 100) -> list[Checked]:
        return run(backend.store.checked(table, start, end, limit))

    pages = read("pages", "http://a.example/", "http://a.example0")
    assert [row.url for row in pages] == urls
    root, _, missed, redirected, _ = pages
    assert root.history is not None
    assert replace(root, history=root.history.strip()) == Checked(
        "pages", urls[0], 2, 100, "", missing=False, content_hash="x", etag='"1"',
        last_modified="m", history="[]", fetched_at=100,
    )  # fmt: skip
    assert (missed.at, missed.reason, missed.missing) == (300, "http-404", True)
    assert (redirected.at, redirected.reason) == (200, "redirected")
    assert [row.url for row in read("pages", urls[1], None, 2)] == urls[1:3]
    assert [row.url for row in read("failures", "", None)] == ["http://c.example/"]
    (old,) = read("skipped", "", None)
    assert (old.url, old.leads_to, old.depth, old.at) == (skipped["url"], urls[0], 1, 200)
