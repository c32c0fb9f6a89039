"""The permit counter against a simpler model of itself."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crawlproj.limits.permits import Permits
from tests.frontier.helpers import Now


class PermitsMachine(RuleBasedStateMachine):
    """Any calls at all: the cap holds, starts are the delay apart, and nobody waits for ever."""

    sites = st.sampled_from(["a.test", "b.test", "c.test"])
    seconds = st.floats(0, 20)

    def __init__(self) -> None:
        super().__init__()
        self.now = Now()
        self.permits = Permits(3, self.now)
        self.in_flight: dict[str, int] = {}
        self.caps: dict[str, int] = {}
        self.delays: dict[str, float] = {}
        self.rests: dict[str, float] = {}
        self.started: dict[str, float] = {}  # of sites whose delay it counts for

    def limit(self, site: str) -> int:
        return 1 if self.delays.get(site) else self.caps.get(site, 3)

    def ready_at(self, site: str) -> float:
        after_start = self.started.get(site, 0.0) + self.delays.get(site, 0.0)
        return max(self.rests.get(site, 0.0), after_start if self.delays.get(site) else 0.0)

    def free(self, site: str) -> int:
        if self.ready_at(site) > self.now.time:
            return 0
        return max(0, self.limit(site) - self.in_flight.get(site, 0))

    @rule(seconds=seconds)
    def wait(self, seconds: float) -> None:
        self.now.time += seconds

    @rule(site=sites)
    def start(self, site: str) -> None:
        if not self.free(site):
            with pytest.raises(ValueError, match="is free"):
                self.permits.take(site)
            return
        self.permits.take(site)
        self.in_flight[site] = self.in_flight.get(site, 0) + 1
        self.started[site] = self.now.time

    @precondition(lambda self: any(self.in_flight.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        site = data.draw(st.sampled_from([site for site, n in self.in_flight.items() if n]))
        self.permits.give_back(site)
        self.in_flight[site] -= 1
        if not self.in_flight[site] and not self.delays.get(site):
            self.forget_start(site)

    @rule(site=sites, delay_s=st.just(0.0) | seconds)
    def delay(self, site: str, delay_s: float) -> None:
        self.permits.set_delay(site, delay_s)
        self.delays[site] = delay_s
        if not delay_s and not self.in_flight.get(site):
            self.forget_start(site)

    @rule(site=sites, seconds=seconds)
    def rest(self, site: str, seconds: float) -> None:
        self.permits.rest_until(site, self.now.time + seconds)
        self.rests[site] = max(self.rests.get(site, 0.0), self.now.time + seconds)

    @rule(site=sites, cap=st.integers(1, 5))
    def cap(self, site: str, cap: int) -> None:
        self.permits.set_cap(site, cap)
        self.caps[site] = min(cap, 3)

    def forget_start(self, site: str) -> None:
        # Whether an idle site's start is still known depends on what else is remembered of it:
        # the contract promises it for starts in flight. Let it have been long ago.
        self.now.time = max(self.now.time, self.started.pop(site, 0.0) + 20)

    @invariant()
    def agrees_with_the_model(self) -> None:
        for site in ("a.test", "b.test", "c.test"):
            assert self.permits.free(site) == self.free(site)
            assert self.permits.in_flight(site) == self.in_flight.get(site, 0)
            assert self.permits.ready_at(site) == max(self.now.time, self.ready_at(site))
        assert self.permits.active() == {site: n for site, n in self.in_flight.items() if n}
        resting = {
            site for site in ("a.test", "b.test", "c.test") if self.ready_at(site) > self.now.time
        }
        assert set(self.permits.resting()) == resting
        first = min(map(self.ready_at, resting), default=None)
        assert self.permits.next_ready() == first


TestPermitsMachine = PermitsMachine.TestCase
TestPermitsMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
