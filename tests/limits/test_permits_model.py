"""The permit counter, checked against a simpler model."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crawlproj.limits.base import Bounds
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.permits import Permits
from crawlproj.limits.site import SiteControl
from tests.frontier.helpers import Now
from tests.limits.models import active

if TYPE_CHECKING:
    from crawlproj.limits.permit import Permit

SITES = ("a.test", "b.test", "c.test")
LIMIT = 3


class PermitsMachine(RuleBasedStateMachine):
    """Any calls: the cap holds, starts keep the delay, and no site waits forever."""

    sites = st.sampled_from(SITES)
    seconds = st.floats(0, 20)

    def __init__(self) -> None:
        super().__init__()
        self.now = Now()
        bounds = Bounds(LIMIT, LIMIT, LIMIT)
        self.permits = Permits(lambda _: SiteControl(Fixed(bounds), None, None), self.now)
        self.held: list[tuple[str, Permit]] = []
        self.known: set[str] = set()
        self.delays: dict[str, float] = {}
        self.rests: dict[str, float] = {}
        self.started: dict[str, float] = {}

    def in_flight(self, site: str) -> int:
        return sum(name == site for name, _ in self.held)

    def ready_at(self, site: str) -> float:
        delay_s = self.delays.get(site, 0.0)
        after_start = self.started.get(site, -inf) + delay_s if delay_s else -inf
        return max(self.rests.get(site, 0.0), after_start)

    def free(self, site: str) -> int:
        if site not in self.known:
            return 1
        if self.ready_at(site) > self.now.time:
            return 0
        cap = 1 if self.delays.get(site) else LIMIT
        return max(0, cap - self.in_flight(site))

    @rule(seconds=seconds)
    def wait(self, seconds: float) -> None:
        self.now.time += seconds

    @rule()
    def wait_for_the_first_rest_to_end(self) -> None:
        when = self.permits.next_ready()
        if when is not None:
            assert when > self.now.time
            self.now.time = when

    @rule(site=sites)
    def wait_until_wake_at(self, site: str) -> None:
        """With nothing in flight, a permit becomes free exactly then."""
        if not self.in_flight(site) and not self.free(site):
            self.now.time = self.permits.wake_at(site)
            assert self.permits.free(site)

    @rule(site=sites)
    def start(self, site: str) -> None:
        if not self.free(site):
            with pytest.raises(ValueError, match="has no free permit"):
                self.permits.take(site)
            return
        self.held.append((site, self.permits.take(site)))
        self.started[site] = self.now.time
        self.known.add(site)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict), retry_after=st.none() | seconds)
    def end(self, data: st.DataObject, verdict: Verdict, retry_after: float | None) -> None:
        site, permit = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.permits.give_back(permit, Ending(verdict, 0.1, retry_after))
        with pytest.raises(ValueError, match="given back before"):
            self.permits.give_back(permit)
        if retry_after is not None and verdict is not Verdict.IGNORED:
            self.rests[site] = max(self.rests.get(site, 0.0), self.now.time + retry_after)

    @rule(site=sites, delay_s=st.just(0.0) | seconds)
    def delay(self, site: str, delay_s: float) -> None:
        self.permits.set_delay(site, delay_s)
        self.delays[site] = delay_s
        if delay_s:
            self.known.add(site)

    @rule(site=sites, seconds=seconds)
    def rest(self, site: str, seconds: float) -> None:
        self.permits.rest_until(site, self.now.time + seconds)
        self.rests[site] = max(self.rests.get(site, 0.0), self.now.time + seconds)
        self.known.add(site)

    @invariant()
    def agrees_with_the_model(self) -> None:
        for site in SITES:
            assert self.permits.free(site) == self.free(site)
            assert self.permits.in_flight(site) == self.in_flight(site)
        assert active(self.permits) == {s: self.in_flight(s) for s in SITES if self.in_flight(s)}

    @invariant()
    def no_rest_is_missed(self) -> None:
        now = self.now.time
        resting = set(self.permits.resting())
        # A wait of up to a second is pacing, unless it was longer when it began.
        assert {site for site in SITES if self.ready_at(site) > now + 1} <= resting
        assert resting <= {site for site in SITES if self.ready_at(site) > now}
        first = self.permits.next_ready()
        assert first == min((self.ready_at(site) for site in resting), default=None)


TestPermitsMachine = PermitsMachine.TestCase
TestPermitsMachine.settings = settings(stateful_step_count=40)
