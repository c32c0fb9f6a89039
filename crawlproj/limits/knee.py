"""The project's own limit: keeps each site at the knee of its throughput curve."""

from __future__ import annotations

from math import exp, inf, log, sqrt
from typing import TYPE_CHECKING

from crawlproj.limits.base import Limit, Outcome, whole
from crawlproj.limits.belief import Belief
from crawlproj.limits.cohorts import Cohorts
from crawlproj.limits.decisions import Reason, Rule
from crawlproj.limits.refusals import Refusals

if TYPE_CHECKING:
    from crawlproj.limits.base import Bounds, Sample
    from crawlproj.limits.cohorts import Cohort, Evidence

_LIKELY, _LOW, _LOWEST = 0.6, 0.4, 0.2  # probabilities that the knee is lower
_HEADROOM = 0.6  # times the root of the knee, because arrivals bunch by chance
_FIRST_GROWTH, _GROWTH = 3.0, 1.6  # times the load judged, until the first look and afterwards
_DEEPEST_CUT = 8.0
_USED = 1 / 8  # of the answers since the limit changed: in bursts, few starts meet a full site
_LOOK_EVERY, _FIRST_LOOK = 24, 16  # judgements
_FEW = 2.5  # a lower limit looks down to one request in flight, and does so
_MOVED, _SOON = log(1.5), 2  # how far the latency moved since a look; judgements until another
_UNSURE, _OFTEN = 0.17, 3  # every 3 judgements while the latency has this standard deviation
_AT_REST = 1.3  # times the limit: a limit that is still to grow by more looks by growing
_DEEP, _DEEPER = 0.7, 0.5  # of the knee: usually, and after the latency has moved
# Answers above two in flight, and how improbable a single worker must be by then: before the first
# look, because the first groups are often quick or slow by chance, and later.
_AT_FIRST, _LATER = ((6, 0.06), (7, 0.005)), ((6, 0.06), (8, 0.02))
# Log of how much likelier one worker is than two with each answer in order, for each unit by which
# the variance of the latencies is above 0.3: less than what a simulation of two workers with three
# in flight shows, because the variance is not known exactly, and where pages differ less, two
# workers answer in order as well.
_IN_ORDER, _NARROW, _MOST_BY_ORDER = 0.35, 0.3, log(5)
_APART = 0.15  # of the limit: so large a change begins another cohort


