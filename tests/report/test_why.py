"""Why a site is not faster, in words."""

from __future__ import annotations

import time
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from crawlproj.frontier.commands import Command, Verb
from crawlproj.limits.decisions import Decision, Reason, Rule
from crawlproj.limits.ending import Asked
from crawlproj.limits.facts import SiteFacts
from crawlproj.report.why import Around, Why, why, why_paused
from crawlproj.steering.standing import Wishes

NOW = time.mktime((2026, 11, 28, 12, 3, 0, 0, 0, -1))

FACTS = SiteFacts(
    in_flight=0,
    cap=4,
    limit=4.2,
    maximum=8.0,
    decision=None,
    rate=inf,
    rate_since=0.0,
    rate_by="",
    delay_s=0.0,
    ready_at=0.0,
    asked=None,
    down_since=None,
)
AROUND = Around(
    given_up=None,
    paused_by=None,
    wishes=Wishes(),
    crawl_delay_s=0.0,
    waiting=5,
    busy=3,
    budget=64,
    cpu=0.2,
    lag_s=0.0,
)


def command(verb: Verb = Verb.LIMIT, **arguments: Any) -> Command:
    return Command(verb, arguments, "ann@desk", NOW - 60)


def decided(rule: Rule) -> Decision:
    return Decision(NOW - 120, 8.0, 4.0, Reason(rule))


def wished(name: str) -> Wishes:
    return Wishes({name: 4.0}, {name: command()})


@pytest.mark.parametrize(
    ("facts", "around", "kind", "sentence"),
    [
        ({}, {"given_up": ("away too long", NOW + 60)}, "given-up", "away too long until 12:04"),
        ({}, {"logging_in": True}, "login", "waits for a login"),
        (
            {},
            {"paused_by": command(Verb.PAUSE, site="*", until=NOW + 600)},
            "paused",
            "paused by ann@desk since 12:02, until 12:13",
        ),
        (
            {},
            {"paused_by": command(Verb.DRAIN, site="*")},
            "drained",
            "drained by ann@desk since 12:02",
        ),
        (
            {"down_since": NOW - 60},
            {},
            "away",
            "no answer: one request at a time looks whether it is back since 12:02",
        ),
        (
            {"asked": Asked(NOW - 10, 60.0, throttled=True), "ready_at": NOW + 50},
            {},
            "asked",
            "429 with Retry-After 60 since 12:02, until 12:03",
        ),
        (
            {"asked": Asked(NOW - 10, 120.0, throttled=False), "ready_at": NOW + 110},
            {},
            "asked",
            "503 with Retry-After 120 since 12:02, until 12:04",
        ),
        ({"delay_s": 10.0}, {"crawl_delay_s": 10.0}, "delay", "Crawl-delay 10 s"),
        (
            {"delay_s": 10.0, "ready_at": NOW + 9},
            {"crawl_delay_s": 10.0},
            "delay",
            "Crawl-delay 10 s",
        ),
        ({"delay_s": 2.0}, {}, "delay", "a delay of 2 s by the settings"),
        ({"delay_s": 2.0}, {"waiting": 0}, "nothing-waits", "none of its URLs waits here"),
        (
            {"delay_s": 2.0, "rate": 0.1, "rate_by": "refused", "ready_at": NOW + 9},
            {},
            "rate",
            "limited to 0.1 requests/s because it refused more",
        ),
        (
            {"delay_s": 2.0, "rate": 5.0, "rate_by": "refused", "ready_at": NOW + 60},
            {},
            "rate",
            "rests after a refusal until 12:04",
        ),
        ({"ready_at": NOW + 60}, {}, "rate", "rests until 12:04"),
        (
            {"rate": 1.0, "rate_by": "announced", "ready_at": NOW + 60},
            {},
            "rate",
            "limited to 1 requests/s by the quota that it announced",
        ),
        (
            {"delay_s": 4.0},
            {"wishes": wished("delay"), "crawl_delay_s": 1.0},
            "delay",
            "a delay of 4 s by ann@desk since 12:02",
        ),
        (
            {"rate": 3.21, "rate_by": "refused", "rate_since": NOW - 60},
            {},
            "rate",
            "limited to 3.21 requests/s because it refused more since 12:02",
        ),
        (
            {"rate": 3.0, "rate_by": "announced"},
            {},
            "rate",
            "limited to 3 requests/s by the quota that it announced",
        ),
        (
            {"rate": 3.21, "rate_by": "refused"},
            {"wishes": wished("rate")},
            "rate",
            "limited to 3.21 requests/s because it refused more",
        ),
        ({"rate": 4.0, "rate_by": "set"}, {}, "rate", "limited to 4 requests/s by the settings"),
        (
            {"rate": 4.0, "rate_by": "set"},
            {"wishes": wished("rate")},
            "rate",
            "limited to 4 requests/s by ann@desk since 12:02",
        ),
        (
            {"in_flight": 4, "decision": decided(Rule.KNEE)},
            {},
            "limit",
            "limited to 4 in flight by latency since 12:01",
        ),
        (
            {"in_flight": 4, "decision": decided(Rule.REFUSED)},
            {},
            "limit",
            "limited to 4 in flight by refusals of what was too much at once since 12:01",
        ),
        (
            {"in_flight": 4, "limit": 8.0, "decision": decided(Rule.KNEE)},
            {},
            "limit",
            "limited to 4 in flight by the settings",
        ),
        (
            {"in_flight": 4, "limit": 4.0, "maximum": 4.0},
            {"wishes": wished("max")},
            "limit",
            "limited to 4 in flight by ann@desk since 12:02",
        ),
        ({"in_flight": 4}, {}, "limit", "limited to 4 in flight while it is new"),
        ({"in_flight": 2}, {"waiting": 0}, "nothing-waits", "none of its URLs waits here"),
        ({"in_flight": 2}, {"cpu": 0.97}, "cpu", "our own CPU (97 % of a core)"),
        ({"in_flight": 2}, {"lag_s": 0.2}, "cpu", "our own event loop, which runs 200 ms late"),
        (
            {"in_flight": 2},
            {"busy": 64},
            "budget",
            "its share of the 64 requests of CONCURRENT_REQUESTS",
        ),
        ({"in_flight": 2}, {}, "running", "nothing: it gets more as it answers"),
    ],
)
def test_the_one_thing_that_binds_a_site_is_named(
    facts: dict[str, Any], around: dict[str, Any], kind: str, sentence: str
) -> None:
    found = why(replace(FACTS, **facts), replace(AROUND, **around), NOW)
    assert (found.kind, found.sentence(NOW)) == (kind, sentence)


def test_a_site_without_a_control_is_bound_by_our_side() -> None:
    assert why(None, replace(AROUND, waiting=0), NOW).kind == "nothing-waits"


def test_the_first_request_that_goes_alone_is_not_a_delay() -> None:
    assert why(replace(FACTS, delay_s=1e-6, cap=1, in_flight=1), AROUND, NOW).kind == "limit"


def test_a_rate_that_is_not_reached_does_not_bind() -> None:
    facts = replace(FACTS, rate=100.0, rate_by="set", in_flight=4, decision=decided(Rule.KNEE))
    assert why(facts, AROUND, NOW).kind == "limit"


def test_a_time_on_another_day_has_its_date() -> None:
    shown = Why("paused", "paused", NOW - 86_400 * 2).sentence(NOW)
    assert shown == "paused since 2026-11-26 12:03"
    assert why_paused(command(Verb.PAUSE)).until is None
