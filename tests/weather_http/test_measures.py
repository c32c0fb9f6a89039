from __future__ import annotations

from dataclasses import replace
from math import inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.weather_http.measures import (
    figures,
    in_flight,
    jain,
    middle,
    outages,
    probes_per_s,
    quantile,
    recovery_s,
)
from benchmarks.weather_http.observed import Observed
from crawlproj.demo import AnswerLine, LogLine
from crawlproj.demo.weather import Weather

BEGAN = 1000.0
TEN_A_SECOND = Weather.from_dict({"workers": 1, "service_s": 0.1, "sigma": 0})


def answer(
    arrived: float, ended: float, site: str = "site", status: int = 200, ending: str = "whole"
) -> AnswerLine:
    return AnswerLine(BEGAN + arrived, BEGAN + ended, site, "/", status, ending)


def arrival(time: float, site: str = "site") -> LogLine:
    return LogLine(BEGAN + time, site, "GET", "/", 0, 1)


def observed(
    answers: list[AnswerLine],
    latencies: tuple[tuple[float, float], ...] = (),
    unanswered: tuple[LogLine, ...] = (),
) -> Observed:
    arrivals = [LogLine(line.arrived, line.site, "GET", "/", 0, 1) for line in answers]
    return Observed(
        began=BEGAN,
        requests=sorted([*arrivals, *unanswered], key=lambda line: line.time),
        answers=sorted(answers, key=lambda line: line.ended),
        latencies=[(BEGAN + when, latency_s) for when, latency_s in latencies],
        cpu_s=1.0,
        rss_mb=100.0,
        server_cpu_s=0.5,
    )


def steady(since: float, until: float, rate: float, site: str = "site") -> list[AnswerLine]:
    """Pages at a steady rate, each 0.1 s after its request."""
    number = round((until - since) * rate)
    return [answer(t - 0.1, t, site) for t in (since + (n + 0.5) / rate for n in range(number))]


def test_goodput_is_pages_divided_by_the_capacity_in_the_window() -> None:
    run = observed(steady(0, 8, 8))
    found = figures(run, {"site": TEN_A_SECOND}, ["site"], 4.0)
    assert found.pages == 32  # those after the window do not count
    assert isclose(found.goodput, 0.8)
    assert found.errors == 0
    assert found.served == (8, 8, 8, 8)


def test_every_request_that_ends_without_a_page_is_an_error() -> None:
    ends = [
        answer(0, 1),
        answer(0, 1, status=429),
        answer(0, 1, status=503),
        answer(0, 1, status=0, ending="reset"),
        answer(0, 1, status=0, ending="abandoned"),
        answer(0, 1, status=200, ending="truncated"),
        answer(0, 5, status=503),
    ]
    found = figures(observed(ends), {"site": TEN_A_SECOND}, ["site"], 4.0)
    assert (found.pages, found.requests) == (1, 6)
    assert isclose(found.errors, 5 / 6)
    assert isclose(found.useful, found.goodput / 6)
    assert found.failed == (0, 5, 0, 0)


def test_latency_is_measured_by_client_and_server() -> None:
    ends = [answer(0, 1), answer(0, 2), answer(0, 3, status=503)]
    latencies = ((1.0, 1.1), (2.0, 2.1), (9.0, 9.9))
    found = figures(observed(ends, latencies), {"site": TEN_A_SECOND}, ["site"], 4.0)
    assert (found.p50_s, found.p99_s) == (2.1, 2.1)
    assert found.server_p99_s == 2.0


def test_a_run_without_a_page_has_no_latency_and_no_goodput() -> None:
    found = figures(observed([]), {"site": TEN_A_SECOND}, ["site"], 4.0)
    assert found.p99_s is None
    assert found.server_p50_s is None
    assert (found.pages, found.goodput, found.errors) == (0, 0, 0)