class Knee(Limit):
    """Finds the highest number of requests in flight at which no queue forms.

    In a closed system with ``c`` servers of service time ``s``, latency is s with up to c in flight
    and s · L/c with more (Little's law, L = X · W, where throughput X is at its maximum, c/s). One
    latency cannot tell a queue from a slower site, but latencies at different numbers in flight
    can. So nothing is concluded at once: a ``Belief`` weighs every possible knee by how well it
    explains what was seen, and the limit follows the belief.

    Evidence is the latency of the quicker half of a *cohort* of requests that started one
    after another. It is judged as soon as half of them are answered, whatever the limit did
    meanwhile; see ``Cohorts``. After each:

    * The limit becomes k + 0.6 · √k, where k is the 60 % quantile of the knee: with a probability
      of 0.6, the knee is lower. As long as little is known the quantile is far above the median, so
      the limit grows: at most to three times the load of the cohort less one (1, 2, 5, 14, 41),
      after the first look to 1.6 times the load, and only while it is used. The more certain the
      belief, the closer the limit is to the knee.
    * Once it has stopped growing, and then every 24th time, the limit *looks* instead, because a
      limit that stays shows nothing new: in turn down to 0.7 of the knee, so that an error in both
      estimates is found, up to 1.6 times the load, down to the 20 % quantile, where there is
      probably no queue, and up again. A look lasts for one cohort. If the latency is believed to
      have changed by half since, it looks two judgements later, down to half of the knee, where a
      queue that is mistaken for a slower site is shorter.
    * A limit of one or two looks down to one, every third time while the latency is unsure. With
      two in flight all the time, one worker and a queue look like two workers that are slower. For
      the same reason, a limit above two goes back to two, for one cohort, while a single worker
      still has a probability of 6 % after six answers, or of 2 % after eight; before the first
      look, of 0.5 % after seven. It is restored when the answers to what was in flight by then make
      one less likely than 2 %. Before the last of these answers it does not grow either, unless one
      is less likely: what is in flight when it goes back has to be served first. The order of the
      answers helps out where latencies vary much: two that overtake an older request make one less
      likely.
    * If most of a cohort is unanswered when it should have been answered, it is judged early and
      the limit goes to the 40 % quantile, never up.

    The belief forgets a little with every cohort, so a site that changes is believed after a few
    of them. Nothing is kept from an earlier cut, so the limit cannot slide: while pages/s fall with
    the limit at the same latency, each cohort makes a low knee less likely.

    Requests that are refused set a ceiling above all that; see ``Refusals``.
    """

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._belief = Belief(bounds.max)
        self._cohorts = Cohorts()
        self._refusals = Refusals()
        self._looks = 0  # those of a limit that is not small
        self._looked_at = -inf
        self._latency_then = 0.0  # believed at the latest look
        self._holds = False  # a look, until a cohort that began since then is judged
        self._since_look = _LOOK_EVERY - _FIRST_LOOK
        self._answered = self._used = 0  # since the limit changed
        self._overtook = False  # an answer an older request, since the last judgement
        self._in_order = 0  # answers to requests with more than two in flight, since then
        self._above_two = 0  # answers since the limit was two or less
        self._doubted = 0.0  # the limit before it went back to two, until a judgement after that

    @property
    def unloaded_s(self) -> float:
        return exp(self._belief.latency) if self._belief.known else 0.0

    @property
    def usual_drops(self) -> float:
        return self._refusals.other_cause

    def restart(self, limit: float, unloaded_s: float = 0.0) -> None:
        super().restart(limit)
        known = log(unloaded_s) if unloaded_s else None
        self._belief.forget_knee(known, several=whole(self.limit) > 2)
        self._cohorts.clear()
        self._doubted = 0.0
        if self._belief.known:
            self._cohorts.expect(self._belief.latency)
        self._answered = self._used = 0

    def forget_refusals(self) -> None:
        self._refusals = Refusals()

    def on_start(self, in_flight: int, now: float) -> Cohort:
        return self._cohorts.start(in_flight, self.limit, now)

    def on_withdrawn(self, start: Cohort, in_flight: int) -> None:
        start.withdraw(in_flight)

    def on_sample(self, sample: Sample) -> None:
        if sample.outcome is Outcome.IGNORE:
            return
        if sample.outcome is Outcome.DROPPED:
            if sample.start is not None:
                sample.start.withdraw(sample.in_flight)
            if (ceiling := self._refusals.on_drop(sample, self.limit)) is not None:
                self._move(ceiling, Reason(Rule.REFUSED))
            return
        allowed = whole(self.limit)
        self._answered += 1
        self._used += sample.in_flight >= 0.8 * allowed
        self._above_two = self._above_two + 1 if allowed > 2 else 0
        self._note_order(sample)
        if self._may_have_one_worker():
            self._go_back_to_two(sample.ended_at)
        self._refusals.on_answer(sample, self.limit)
        start = sample.start
        if start is None:
            start = self.on_start(sample.in_flight, sample.started_at)
        if sample.rtt_s > 0:
            self._cohorts.answer(start, sample.rtt_s, sample.lag_s)
        else:
            start.withdraw(sample.in_flight)
        while (evidence := self._cohorts.ripe(sample.ended_at)) is not None:
            self._judge(evidence, sample.ended_at)

    def _note_order(self, sample: Sample) -> None:
        if not sample.rtt_s:  # a site without a queue for redirects sends them before older pages
            return
        self._overtook = self._overtook or sample.overtook
        if sample.in_flight > 2 and sample.start is not None:  # or the order is unknown
            self._in_order += not sample.overtook

    def _order_shows(self) -> float:
        """Return how much likelier one worker is than two, because nothing was overtaken."""
        wider = max(0.0, self._cohorts.spread - _NARROW)
        return exp(min(_MOST_BY_ORDER, _IN_ORDER * wider * self._in_order))

    @property
    def _out_of_the_question(self) -> tuple[tuple[int, float], ...]:
        return _LATER if self._looks else _AT_FIRST

    def _may_have_one_worker(self) -> bool:
        steps = self._out_of_the_question
        if self._above_two < steps[0][0] or not self._belief.known:
            return False
        chance = self._belief.chance_of_one()
        if not self._overtook:
            chance *= self._order_shows()
        return any(chance > most for answers, most in steps if self._above_two >= answers)

    def _is_to_be_seen(self) -> bool:
        """Return whether more answers above two are to show whether there is one worker."""
        answers, most = self._out_of_the_question[-1]
        return 0 < self._above_two < answers and self._belief.chance_of_one() > most

    def _go_back_to_two(self, now: float) -> None:
        """Look at what two requests in flight show."""
        self._looked_at = now
        self._holds = True
        self._above_two = 0
        self._doubted = self.limit
        self._move(2.0, Reason(Rule.LOOK, knee=self._belief.knee(0.5), unloaded_s=self.unloaded_s))

    def _judge(self, evidence: Evidence, now: float) -> None:
        """Take in the evidence, and set the limit by what is believed now."""
        belief, load = self._belief, evidence.load
        belief.see(load, evidence.latency, evidence.variance, evidence.width)
        if self._overtook:
            belief.doubt_single()
        elif self._in_order:
            belief.favour_single(self._order_shows())
        self._overtook, self._in_order = False, 0
        self._cohorts.expect(belief.latency)
        rule = Rule.LATE if evidence.early else Rule.KNEE
        wanted = _with_room(belief.knee(_LOW if evidence.early else _LIKELY))
        if not evidence.early:
            self._since_look += 1
            if self._since_look >= self._look_after() and wanted <= _AT_REST * self.limit:
                wanted, rule = self._look(load, now), Rule.LOOK
        highest = _GROWTH * load if self._looks else _FIRST_GROWTH * load - 1
        if self._doubted and belief.chance_of_one() <= _LATER[-1][1]:
            highest = max(highest, self._doubted)
            self._holds = False
        wanted = min(wanted, max(self.limit, highest))
        wanted = max(wanted, min(1.0, self.limit), self.limit / _DEEPEST_CUT)
        self._holds = self._holds and evidence.started_at < self._looked_at
        if not self._holds:
            self._doubted = 0.0
        is_used = self._used >= _USED * self._answered
        if evidence.early or self._holds or self._is_to_be_seen() or not is_used:
            wanted = min(wanted, self.limit)
        wanted = min(wanted, max(1.0, self._refusals.ceiling))
        self._move(
            wanted, Reason(rule, load, exp(evidence.latency), belief.knee(0.5), self.unloaded_s)
        )

    def _look_after(self) -> int:
        if self.limit < _FEW:
            return _OFTEN if self._belief.latency_sd > _UNSURE else _LOOK_EVERY
        return _SOON if self._looks and self._moved() else _LOOK_EVERY

    def _moved(self) -> bool:
        return abs(self._belief.latency - self._latency_then) > _MOVED

    def _look(self, load: float, now: float) -> float:
        """Return a limit that shows whether the belief is right."""
        self._since_look = 0
        self._looked_at = now
        if self.limit < _FEW:
            self._holds = True
            return 1.0
        moved, self._latency_then = self._moved(), self._belief.latency
        if self._looks and moved:
            return max(1.0, _DEEPER * self._belief.knee(0.5))
        self._looks += 1
        # The first look lasts until it has shown something: it corrects the largest errors.
        self._holds = self._looks == 1
        if self._looks % 2 == 0:
            return _GROWTH * load
        knee = self._belief.knee
        return max(1.0, _DEEP * knee(0.5) if self._looks % 4 == 1 else knee(_LOWEST))

    def _move(self, limit: float, reason: Reason) -> None:
        before = self.limit
        self.limit = self.bounds.clamp(limit)
        if abs(self.limit - before) > _APART * before and whole(self.limit) != whole(before):
            self._cohorts.cut()
        self.reason = reason
        self._answered = self._used = 0


def _with_room(knee: float) -> float:
    """Return the limit for a knee; 0.1 less, so that a single worker gets 2 and not 3."""
    return knee + _HEADROOM * sqrt(knee) - 0.1
