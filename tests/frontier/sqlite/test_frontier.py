"""Guarantees that only a frontier in a file gives: durability, a single owner, errors that help."""

from __future__ import annotations

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierError, FrontierInUse
from crawlproj.frontier.base import Ack, Entry, State, Written
from crawlproj.frontier.sqlite import file as sqlite_file
from crawlproj.frontier.sqlite import frontier as sqlite_frontier
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.frontier.sqlite.job import SqliteJob
from crawlproj.frontier.sqlite.ownership import JobLock, is_running
from tests.frontier.helpers import Now, claim, entry, put, run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crawl.db"


@pytest.fixture
def frontier(path: Path, now: Now) -> Iterator[SqliteFrontier]:
    frontier = SqliteFrontier(path, now, busy_s=0.05)
    run(frontier.open("job"))
    yield frontier
    run(frontier.close())


def reopen(frontier: SqliteFrontier, job: str = "job") -> None:
    run(frontier.close())
    run(frontier.open(job))


def test_entries_come_back_as_they_were_put(frontier: SqliteFrontier) -> None:
    entries = [
        Entry(-(2**63), "ä.test:8080", "http://ä.test:8080/☃", b"\x00\xff", -(2**31), 999.5),
        Entry(2**63 - 1, "b.test", "http://b.test/", b"", 2**31 - 1),
    ]
    put(frontier, *entries)
    reopen(frontier)
    assert {lease.entry for lease in claim(frontier)} == set(entries)


def test_nothing_is_written_to_a_file_that_was_deleted(
    frontier: SqliteFrontier, path: Path
) -> None:
    put(frontier, entry(1))
    path.unlink()
    with pytest.raises(FrontierError, match=r"crawl\.db was deleted or replaced"):
        put(frontier, entry(2))


def test_what_finds_no_memory_is_done_again(
    frontier: SqliteFrontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_frontier, "_MEMORY_PAUSES_S", (0.0, 0.0))
    write, tried = SqliteJob.write, []

    def fails_twice(job: SqliteJob, entries: list[Entry], acks: list[Ack]) -> Written:
        tried.append(len(entries))
        if len(tried) < 3:
            raise MemoryError
        return write(job, entries, acks)

    monkeypatch.setattr(SqliteJob, "write", fails_twice)
    put(frontier, entry(1), entry(2))
    assert tried == [2, 2, 2]
    assert len(claim(frontier)) == 2
    tried.clear()
    monkeypatch.setattr(sqlite_frontier, "_MEMORY_PAUSES_S", (0.0,))
    with pytest.raises(MemoryError):
        put(frontier, entry(3))


def test_counts_are_the_same_after_reopening(frontier: SqliteFrontier, now: Now) -> None:
    put(frontier, *(entry(n, f"{n % 3}.test", not_before=n * 300.0) for n in range(10)))
    first, second, *_ = claim(frontier)
    run(frontier.write([], [Ack(first.id, State.FAILED, "http-500"), Ack(second.id, State.DONE)]))
    run(frontier.close())
    run(frontier.open("job"))
    totals, sites = run(frontier.totals()), run(frontier.sites())
    assert (totals.pending, totals.leased, totals.done, totals.failed) == (8, 0, 1, {"http-500": 1})
    assert sum(site.discovered for site in sites.values()) == 10
    assert run(frontier.next_ready()) == 1200.0
    now.time = 3000.0
    assert len(claim(frontier)) == 8


def test_lease_ids_are_not_reused_after_reopening(frontier: SqliteFrontier) -> None:
    put(frontier, entry(1))
    (first,) = claim(frontier)
    reopen(frontier)
    (second,) = claim(frontier)
    assert second.id > first.id
    assert run(frontier.write([], [Ack(first.id, State.DONE)])).stale == 1


def test_the_second_ack_of_a_lease_in_one_write_is_stale(
    frontier: SqliteFrontier,
) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    acks = [Ack(lease.id, State.DONE), Ack(lease.id, State.FAILED, "timeout")]
    assert run(frontier.write([], acks)).stale == 1
    assert run(frontier.totals()).done == 1


