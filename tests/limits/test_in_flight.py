"""The requests in flight at one site."""

from __future__ import annotations

from crawlproj.limits.in_flight import InFlight
from crawlproj.limits.permit import Permit


def test_requests_that_are_found_again_were_in_flight_together_with_those_before_them() -> None:
    taken = InFlight()
    permits = [Permit(1000.0 + n, in_flight, canary=False) for n, in_flight in enumerate((1, 5, 1))]
    for permit in permits:
        taken.add(permit)
    while taken.lose(2000.0):
        pass
    assert list(taken.lost) == permits
    taken.find(1000.0)  # the first was sent too long ago
    assert list(taken.live) == permits[1:]
    assert [permit.in_flight for permit in permits] == [1, 5, 2]
