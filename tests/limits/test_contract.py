"""The rules of limits/base.py, checked for every limit."""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crawlproj.limits import LIMITS
from crawlproj.limits.base import Bounds, Limit, Outcome, Sample
from tests.properties import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

each_limit = pytest.mark.parametrize("name", LIMITS)
names = st.sampled_from(list(LIMITS))  # pytest-twisted cannot have a @given parametrized

# Seconds since the step before, duration, latency, share of the limit in flight, outcome.
Step = tuple[float, float, float, float, Outcome]
steps = st.tuples(
    st.floats(0, 10),
    st.floats(0, 100),
    st.sampled_from([0.0, 1e-6, 0.1, 0.5, 60.0]) | st.floats(0, 100),
    st.floats(0, 1),
    st.sampled_from(Outcome),
)
histories = st.lists(steps, max_size=80)
# Not shrunk: of a history of 80 samples that breaks a rule that took five minutes, and it was not
# much shorter afterwards.
few = settings(examples(120), phases=[Phase.explicit, Phase.reuse, Phase.generate])


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    minimum, start, maximum = sorted(draw(st.tuples(*[st.floats(0.01, 200)] * 3)))
    return Bounds(start, minimum, maximum)


def played(limit: Limit, history: list[Step]) -> Iterator[Sample]:
    """Yield the samples of a site with as many requests in flight as ``limit`` allows."""
    now = 1000.0
    for gap_s, took_s, rtt_s, share, outcome in history:
        now += gap_s
        in_flight = max(1, round(share * limit.limit))
        start = limit.on_start(in_flight, now - took_s)
        yield Sample(now - took_s, now, rtt_s, in_flight, outcome, start=start)


def state(limit: Limit) -> dict[str, Any]:
    """Return the whole state of a limit, in a form that compares by value."""
    return {name: _plain(value) for name, value in vars(limit).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list | deque):
        return [_plain(each) for each in value]
    if type(value).__module__.startswith("crawlproj."):
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        names = [*slots, *getattr(value, "__dict__", ())]
        return {name: _plain(getattr(value, name)) for name in names} or value
    return deepcopy(value)


@few
@given(name=names, bounds=bounds(), history=histories)
def test_the_limit_stays_within_its_bounds(name: str, bounds: Bounds, history: list[Step]) -> None:
    limit = LIMITS[name](bounds)
    for sample in played(limit, history):
        assert bounds.min <= limit.limit <= bounds.max
        limit.on_sample(sample)
    assert bounds.min <= limit.limit <= bounds.max
    assert 0 <= limit.unloaded_s < 1000


@few
@given(name=names, history=histories)
def test_an_ignored_sample_changes_nothing(name: str, history: list[Step]) -> None:
    limit = LIMITS[name](Bounds(2, 0.1, 64))
    for sample in played(limit, history):
        before = state(limit)
        limit.on_sample(replace(sample, outcome=Outcome.IGNORE))
        assert state(limit) == before
        limit.on_sample(sample)


@few
@given(name=names, bounds=bounds(), history=histories)
def test_a_dropped_sample_never_raises_the_limit(
    name: str, bounds: Bounds, history: list[Step]
) -> None:
    limit = LIMITS[name](bounds)
    for sample in played(limit, history):
        before = limit.limit
        limit.on_sample(sample)
        if sample.outcome is Outcome.DROPPED:
            assert limit.limit <= before


@each_limit
def test_drops_with_more_in_flight_than_the_limit_never_raise_it(name: str) -> None:
    limit = LIMITS[name](Bounds(8, 0.1, 8 if name == "fixed" else 200))
    for n in range(50):
        now = 1000.0 + n
        limit.on_sample(Sample(now, now + 0.5, 0.0, 100, Outcome.DROPPED))
        assert limit.limit <= 8


@pytest.mark.slow
@few
@given(name=names, history=st.lists(steps, min_size=50, max_size=80).map(lambda steps: steps * 4))
def test_a_limit_that_is_not_used_does_not_grow(name: str, history: list[Step]) -> None:
    start = 16.0
    limit = LIMITS[name](Bounds(start, 0.1, start if name == "fixed" else 256))
    for sample in played(limit, history):
        limit.on_sample(replace(sample, in_flight=1))
        # It may fall, and then rise while a single request in flight uses all of it.
        assert limit.limit <= start


@each_limit
def test_a_limit_that_is_used_grows_while_latency_stays(name: str) -> None:
    limit = LIMITS[name](Bounds(2, 0.1, 64))
    for n in range(3000):
        now = 1000 + n * 0.1
        limit.on_sample(Sample(now, now + 0.1, 0.1, max(1, round(limit.limit))))
    assert limit.limit >= 30


@each_limit
@pytest.mark.parametrize("limit_now", [0.0, 0.5, 4.0, 1e9])
def test_a_restart_keeps_to_the_bounds(name: str, limit_now: float) -> None:
    bounds = Bounds(2, 1, 8)
    limit = LIMITS[name](bounds)
    limit.restart(limit_now, 0.2)
    wanted = bounds.max if name == "fixed" else bounds.clamp(limit_now)
    assert limit.limit == wanted


@pytest.mark.parametrize(
    ("start", "minimum", "maximum"),
    [(1, 2, 3), (4, 1, 3), (1, 0, 2), (1, -1, 2), (float("nan"), 1, 2)],
)
def test_bounds_out_of_order_are_refused(start: float, minimum: float, maximum: float) -> None:
    with pytest.raises(ValueError, match="bounds must satisfy"):
        Bounds(start, minimum, maximum)