def test_notes_survive_reopening(frontier: SqliteFrontier) -> None:
    run(frontier.note({"a.test": "first", "b.test": "second"}))
    run(frontier.note({"a.test": "third"}))
    reopen(frontier)
    assert run(frontier.notes()) == {"a.test": "third", "b.test": "second"}
    reopen(frontier, "other")
    assert run(frontier.notes()) == {"a.test": "third", "b.test": "second"}


def test_one_note_that_cannot_be_stored_fails_the_whole_call(frontier: SqliteFrontier) -> None:
    with pytest.raises(FrontierError, match="text must be valid Unicode"):
        run(frontier.note({"a.test": "fine", "b.test": "\ud800"}))
    assert run(frontier.notes()) == {}


def test_jobs_in_one_file_are_independent(frontier: SqliteFrontier) -> None:
    put(frontier, entry(1), entry(2))
    assert not run(frontier.open("other")).resumed
    assert put(frontier, entry(1)) == 1
    run(frontier.open("other", reset=True))
    assert run(frontier.open("job")).resumed
    assert run(frontier.totals()).pending == 2


def test_opening_another_job_returns_the_leases_of_the_first(frontier: SqliteFrontier) -> None:
    put(frontier, entry(1))
    claim(frontier)
    run(frontier.open("other"))
    run(frontier.open("job"))
    assert [lease.attempts for lease in claim(frontier)] == [0]


def test_a_new_generation_leaves_other_tables_in_the_file_alone(
    frontier: SqliteFrontier, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE pages (url TEXT)")
        store.execute("INSERT INTO pages VALUES ('http://a.test/')")
        store.commit()
        put(frontier, entry(1))
        run(frontier.open("job", reset=True))
        assert store.execute("SELECT * FROM pages").fetchall() == [("http://a.test/",)]


def test_a_job_has_one_owner_at_a_time(frontier: SqliteFrontier, path: Path) -> None:
    second = SqliteFrontier(path)
    with pytest.raises(FrontierInUse, match=f"{path} is in use by another crawl of this process"):
        run(second.open("job"))
    run(frontier.close())
    run(second.open("job"))
    run(second.close())


def test_a_file_has_any_number_of_jobs_at_a_time(frontier: SqliteFrontier, path: Path) -> None:
    second = SqliteFrontier(path)
    assert run(second.open("other")).generation == 1
    for one, keys in ((frontier, (1, 2)), (second, (2, 3, 4))):
        assert put(one, *map(entry, keys)) == len(keys)
    assert {lease.entry.key for lease in claim(frontier)} == {1, 2}
    assert {lease.entry.key for lease in claim(second)} == {2, 3, 4}
    run(second.open("other", reset=True))
    assert run(second.totals()).discovered == 0
    assert run(frontier.totals()).leased == 2
    run(second.close())


def test_an_owner_that_closes_leaves_no_lock_file(frontier: SqliteFrontier, path: Path) -> None:
    assert [file.name for file in path.parent.glob("*.lock")] == ["crawl.db.1.lock"]
    run(frontier.open("other"))  # gives back the first
    assert [file.name for file in path.parent.glob("*.lock")] == ["crawl.db.2.lock"]
    run(frontier.close())
    assert not list(path.parent.glob("*.lock"))


def test_a_lock_on_a_file_that_its_owner_has_removed_is_no_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, next_owner = JobLock(path, 1, "job"), JobLock(path, 1, "job")
    owner.acquire()
    flock = fcntl.flock

    def flock_late(fd: int, operation: int) -> None:
        owner.release()  # after the other has opened the file
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", flock_late)
    next_owner.acquire()
    assert is_running(path, 1)
    with pytest.raises(FrontierInUse):
        owner.acquire()


def test_closing_twice_is_allowed_but_using_a_closed_frontier_is_an_error(
    frontier: SqliteFrontier,
) -> None:
    run(frontier.close())
    run(frontier.close())
    with pytest.raises(FrontierError, match=r"crawl\.db is not open: call open\(\) first"):
        claim(frontier)


def test_a_file_that_is_not_a_database_is_refused_and_left_unchanged(path: Path) -> None:
    path.write_text("my diary\n" * 1000)
    with pytest.raises(FrontierError, match=r"crawl\.db: file is not a database; give the path"):
        run(SqliteFrontier(path).open("job"))
    assert path.read_text() == "my diary\n" * 1000


def test_a_frontier_of_a_newer_version_is_refused(frontier: SqliteFrontier, path: Path) -> None:
    run(frontier.close())
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE frontier_meta SET value = 7 WHERE name = 'schema'")
        db.commit()
    with pytest.raises(
        FrontierError, match="has schema 7, but this version of crawlproj reads schema 1"
    ):
        run(frontier.open("job"))


def test_the_error_names_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FrontierError, match="check that its folder exists"):
        run(SqliteFrontier(tmp_path / "missing" / "crawl.db").open("job"))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FrontierError, match="unable to open database file; check that"):
        run(SqliteFrontier(tmp_path / "folder").open("job"))


