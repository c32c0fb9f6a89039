from __future__ import annotations

from crawlproj.http.timings import Timings
from tests.http.helpers import PHASES


def test_a_finished_request_has_every_phase() -> None:
    timings = Timings(100.0)
    timings.dns, timings.connect, timings.tls = 1.0, 2.0, 4.0
    timings.ready_at, timings.headers_at = 108.0, 109.5
    phases = timings.as_dict(110.0)
    assert list(phases) == PHASES
    assert list(phases.values()) == [1.0, 1.0, 2.0, 4.0, 1.5, 0.5]
    assert sum(phases.values()) == 10.0


def test_a_request_that_never_got_a_connection_was_queued_the_whole_time() -> None:
    assert Timings(5.0).as_dict(7.5) == dict.fromkeys(PHASES, 0.0) | {"queued": 2.5}


def test_a_request_that_never_got_headers_spent_the_rest_in_ttfb() -> None:
    timings = Timings(5.0)
    timings.ready_at = 6.0
    assert timings.as_dict(9.0) == dict.fromkeys(PHASES, 0.0) | {"queued": 1.0, "ttfb": 3.0}


def test_a_lookup_is_counted_once() -> None:
    timings = Timings(0.0)
    timings.lookup_at = 1.0
    timings.looked_up(3.0)
    timings.looked_up(9.0)
    assert timings.dns == 2.0
