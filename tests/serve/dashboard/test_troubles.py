"""The troubles of a crawl, in words."""

from __future__ import annotations

from crawlproj.report.why import Why
from crawlproj.serve.dashboard.troubles import troubles
from tests.serve.dashboard.snapshots import live, site, ticks


def test_nothing_is_wrong_with_a_crawl_that_goes_well() -> None:
    slow = site("a.test", Why("limit", "limited to 4 in flight by latency", 900.0))

    assert troubles(live(queued=9, cpu=0.5, sites=(slow,)), ticks(done=5.0), {"timeout": 9}) == []


def test_a_crawl_that_stands_still_is_wrong_unless_it_is_held() -> None:
    still = ticks(done=0.0)

    assert troubles(live(queued=9), still, {})[0].startswith("Nothing was done in the last 31 s")
    (held,) = troubles(live(queued=9, held="paused by ann"), still, {})
    assert held == "No site may start a request: paused by ann."


def test_silence_is_reported_first_because_all_else_may_be_over() -> None:
    found = troubles(live(cpu=0.95), [], {}, silent_s=14.0)

    assert found[0].startswith("No worker has said anything for 14 s")
    assert troubles(live(), [], {}, silent_s=2.0) == []


def test_many_failing_attempts_are_named_by_the_most_frequent_reason() -> None:
    failing = ticks(done=3.0, errors={"timeout": 0.75, "http-503": 0.25})

    assert troubles(live(), failing, {}) == ["25 % of attempts fail, most of them with timeout."]
    assert troubles(live(), ticks(done=30.0, errors={"timeout": 1.0}), {}) == []


def test_a_site_that_fails_or_is_paused_is_reported_while_the_crawl_goes_well() -> None:
    good = site("good.test", done=900)
    bad, worse = site("bad.test", done=80, errors=20), site("worse.test", done=60, errors=40)
    paused = site("paused.test", Why("paused", "paused by ann"), done=10, errors=5)
    going = ticks(done=30.0)

    assert troubles(live(sites=(good, bad)), going, {}) == [
        "20 % of the attempts at bad.test failed in this run."
    ]
    assert troubles(live(sites=(bad, worse, paused)), going, {}) == [
        "40 % of the attempts at worse.test failed in this run, and at 1 more site.",
        "paused.test is paused by a command.",
    ]


def test_sites_that_wait_for_a_login_are_reported() -> None:
    waiting = tuple(site(f"{n}.test", Why("login", "waits for a login")) for n in "ab")
    assert troubles(live(sites=waiting), [], {}) == ["a.test and b.test wait for a login."]


def test_our_own_cpu_counts_by_the_worker() -> None:
    late = site("a.test", Why("cpu", "our own event loop, which runs 90 ms late"))
    assert troubles(live(sites=(late,)), [], {}) == ["a.test waits for our own process."]
    assert "Our own CPU" in troubles(live(cpu=0.95), [], {})[0]
    assert troubles(live(cpu=0.95, workers=("a", "b")), [], {}) == []


def test_faults_of_the_spider_and_sites_that_are_away_are_counted() -> None:
    sites = tuple(site(f"{n}.test", Why("away", "no answer")) for n in range(2))

    found = troubles(live(sites=sites), [], {"callback-error": 7, "timeout": 1})

    assert "callback-error 7" in found[0]
    assert found[1] == "0.test and 1.test do not answer."
    many = tuple(site(f"{n}.test", Why("away", "no answer")) for n in range(30))
    assert troubles(live(sites=many), [], {}) == ["0.test and 29 more sites do not answer."]


def test_the_setting_that_bounds_all_requests_is_named_while_it_does() -> None:
    full = live(queued=900, budget=64)

    (found,) = troubles(full, ticks(done=5.0, in_flight=63), {})
    assert found.startswith("As many requests are in flight as CONCURRENT_REQUESTS allows, 64:")
    assert troubles(full, ticks(done=5.0, in_flight=50), {}) == []
    assert troubles(live(queued=9, budget=64), ticks(done=5.0, in_flight=64), {}) == []
    (busy,) = troubles(live(queued=900, budget=64, cpu=0.95), ticks(done=5.0, in_flight=64), {})
    assert busy.startswith("Our own CPU is the limit")
