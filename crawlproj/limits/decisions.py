"""The latest changes of a site's limit, each with its reason. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import IntEnum

_KEPT, _SPARE = 200, 50  # decisions; the spare ones save moving all for each new one


class Rule(IntEnum):
    """Why a limit changed."""

    SAMPLE = 0
    """By an estimator that gives no reason."""
    KNEE = 1
    """To where the knee is believed to be."""
    LOOK = 2
    """To find out whether the belief is right."""
    LATE = 3
    """Answers that should have come did not."""
    REFUSED = 4
    """The site refused requests that were too many at once."""
    RESTART = 5
    """After an outage, or to continue from what was learned earlier."""
    COMMANDED = 6
    """A user changed the limit or its maximum."""


@dataclass(frozen=True, slots=True)
class Reason:
    """The rule behind a change, and its evidence; 0 where there is none.

    load: requests in flight at the start of those judged. latency_s: their latency.
    knee: requests in flight at which a queue is believed to begin. unloaded_s: the latency without.
    """

    rule: Rule = Rule.SAMPLE
    load: float = 0.0
    latency_s: float = 0.0
    knee: float = 0.0
    unloaded_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of a limit. at: seconds on the control's clock."""

    at: float
    before: float
    after: float
    reason: Reason


_WIDTH = 8  # numbers of a decision


class Decisions:
    """A ring of the last 200 decisions, kept as numbers: there may be 10,000 sites."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers = array("d")

    def add(self, at: float, before: float, after: float, reason: Reason) -> None:
        """Keep a decision, and forget the oldest if there are too many.

        Raises TypeError if an estimator gave another reason than a Reason.
        """
        if not isinstance(reason, Reason):
            raise TypeError(
                f"an estimator's self.reason must be a Reason, not {reason!r}: write for example "
                "Reason(Rule.REFUSED, load=sample.in_flight)"
            )
        self._numbers.extend(
            (
                at,
                before,
                after,
                reason.rule,
                reason.load,
                reason.latency_s,
                reason.knee,
                reason.unloaded_s,
            )
        )
        if len(self._numbers) > (_KEPT + _SPARE) * _WIDTH:
            del self._numbers[: _SPARE * _WIDTH]

    def last(self) -> Decision | None:
        """Return the latest decision; None before the first."""
        numbers = self._numbers[-_WIDTH:]
        return _decision(*numbers) if numbers else None

    def latest(self) -> list[Decision]:
        """Return the decisions, oldest first."""
        numbers = self._numbers[-_KEPT * _WIDTH :]
        rows = (numbers[n : n + _WIDTH] for n in range(0, len(numbers), _WIDTH))
        return [_decision(*row) for row in rows]


def _decision(at: float, before: float, after: float, rule: float, *evidence: float) -> Decision:
    return Decision(at, before, after, Reason(Rule(int(rule)), *evidence))
