"""A limit that breaks a rule of the contract fails its test at once.

It takes minutes to shrink a history of hundreds of samples, in which the author learns nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from crawlproj.limits import LIMITS
from crawlproj.limits.base import Limit, Outcome, Sample
from tests.limits import test_contract as contract

if TYPE_CHECKING:
    from collections.abc import Callable


class Growing(Limit):
    """Twice as many for each sample, whatever the bounds."""

    def on_sample(self, sample: Sample) -> None:
        self.limit *= 2


class Counting(Limit):
    """Counts ignored samples, too."""

    seen = 0

    def on_sample(self, sample: Sample) -> None:
        self.seen += 1


class Deaf(Limit):
    """A tenth more for each sample, also for those that were dropped."""

    def on_sample(self, sample: Sample) -> None:
        if sample.outcome is not Outcome.IGNORE:
            self.limit = self.bounds.clamp(self.limit * 1.1)


class Idle(Limit):
    """One more for each success, even if nearly nothing is in flight."""

    def on_sample(self, sample: Sample) -> None:
        if sample.outcome is Outcome.SUCCESS:
            self.limit = self.bounds.clamp(self.limit + 1)


@pytest.mark.parametrize(
    ("rule", "naive"),
    [
        (contract.test_the_limit_stays_within_its_bounds, Growing),
        (contract.test_an_ignored_sample_changes_nothing, Counting),
        (contract.test_a_dropped_sample_never_raises_the_limit, Deaf),
        (contract.test_a_limit_that_is_not_used_does_not_grow, Idle),
    ],
)
def test_a_naive_limit_breaks_its_rule_and_the_history_is_not_shrunk(
    rule: Any, naive: type[Limit], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    check: Callable[..., None] = rule.hypothesis.inner_test

    def noted(*, name: str, **given: Any) -> None:
        held.append(False)
        check(name="naive", **given)
        held[-1] = True

    monkeypatch.setitem(LIMITS, "naive", naive)
    monkeypatch.setattr(rule.hypothesis, "inner_test", noted)
    # An example that failed in an earlier run would be played first, and again.
    own = settings(rule._hypothesis_internal_use_settings, database=None)
    monkeypatch.setattr(rule, "_hypothesis_internal_use_settings", own)
    with pytest.raises(AssertionError):
        rule()
    # Played again for the message, but not in hundreds of shorter versions.
    assert len(held) - held.index(False) < 5
