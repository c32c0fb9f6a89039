"""The simulated site behaves as queueing theory and its parameters say; clocks are numbers."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlproj.demo.weather import Reply, Weather, WeatherSite
from crawlproj.demo.weather_fields import READERS
from crawlproj.errors import ConfigError
from tests.properties import examples

if TYPE_CHECKING:
    from crawlproj.demo.weather_fields import LimiterKind

START = 1_700_000_000.0
EXACT = Weather(workers=((0, 1),), service_s=((0, 1.0),), sigma=0.0)


def site_of(weather: Weather, start: float = 0.0, seed: int = 1) -> WeatherSite:
    return WeatherSite(weather, random.Random(seed), start)  # noqa: S311 - a test's dice


def drive(site: WeatherSite, in_flight: int, until: float) -> int:
    """Keep ``in_flight`` requests at a site from time 0; return the number of answers."""
    done = 0
    for job in range(in_flight):
        assert site.arrive(0.0, job) is None
    while (now := site.next_at()) is not None and now <= until:
        for job, reply in site.advance(now):
            assert reply.status == 200
            done += 1
            assert site.arrive(now, job) is None
    return done


def ask_every(site: WeatherSite, gap_s: float, until: float) -> list[tuple[float, Reply]]:
    """Send requests ``gap_s`` apart; return the immediate answers with their times."""
    answers, now, job = [], 0.0, 0
    while now < until:
        if (reply := site.arrive(now, job)) is not None:
            answers.append((now, reply))
        now, job = now + gap_s, job + 1
    return answers


def test_every_field_has_a_reader_and_a_number_stands_for_one_step() -> None:
    assert READERS.keys() == {field.name for field in fields(Weather)}
    weather = Weather.from_dict(
        {"workers": 4, "rate": [[0, 10], [60, 5]], "outages": [[5, 6, "hang"]], "headers": "x"}
    )
    assert weather == Weather(
        workers=((0, 4),), rate=((0, 10), (60, 5)), outages=((5, 6, "hang"),), headers="x"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("worker", 8),
        ("workers", 0),
        ("workers", [[1, 8]]),
        ("service_s", [[0, 1], [0, 2]]),
        ("sigma", "wide"),
        ("refuse_above", 1.5),
        ("retry_after", 1),
        ("limiter", "leaky"),
        ("outages", [[5, 4, "hang"]]),
        ("outages", [[5, 6, "nap"]]),
        ("drop_share", 1.1),
    ],
)
def test_the_error_names_the_wrong_field(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        Weather.from_dict({name: value})


def test_requests_are_served_in_order_and_network_time_is_added() -> None:
    site = site_of(replace(EXACT, network_s=0.25), START)
    assert site.next_at() is None
    assert [site.arrive(START, job) for job in (7, 8)] == [None, None]
    assert site.next_at() == START + 1.25
    assert site.advance(START + 1.2) == []
    assert site.advance(START + 1.25) == [(7, Reply(200))]
    assert site.advance(START + 9) == [(8, Reply(200))]
    assert site.next_at() is None


def test_a_request_reaches_the_queue_a_trip_after_it_was_sent() -> None:
    site = site_of(replace(EXACT, trip_s=0.25, network_s=0.5), START)
    assert site.arrive(START, 7) is None
    assert site.advance(START + 1.7) == []
    assert site.advance(START + 1.75) == [(7, Reply(200))]
    assert site.next_at() is None


def test_a_request_on_its_way_when_an_outage_begins_meets_it() -> None:
    weather = replace(EXACT, trip_s=0.25, network_s=0.5, outages=((0.1, 9, "503"),))
    site = site_of(weather, START)
    assert site.arrive(START, 7) is None
    assert site.advance(START + 0.7) == []
    assert site.advance(START + 0.75) == [(7, Reply(503))]


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.2])
def test_as_many_requests_in_flight_as_workers_reach_the_capacity(sigma: float) -> None:
    weather = Weather(workers=((0, 8),), sigma=sigma, expensive_share=0.2)
    site = site_of(weather)
    assert drive(site, 8, 2000) == pytest.approx(site.capacity(0, 2000), rel=0.06)
    assert drive(site_of(weather), 4, 2000) == pytest.approx(site.capacity(0, 2000) / 2, rel=0.06)


def test_the_capacity_accounts_for_steps_limits_other_clients_and_outages() -> None:
    weather = replace(
        EXACT,
        workers=((0, 10), (10, 20)),
        rate=((0, 100), (20, 5)),
        others=((0, 1),),
        outages=((30, 40, "hang"),),
    )
    site = site_of(weather, START)
    assert site.capacity(START, START + 10) == pytest.approx(90)
    assert site.capacity(START + 5, START + 15) == pytest.approx(45 + 95)
    assert site.capacity(START + 20, START + 50) == pytest.approx(80)


def test_added_workers_serve_the_queue_at_once() -> None:
    site = site_of(replace(EXACT, workers=((0, 1), (0.5, 3))))
    for job in range(3):
        site.arrive(0.0, job)
    assert site.advance(1.4) == [(0, Reply(200))]
    assert [job for job, _ in site.advance(1.5)] == [1, 2]


def test_removed_workers_finish_their_requests() -> None:
    site = site_of(replace(EXACT, workers=((0, 2), (0.5, 1))))
    for job in range(4):
        site.arrive(0.0, job)
    assert [job for job, _ in site.advance(1.0)] == [0, 1]
    assert [job for job, _ in site.advance(2.0)] == [2]


def test_an_overloaded_site_becomes_slower() -> None:
    site = site_of(replace(EXACT, overload=0.5))
    for job in range(3):
        site.arrive(0.0, job)
    site.advance(1.0)
    assert site.next_at() == pytest.approx(1 + 1.5)  # two at one worker: 1 + 0.5 · (2 - 1)


def test_a_site_refuses_requests_above_its_bound() -> None:
    site = site_of(replace(EXACT, refuse_above=2))
    assert [site.arrive(0.0, job) for job in range(3)] == [None, None, Reply(503)]


@pytest.mark.parametrize("limiter", ["bucket", "fixed", "sliding"])
def test_a_limiter_admits_its_rate(limiter: LimiterKind) -> None:
    weather = Weather(workers=((0, 1000),), rate=((0, 10),), limiter=limiter, window_s=30)
    rejected = ask_every(site_of(weather), 0.01, 120)
    through = 12_000 - len(rejected)
    assert through == pytest.approx(1200, abs=11)
    assert {reply.status for _, reply in rejected} == {429}


@pytest.mark.parametrize("limiter", ["bucket", "fixed", "sliding"])
def test_a_request_is_admitted_after_retry_after(limiter: LimiterKind) -> None:
    weather = Weather(rate=((0, 0.5),), burst=3, limiter=limiter, window_s=30, retry_after=True)
    site = site_of(weather, START)
    now = START
    while (reply := site.arrive(now, 1)) is None:
        now += 0.1
    assert reply.status == 429
    wait_s = int(dict(reply.headers)["Retry-After"])
    assert site.arrive(now + wait_s, 2) is None


@pytest.mark.parametrize("limiter", ["bucket", "fixed", "sliding"])
def test_a_penalty_rejects_everything_for_its_time(limiter: LimiterKind) -> None:
    weather = Weather(
        rate=((0, 1),), burst=3, limiter=limiter, window_s=3, retry_after=True, penalty_s=60
    )
    site = site_of(weather, START)
    assert [site.arrive(START, job) for job in range(3)] == [None, None, None]

    for after_s in (0, 20, 59):
        reply = site.arrive(START + after_s, 3)
        assert reply is not None
        assert reply.status == 429
        assert dict(reply.headers)["Retry-After"] == str(60 - after_s)
    assert site.arrive(START + 60, 4) is None


@pytest.mark.parametrize("limiter", ["bucket", "fixed", "sliding"])
def test_every_answer_has_headers_with_the_quota(limiter: LimiterKind) -> None:
    weather = replace(EXACT, rate=((0, 2),), window_s=10, limiter=limiter, headers="draft")
    quota = 2 if limiter == "bucket" else 20
    window_s = 1 if limiter == "bucket" else 10
    site = site_of(weather)
    site.arrive(0.0, 1)
    [(_, reply)] = site.advance(1.0)
    assert dict(reply.headers)["RateLimit-Policy"] == f'"default";q={quota};w={window_s}'
    assert dict(reply.headers)["RateLimit"].startswith(f'"default";r={quota - 1};t=')
    site = site_of(replace(weather, headers="x"))
    replies = [site.arrive(0.0, job) for job in range(quota + 1)]
    assert replies[-1] is not None
    assert dict(replies[-1].headers)["X-RateLimit-Remaining"] == "0"


@pytest.mark.parametrize(
    ("how", "reply"),
    [
        ("hang", Reply(0, ending="hanging")),
        ("reset", Reply(0, ending="reset")),
        ("503", Reply(503)),
    ],
)
def test_an_outage_ends_waiting_and_new_requests(how: str, reply: Reply) -> None:
    data = {"workers": 1, "service_s": 10, "sigma": 0, "outages": [[1, 5, how]]}
    site = site_of(Weather.from_dict(data), START)
    assert [site.arrive(START, job) for job in range(2)] == [None, None]
    assert site.next_at() == START + 1
    assert site.advance(START + 1) == [(0, reply), (1, reply)]
    assert site.arrive(START + 2, 2) == reply
    assert site.arrive(START + 5, 3) is None


def test_the_drop_share_is_never_answered() -> None:
    answers = ask_every(site_of(Weather(drop_share=0.02)), 0.1, 1000)
    assert len(answers) == pytest.approx(200, rel=0.3)
    assert {reply.ending for _, reply in answers} == {"hanging"}


def test_other_clients_use_part_of_the_capacity() -> None:
    weather = Weather(workers=((0, 8),), others=((0, 40),))
    site = site_of(weather)
    mine = drive(site, 12, 500)
    assert mine == pytest.approx(site.capacity(0, 500), rel=0.1)


@examples(30)
@given(
    seed=st.integers(0, 10_000),
    gap_s=st.floats(0.001, 1.0),
    trip_s=st.sampled_from([0, 0.3]),
    network_s=st.sampled_from([0, 1]),
)
def test_every_job_gets_exactly_one_answer(
    seed: int, gap_s: float, trip_s: float, network_s: float
) -> None:
    weather = Weather(
        workers=((0, 3), (5, 1)),
        trip_s=trip_s,
        network_s=network_s,
        overload=0.1,
        refuse_above=20,
        rate=((0, 5), (6, 2)),
        outages=((3, 4, "reset"), (4, 4.5, "hang")),
        drop_share=0.1,
        others=((0, 2),),
    )
    site = site_of(weather, START, seed)
    answered: list[int] = []
    for job in range(50):
        now = START + job * gap_s
        if site.arrive(now, job) is not None:
            answered.append(job)
        answered.extend(job for job, _ in site.advance(now))
    while (at := site.next_at()) is not None:
        answered.extend(job for job, _ in site.advance(at))
    assert sorted(answered) == list(range(50))
