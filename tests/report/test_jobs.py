"""What ``scrapy status`` says of a job and of the commands that hold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from crawlproj.frontier.base import Totals
from crawlproj.frontier.commands import Command, Verb
from crawlproj.frontier.job_status import JobStatus
from crawlproj.report.jobs import commanded, print_jobs

if TYPE_CHECKING:
    import pytest

NOW = time.mktime((2026, 11, 28, 12, 3, 0, 0, 0, -1))


def job(*commands: tuple[Verb, dict[str, Any]]) -> JobStatus:
    log = [
        Command(verb, arguments, "ann", NOW - 60, "", number, 1)
        for number, (verb, arguments) in enumerate(commands, 1)
    ]
    return JobStatus("job", 1, False, Totals(), {}, commands=tuple(log))


def test_each_command_that_holds_has_a_line() -> None:
    held = job(
        (Verb.PAUSE, {"site": "*.test", "until": NOW + 600}),
        (Verb.RESUME, {"site": "a.test"}),
        (Verb.LIMIT, {"site": "b.*", "max": 4, "rate": 0.5}),
        (Verb.LIMIT, {"site": "b.test", "reset": True}),
        (Verb.SKIP, {"site": "c.test", "pattern": "*/x/*"}),
        (Verb.DRAIN, {"site": "*"}),
        (Verb.ADD, {"urls": ["http://a.test/"]}),
    )
    assert commanded(held, NOW) == [
        "*.test: paused by ann since 12:02, until 12:13",
        "a.test: resumed by ann since 12:02",
        "b.*: max 4, rate 0.5 by ann since 12:02",
        "b.test: reset by ann since 12:02",
        "c.test */x/*: skipped by ann since 12:02",
    ]


def test_what_is_over_has_none() -> None:
    ended = job((Verb.PAUSE, {"site": "a.test", "until": NOW - 1}), (Verb.RESUME, {"site": "*"}))
    assert commanded(ended, NOW) == []


def test_what_a_later_command_ended_has_none() -> None:
    ended = job(
        (Verb.LIMIT, {"site": "b.test", "max": 4, "rate": 0.5}),
        (Verb.PAUSE, {"site": "b.test"}),
        (Verb.LIMIT, {"site": "b.test", "reset": True}),
        (Verb.RESUME, {"site": "b.test"}),
        (Verb.LIMIT, {"site": "c.test", "max": 4}),
        (Verb.LIMIT, {"site": "c.test", "limit": 6}),
    )
    assert commanded(ended, NOW) == ["c.test: limit 6 by ann since 12:02"]


def test_a_job_whose_process_died_is_interrupted_and_its_urls_are_leased(
    capsys: pytest.CaptureFixture[str],
) -> None:
    left, site = Totals(pending=11, leased=29, done=5), f"{'a' * 60}.test"
    print_jobs([JobStatus("job", 1, False, left, {site: left}, running=False)], "here")
    title, headings, row, *_ = (line.split() for line in capsys.readouterr().out.splitlines())
    assert "interrupted;" in title
    assert "flight" not in headings
    assert dict(zip(headings, row, strict=False))["leased"] == "29"
    assert row[0] == site  # whole, because a program may read it
