"""Words of users become commands, or an error that says what to write."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.errors import ConfigError
from crawlproj.frontier.commands import Selection, Verb
from crawlproj.steering import verbs

if TYPE_CHECKING:
    from collections.abc import Callable

WHO: dict[str, Any] = {"who": "ann@desk", "at": 1000.0}
NOON = datetime(2026, 11, 28, 12, 0).timestamp()  # noqa: DTZ001 - local time, as users write it


def test_each_verb_makes_its_command() -> None:
    made = [
        verbs.pause("A.Test", until=1060.0, **WHO),
        verbs.resume("*", **WHO),
        verbs.drain("*", worker="w1", **WHO),
        verbs.limit("a.test:8080", maximum=4, rate=0.5, **WHO),
        verbs.limit("a.test", reset=True, **WHO),
        verbs.skip(Selection(pattern="*/x/*"), **WHO),
        verbs.requeue(Selection("timeout"), "token", **WHO),
        verbs.prioritize(Selection(site="a.test"), 7, **WHO),
        verbs.add(["http://A.test/x#y"], priority=3, **WHO),
    ]
    assert [(one.verb, dict(one.arguments)) for one in made] == [
        (Verb.PAUSE, {"site": "a.test", "until": 1060.0}),
        (Verb.RESUME, {"site": "*"}),
        (Verb.DRAIN, {"site": "*", "worker": "w1"}),
        (Verb.LIMIT, {"site": "a.test:8080", "max": 4, "rate": 0.5}),
        (Verb.LIMIT, {"site": "a.test", "reset": True}),
        (Verb.SKIP, {"pattern": "*/x/*"}),
        (Verb.REQUEUE, {"reason": "timeout"}),
        (Verb.PRIORITIZE, {"site": "a.test", "priority": 7}),
        (Verb.ADD, {"urls": ["http://a.test/x"], "priority": 3}),
    ]
    assert {(one.who, one.at) for one in made} == {("ann@desk", 1000.0)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: verbs.pause("http://a.test/", **WHO), "is not a site: write its host"),
        (lambda: verbs.pause("a b", **WHO), "is not a site"),
        (lambda: verbs.drain("a.test", worker="w1", **WHO), "either sites or a worker"),
        (lambda: verbs.limit("a.test", **WHO), "say what to change"),
        (lambda: verbs.limit("a.test", limit=2, maximum=3, **WHO), "a limit or a maximum"),
        (lambda: verbs.limit("a.test", limit=0, **WHO), "limit must be a number of at least 1"),
        (lambda: verbs.limit("a.test", maximum=0.5, **WHO), "max must be a number of at least 1,"),
        (lambda: verbs.limit("a.test", rate=float("nan"), **WHO), "rate must be a number"),
        (lambda: verbs.limit("a.test", delay_s=-1, **WHO), "delay must be a number of at least 0"),
        (lambda: verbs.selection(pattern="re:("), "is not an expression that RE2 reads"),
        (lambda: verbs.selection(pattern="calendar"), "matches no URL"),
        (lambda: verbs.skip(Selection(), **WHO), "say which URLs to skip"),
        (lambda: verbs.prioritize(Selection(), 1, **WHO), "say which URLs come first"),
        (lambda: verbs.prioritize(Selection(pattern="*"), 2**31, **WHO), "of 32 bits"),
        (lambda: verbs.requeue(Selection(), "", **WHO), "requeue needs a preview"),
        (lambda: verbs.add(["/x"], **WHO), "'/x' is not a URL to crawl"),
        (lambda: verbs.add([], **WHO), "at least one URL"),
        (lambda: verbs.add(["http://a.test/"] * 1001, **WHO), "at most 1,000 URLs"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_write(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1.5h", 5400),
        ("1d", 86400),
        ("12:30", 1800),
        ("11:00", 23 * 3600),
        ("2026-11-28T12:01", 60),
    ],
)
def test_a_time_is_a_span_a_time_of_day_or_a_date(text: str, seconds: float) -> None:
    assert verbs.moment(text, NOON) == NOON + seconds


@pytest.mark.parametrize("text", ["soon", "25:00", "10", "-5m"])
def test_another_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a time: write 10m, 2h, 15:30"):
        verbs.moment(text, NOON)


def test_a_time_that_is_over_is_refused() -> None:
    with pytest.raises(ConfigError, match="is over"):
        verbs.moment("2020-01-01", time.time())
