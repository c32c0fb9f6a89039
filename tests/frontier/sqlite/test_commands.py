"""Commands to the owner of a frontier file, when either is killed; files of earlier releases."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.commands import Command, Selection, Verb
from crawlproj.frontier.sqlite.command_sql import TABLES
from crawlproj.frontier.sqlite.controls import SqliteControls
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from crawlproj.frontier.sqlite.status import read_status
from tests import ROOT
from tests.frontier.helpers import entry, put, run
from tests.frontier.sqlite.test_killed import owner, read

if TYPE_CHECKING:
    from pathlib import Path

SKIP = Command(Verb.SKIP, {"pattern": "re:[02468]$"}, "ann", 1000.0)
MINE = "tests.frontier.sqlite.steered"


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def of_an_earlier_release(path: Path) -> None:
    """Write a file without the tables of commands, with one failed entry."""
    frontier = SqliteFrontier(path)
    run(frontier.open("job"))
    put(frontier, entry(1), entry(2))
    run(frontier.close())
    with closing(sqlite3.connect(path)) as db:
        for table in ("commands", "results", "previews", "live", "ticks"):
            db.execute(f"DROP TABLE frontier_{table}")
        db.execute("UPDATE frontier_entries_1 SET state = 3, reason = 'timeout' WHERE key = 1")
        db.commit()


def test_the_tables_of_commands_are_made_in_a_file_of_an_earlier_release(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    of_an_earlier_release(path)
    assert run(read_status(path))[0].commands == ()
    assert "frontier_commands" not in tables(path)
    frontier = SqliteFrontier(path)
    assert run(frontier.open("job")).resumed
    assert TABLES.count("CREATE TABLE") == len(
        {name for name in tables(path) if name.startswith("frontier_")}
        & {f"frontier_{name}" for name in ("commands", "results", "previews", "live", "ticks")}
    )
    assert run(frontier.totals()).failed == {"timeout": 1}
    run(frontier.append(SKIP))
    assert run(read_status(path))[0].commands == tuple(run(frontier.commands()))
    run(frontier.close())


def test_a_file_of_an_earlier_release_is_steered_before_a_crawl_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "crawl.db"
    of_an_earlier_release(path)
    controls = SqliteControls(path, "job")
    preview = run(controls.preview(Verb.REQUEUE, Selection("timeout")))
    run(controls.append(Command(Verb.REQUEUE, {}, "ann", 1000.0, preview.token)))
    run(controls.close())
    frontier = SqliteFrontier(path)
    run(frontier.open("job"))
    (command,) = run(frontier.waiting())
    result = run(frontier.change(command, "w1"))
    assert result is not None
    assert result.urls == 1
    assert run(frontier.totals()).pending == 2
    run(frontier.close())


@pytest.mark.slow
def test_another_process_appends_while_the_owner_writes_and_disturbs_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "crawl.db"
    with owner(path) as process:
        read(process, 2)
        controls = SqliteControls(path, "job")
        numbers = [run(controls.append(SKIP)) for _ in range(20)]
        assert numbers == sorted(set(numbers))
        assert process.poll() is None
        assert read(process, 1)[0]
        assert len(run(controls.history())) == 20
        run(controls.close())


@pytest.mark.slow
def test_who_is_killed_while_giving_commands_leaves_those_that_were_confirmed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "crawl.db"
    frontier = SqliteFrontier(path)
    run(frontier.open("job"))
    command = [sys.executable, "-m", MINE, "give", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as giver:
        assert giver.stdout is not None
        confirmed = [int(giver.stdout.readline()) for _ in range(5)]
        giver.kill()
        confirmed += [int(line) for line in giver.stdout if line.endswith("\n")]
    put(frontier, entry(1))  # the killed process holds no lock
    known = [one.id for one in run(frontier.commands())]
    assert known[: len(confirmed)] == confirmed
    assert len(known) <= len(confirmed) + 1
    run(frontier.close())


@pytest.mark.slow
def test_a_worker_killed_while_it_applies_a_command_neither_repeats_nor_loses_a_url(
    tmp_path: Path,
) -> None:
    path, number = tmp_path / "crawl.db", 60_000
    frontier = SqliteFrontier(path)
    run(frontier.open("job"))
    put(frontier, *(entry(n) for n in range(number)))
    run(frontier.append(SKIP))
    run(frontier.close())
    steps = 0
    while True:
        command = [sys.executable, "-m", MINE, "apply", str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            line = worker.stdout.readline().split()  # after its first step
            time.sleep(0.002)  # into the next one, or not
            worker.kill()
        steps += 1
        if line and line[0] == "done":
            break
        assert steps < 60
    assert steps > 1
    frontier = SqliteFrontier(path)
    run(frontier.open("job"))
    assert run(frontier.waiting()) == []
    totals = run(frontier.totals())
    assert (totals.pending, sum(totals.skipped.values())) == (number // 2, number // 2)
    run(frontier.close())
    controls = SqliteControls(path, "job")
    (record,) = run(controls.history())
    assert [result.urls for result in record.results] == [number // 2]
    run(controls.close())


def test_a_file_that_is_missing_or_holds_no_frontier_is_named(tmp_path: Path) -> None:
    async def generation(path: Path) -> str:
        controls = SqliteControls(path, "job")
        try:
            await controls.generation()
        except Exception as exc:  # noqa: BLE001 - its text is compared
            return str(exc)
        finally:
            await controls.close()
        return ""

    store = tmp_path / "store.db"
    with closing(sqlite3.connect(store)) as db:
        db.execute("CREATE TABLE pages (url)")
    assert "missing.db does not exist: run a crawl first" in run(
        generation(tmp_path / "missing.db")
    )
    assert "store.db holds no frontier" in run(generation(store))
    assert tables(store) == {"pages"}
