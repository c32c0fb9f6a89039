from __future__ import annotations

import pytest

from crawlproj.limits.decisions import Decision, Decisions, Reason, Rule


def test_decisions_come_back_as_they_were() -> None:
    ring = Decisions()
    ring.add(1000.5, 8.0, 4.0, Reason(Rule.LATE, 8.0, 0.4, 3.5, 0.1))
    ring.add(1001.0, 4.0, 2.0, Reason(Rule.REFUSED))
    assert ring.latest() == [
        Decision(1000.5, 8.0, 4.0, Reason(Rule.LATE, 8.0, 0.4, 3.5, 0.1)),
        Decision(1001.0, 4.0, 2.0, Reason(Rule.REFUSED)),
    ]


def test_the_last_two_hundred_are_kept() -> None:
    ring = Decisions()
    for n in range(300):
        ring.add(n, n, n + 1, Reason())
        assert len(ring.latest()) == min(200, n + 1)
        assert ring.latest()[-1].at == n


def test_another_reason_than_a_reason_is_an_error_that_says_what_to_write() -> None:
    ring = Decisions()
    with pytest.raises(TypeError, match=r"must be a Reason, not 'too slow'.*Reason\(Rule"):
        ring.add(1000.5, 8.0, 4.0, "too slow")  # type: ignore[arg-type]
    assert ring.latest() == []