def test_fairness_and_the_worst_site_are_over_the_judged_sites() -> None:
    ends = steady(0, 4, 10, "a") + steady(0, 4, 5, "b")
    weathers = dict.fromkeys(("a", "b", "c"), TEN_A_SECOND)
    found = figures(observed(ends), weathers, ["a", "b"], 4.0)
    assert found.jain == 0.9
    assert found.worst_site == 0.5
    assert found.by_site == {"a": 40, "b": 20}
    assert isclose(found.goodput, 0.5)  # over all three


def test_a_single_site_has_no_fairness() -> None:
    found = figures(observed(steady(0, 4, 10)), {"site": TEN_A_SECOND}, ["site"], 4.0)
    assert found.jain is None
    assert found.worst_site is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_jain_is_between_one_nth_and_one(values: list[float]) -> None:
    found = jain(values)
    if any(value > 1e-100 for value in values):
        assert 1 / len(values) - 1e-9 <= found <= 1 + 1e-9
    assert jain([3.0] * len(values)) == pytest.approx(1)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values(values: list[float], q: float) -> None:
    found = quantile(values, q)
    assert found in values
    assert sum(value < found for value in values) <= q * len(values)


def test_adjacent_outages_are_merged() -> None:
    weather = Weather.from_dict(
        {"outages": [[20, 28, "reset"], [12, 20, "hang"], [30, 31, "503"], [28, 29, "503"]]}
    )
    assert outages(weather) == [(12, 29), (30, 31)]


def test_recovery_ends_with_the_first_second_at_nine_tenths_of_the_capacity() -> None:
    ends = steady(0, 2, 10) + steady(6, 8, 5) + steady(8, 12, 9)
    found = recovery_s(observed(ends), "site", TEN_A_SECOND, 5.0)
    assert found == pytest.approx(4, abs=0.3)  # 8 to 9, after 5


def test_a_site_that_is_not_served_again_never_recovers() -> None:
    for ends in (steady(0, 2, 10), steady(0, 2, 10) + steady(6, 12, 5)):
        assert recovery_s(observed(ends), "site", TEN_A_SECOND, 5.0) == inf


def test_probes_exclude_one_request_for_each_in_flight() -> None:
    ends = [answer(0, 1), answer(0.5, 2.5, status=0, ending="abandoned")]
    ends += [answer(t, t, status=503) for t in (2.1, 3.1, 4.1, 5.1)]
    unanswered = (arrival(1.5), arrival(2.2), arrival(6.0))
    # In flight at 2: those of 0.5 and 1.5. Five arrive from 2 to 6, two of which may follow them.
    run = observed(ends, unanswered=unanswered)
    assert probes_per_s(run, "site", (2, 6)) == 3 / 4
    assert probes_per_s(run, "site", (2.05, 2.3)) == 0  # two came, as many as were in flight
    assert probes_per_s(run, "another", (2, 6)) == 0


def test_an_outage_that_ends_with_the_run_has_no_recovery() -> None:
    weather = replace(TEN_A_SECOND, outages=((1, 3600, "hang"),))
    found = figures(observed(steady(0, 1, 10)), {"site": weather}, ["site"], 4.0)
    assert found.recovery_s is None
    assert found.probes_per_s is None
    assert isclose(found.goodput, 1)  # nothing could be served after the first second


def test_requests_are_in_flight_from_arrival_to_end() -> None:
    run = observed([answer(0, 2.5), answer(0.5, 1.5)], unanswered=(arrival(1.2),))
    assert in_flight(run, 4.0) == (2, 2, 1, 1)


def test_several_runs_are_combined_into_medians() -> None:
    runs = [
        figures(observed(steady(0, 4, rate)), {"site": TEN_A_SECOND}, ["site"], 4.0)
        for rate in (2, 9, 5)
    ]
    found = middle(runs)
    assert found.goodput == runs[2].goodput
    assert found.jain is None
    assert found.served == runs[0].served