def test_the_error_names_the_file_when_its_folder_is_not_writable() -> None:
    with pytest.raises(FrontierError, match=r"crawl\.db: unable to open database file; check"):
        run(SqliteFrontier(Path("/proc/crawl.db")).open("job"))


def test_a_full_disk_is_reported_and_loses_nothing_written_before(
    path: Path, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = (*sqlite_file.PRAGMAS, "PRAGMA max_page_count = 40")
    monkeypatch.setattr(sqlite_file, "PRAGMAS", small)
    frontier = SqliteFrontier(path, now)
    run(frontier.open("job"))
    put(frontier, entry(1), entry(2))
    (lease,) = claim(frontier, limit=1)
    many = [entry(n, f"{n}.test") for n in range(3, 5000)]
    with pytest.raises(FrontierError, match=r"crawl\.db: database or disk is full; free some"):
        run(frontier.write(many, [Ack(lease.id, State.DONE)]))
    totals = run(frontier.totals())
    assert (totals.pending, totals.leased) == (1, 1)
    assert run(frontier.sites()) == {"a.test": totals}
    assert put(frontier, entry(3, "3.test")) == 1
    assert run(frontier.write([], [Ack(lease.id, State.DONE)])).stale == 0
    run(frontier.close())


def test_a_disk_that_is_full_at_the_end_is_one_line_and_the_next_run_has_every_entry(
    path: Path, now: Now, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(job: SqliteJob) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    frontier = SqliteFrontier(path, now)
    run(frontier.open("job"))
    put(frontier, entry(1))
    claim(frontier)
    with monkeypatch.context() as patched:
        patched.setattr(SqliteJob, "release", full)
        run(frontier.close())
    (message,) = caplog.messages
    assert message.endswith("disk is full; the next run takes back what this one had in hand")
    again = SqliteFrontier(path, now)
    run(again.open("job"))
    assert len(claim(again)) == 1
    run(again.close())


def test_a_locked_database_is_reported_and_the_write_can_be_repeated(
    frontier: SqliteFrontier, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FrontierError, match=r"crawl\.db: database is locked; another"):
            put(frontier, entry(1))
        assert run(frontier.totals()).discovered == 0
        other.execute("COMMIT")
    assert put(frontier, entry(1)) == 1


def test_a_long_look_at_the_file_holds_no_write_up(frontier: SqliteFrontier, path: Path) -> None:
    with sqlite_file.read_only(path) as db:
        db.execute("SELECT * FROM frontier_meta").fetchall()
        assert put(frontier, entry(1)) == 1


def test_one_entry_that_cannot_be_stored_fails_the_whole_write(frontier: SqliteFrontier) -> None:
    for bad in (entry(2**63), entry(2, "\ud800.test")):
        with pytest.raises(FrontierError, match="signed 64-bit, text must be valid Unicode"):
            put(frontier, entry(1), bad)
    assert run(frontier.totals()).discovered == 0
    assert run(frontier.sites()) == {}
    assert put(frontier, entry(1, "b.test")) == 1
    assert run(frontier.sites()).keys() == {"b.test"}


@pytest.mark.parametrize(
    "replacement", [entry(1, "b.test"), entry(2)], ids=["another site", "another key"]
)
def test_an_ack_that_changes_the_key_or_site_is_refused(
    frontier: SqliteFrontier, replacement: Entry
) -> None:
    put(frontier, entry(1))
    (lease,) = claim(frontier)
    with pytest.raises(FrontierError, match="has another key or site"):
        run(frontier.write([entry(3)], [Ack(lease.id, State.PENDING, entry=replacement)]))
    assert run(frontier.totals()).discovered == 1
