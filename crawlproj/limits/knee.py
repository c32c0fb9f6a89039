"""The project's own limit: keeps each site at the knee of its throughput curve."""

from __future__ import annotations

from math import ceil, exp, inf, log, sqrt
from typing import TYPE_CHECKING

from crawlproj.limits.base import Limit, Outcome, whole
from crawlproj.limits.epoch import Epoch

if TYPE_CHECKING:
    from crawlproj.limits.base import Bounds, Sample

_TOLERANCE = log(1.3)  # latency relative to the unloaded one above which there is a queue
_GROW_BELOW = log(1.15)
_HEADROOM = 1.25  # of the limit at which no queue would be left
_SURE = 2.5  # standard errors
_PRECISION = 0.15  # target standard error of a mean of log latencies
_MIN_SAMPLES, _MAX_SAMPLES = 4, 32  # of an epoch
_RESOLUTION_S = 0.005  # shorter latencies are not distinguished: our own loop takes as long
_STRONG = log(_HEADROOM * 1.3)  # an excess whose cut shows as much as a look
_TELLING = 1.3  # a smaller step down shows too little of the effect on latency
_LOOK = 0.7  # of the limit, to see whether latency falls with it
_FIRST_LOOK = 0.5
_WEAK_CUTS = 5  # in a row, after which a look is due
_USED = 1 / 8  # of an epoch's starts at the limit: in bursts, few starts meet a full site
_ROUNDS = 1.25  # times the limit: minimum samples of an epoch
_FIRST_ROUNDS = 0.75  # the same, until the first cut
_SETTLE = 0.4  # of a slow answer's time; requests that end sooner belong to the limit before
_MIN_SAMPLES_AT_START = 3  # of an epoch, until the first cut
_GENTLY_FROM = 16.0  # in flight: a limiter that is hit at speed refuses every request
_STEEPER = 2
_FIRST_STEP, _MAX_STEP = 1 / 8, 1 / 2
_VARIANCE_OVER = 100
_TRUSTED = 16  # samples after which an epoch may replace the base
_WELL_KNOWN = 32  # samples of a base
_MIN_VARIANCE = 0.04
_DEEPEST_CUT = 8.0
_FAST_SURE = 5.0  # standard errors; higher because every sample is tested
_FAST_SAMPLES = 8  # in the alarm's exponential average
_FAST_ERROR = 0.26  # standard error of that average: sqrt((1/8) / (2 - 1/8))
_MIN_DROPS, _MANY_DROPS = 3, 4
_DROP_SHARE = 0.05
_LOOK_EVERY, _FIRST_LOOK_AFTER = 80, 16  # epochs
_MIN_WAIT, _MAX_WAIT = 8, 64  # epochs before a ceiling is tried again


class Knee(Limit):
    """Finds the highest number of requests in flight at which no queue forms.

    In a closed system with ``c`` servers of service time ``s``, latency is s with up to c in flight
    and s · L/c with more (Little's law, L = X · W, where throughput X is at its maximum, c/s). With
    q = latency / unloaded latency, ``L/q`` is therefore the knee c itself, whatever L is. This is
    the queue estimate of TCP Vegas, L (1 − 1/q), solved for the limit at which the queue vanishes.

    Latency is the mean of log(time to first byte): service times are close to lognormal, and a long
    tail hardly moves a mean of logs. An *epoch* collects the requests that ended since the limit
    last changed and settled, as many as their variance requires. At its end:

    * If q > 1.3 and significantly above 1, the limit becomes 1.25 · L/q, at least L/8. If the last
      eight samples leave no doubt, the cut does not wait for the end of the epoch.
    * If q < 1.15 and the limit was used, it grows. Until the first cut it doubles, from 16 on it
      grows by a half. Afterwards it grows by an eighth, then a quarter, then a half, as long as
      nothing speaks against it, and by less the closer q is to 1.15.
    * Otherwise it stays.

    The unloaded latency (the *base*) is found by experiment, because a site may be slower today
    than yesterday. The experiment is a cut by a quarter or more, or a *look* at 0.7 · L, after 16
    epochs and then every 80. If latency fell, there was a queue, and the new latency is the base.
    If latency stayed, throughput fell with the limit, so there was no queue: the latency seen is
    the base, and the limit grows from there. If latency rose, the site is still getting worse. So a
    lasting overload is never mistaken for normal, and a slower site is not choked. A base of many
    samples is kept if the result is within one standard error of it. At first, when the base has
    few samples, a q in doubt waits for more of them, and the look is at 0.5 · L.

    If at least three requests are dropped, more than 5 % of an epoch and three times their usual
    share, the limit goes below the number in flight that was refused. That number becomes a
    ceiling, raised by one after 8, 16, … 64 epochs. If other requests were answered with as many in
    flight, the limit goes down by a fifth instead.
    """

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self._base: float | None = None  # unloaded log latency
        self._epoch = Epoch(-inf)
        self._starting = True
        # Limit, requests in flight, log latency and sample count before a step down.
        self._before: tuple[float, float, float, int] | None = None
        self._ceiling = inf
        self._wait = _MIN_WAIT
        self._epochs_at_ceiling = 0
        self._since_look = _LOOK_EVERY - _FIRST_LOOK_AFTER
        self._usual_drops = 0.0
        self._refused_at = inf
        self._variance = 0.25  # of the log latencies under one limit
        self._base_n = 0  # samples in the base
        self._changed_at = -inf
        self._settled_at = -inf  # after the latest step down
        self._weak_cuts = 0  # in a row
        self._steps = 0  # up, in a row
        self._fast = 0.0  # excess over the last eight samples or so

    def on_sample(self, sample: Sample) -> None:
        epoch = self._epoch
        if sample.outcome is Outcome.DROPPED:
            if sample.started_at >= self._changed_at:
                epoch.dropped += 1
                self._refused_at = min(self._refused_at, sample.in_flight)
                if epoch.dropped >= _MIN_DROPS and self._drops_too_many(
                    max(_MIN_SAMPLES, whole(self.limit))
                ):
                    self._refused(sample.ended_at)
            return
        if sample.outcome is Outcome.IGNORE or sample.rtt_s <= 0:
            return
        value = log(max(_RESOLUTION_S, sample.rtt_s))
        watched = self._before is None and sample.ended_at >= self._settled_at
        if watched and self._base is not None and self._alarmed(value - self._base):
            self._cut(sample.ended_at, self._fast, self.limit)
            return
        if sample.ended_at < epoch.began_at:
            return
        used = sample.in_flight >= 0.8 * whole(self.limit)
        epoch.add(value, sample.in_flight, used=used)
        if epoch.n >= self._wanted():
            self._judge(sample.ended_at)

    @property
    def unloaded_s(self) -> float:
        return exp(self._base) if self._base is not None else 0.0

    def restart(self, limit: float, unloaded_s: float = 0.0) -> None:
        super().restart(limit)
        if unloaded_s:
            self._base, self._base_n = log(unloaded_s), _WELL_KNOWN
        self._starting = False
        self._before = None
        self._epoch = Epoch(self._epoch.began_at)

    def _alarmed(self, excess: float) -> bool:
        """Return whether the last eight samples or so show a queue beyond doubt."""
        self._fast += (excess - self._fast) / _FAST_SAMPLES
        return self._fast > _TOLERANCE + _FAST_SURE * _FAST_ERROR * sqrt(self._variance)

    def _wanted(self) -> int:
        """Return how many samples complete an epoch.

        More than are in flight, because the first to end are the quick ones. The number follows
        from the variance known before, because by its own an epoch would end when that is low.
        """
        if self._starting and self._before is None:
            return max(_MIN_SAMPLES_AT_START, ceil(_FIRST_ROUNDS * self.limit), self._epoch.wanted)
        minimum = max(_MIN_SAMPLES, ceil(_ROUNDS * self.limit), self._epoch.wanted)
        maximum = _MAX_SAMPLES
        if self._before is not None:
            minimum, maximum = max(minimum, _TRUSTED), 2 * _MAX_SAMPLES
        return max(minimum, min(maximum, ceil(self._variance / _PRECISION**2)))

    def _drops_too_many(self, min_samples: int) -> bool:
        epoch = self._epoch
        share = epoch.dropped / max(min_samples, epoch.n + epoch.dropped)
        return share > max(_DROP_SHARE, 3 * self._usual_drops)

    def _judge(self, now: float) -> None:
        epoch = self._epoch
        share = epoch.dropped / (epoch.n + epoch.dropped)
        if epoch.dropped >= _MIN_DROPS and self._drops_too_many(0) and self._refused(now):
            return
        self._usual_drops += 0.1 * (share - self._usual_drops)
        self._since_look += 1
        if self._base is None:
            self._base = epoch.mean
        known = min(1.0, epoch.n / _VARIANCE_OVER)
        self._variance += known * (max(_MIN_VARIANCE, epoch.variance) - self._variance)
        if self._before is not None:
            self._conclude(now)
        else:
            self._adjust(now)

    def _adjust(self, now: float) -> None:
        """Change the limit after an epoch, or start a look to find out whether to."""
        assert self._base is not None  # noqa: S101 - judged first
        epoch = self._epoch
        if whole(self.limit) == 1:
            self._learn_base(epoch)  # with one in flight, any queue is not ours
        error = sqrt(self._variance / epoch.n)
        excess = epoch.mean - self._base
        apart = sqrt(self._variance * (1 / epoch.n + 1 / max(1, self._base_n)))
        calm = excess < _GROW_BELOW + apart / 2
        queued = whole(self.limit) > 1 and excess > _TOLERANCE and excess > _SURE * error
        # Many weak cuts should have removed the queue; perhaps the base is wrong.
        wrong = queued and self._weak_cuts >= _WEAK_CUTS
        at_max = self._starting and self.limit == self.bounds.max
        due = wrong or at_max or self._since_look >= _LOOK_EVERY
        if due and not (queued and excess > _STRONG):
            self._look(now)
        elif self._base_n < _TRUSTED and (queued or (epoch.n >= _TRUSTED and not calm)):
            self._look(now, first=True)  # the base may be low by chance
        elif queued:
            self._cut(now, excess, epoch.load)
        else:
            if self._starting and calm:
                self._blend(epoch)
            elif excess < -_SURE * error:
                self._base += excess / 4
            if self._base_n < _TRUSTED and not calm:
                epoch.wanted = 2 * epoch.n  # too few to tell
            elif calm and epoch.used >= _USED * epoch.n:
                self._grow(now, 1 - max(0.0, excess) / (_GROW_BELOW + apart / 2))
            else:
                self._steps = max(0, self._steps - 1)
                self._epoch = Epoch(epoch.began_at)

    def _learn_base(self, epoch: Epoch) -> None:
        """Replace the base by an epoch without a queue if they differ; otherwise blend them."""
        assert self._base is not None  # noqa: S101 - judged first
        error = sqrt(max(self._variance, epoch.variance) / epoch.n)
        if epoch.n >= _TRUSTED and abs(epoch.mean - self._base) > _SURE * error:
            self._base, self._base_n = epoch.mean, epoch.n
        else:
            self._blend(epoch)

    def _blend(self, epoch: Epoch) -> None:
        """Make the base the mean of all samples taken without a queue."""
        assert self._base is not None  # noqa: S101 - judged first
        known = min(self._base_n, 4 * _MAX_SAMPLES)
        self._base += (epoch.mean - self._base) * epoch.n / (known + epoch.n)
        self._base_n = known + epoch.n

    def _cut(self, now: float, excess: float, load: float) -> None:
        """Lower the limit to where, by Little's law, the queue vanishes."""
        self._starting = False
        assert self._base is not None  # noqa: S101 - an excess is relative to it
        mean = self._base + excess
        load = max(self.limit, load)  # after a cut, requests answered now started among more
        minimum = max(min(1.0, self.limit), self.limit / _DEEPEST_CUT)
        wanted = min(self.limit, max(minimum, _HEADROOM * load / exp(excess)))
        if whole(self.limit) >= _TELLING * whole(wanted):
            self._before = (self.limit, load, mean, max(_FAST_SAMPLES, self._epoch.n))
        else:
            self._weak_cuts += 1
        self._step_down(now, wanted, mean)

    def _look(self, now: float, *, first: bool = False) -> None:
        """Step down to see whether latency falls too; first: before the base is trusted."""
        self._since_look = self._weak_cuts = 0
        self._starting &= first
        if whole(self.limit) > 1:
            self._before = (self.limit, self._epoch.load, self._epoch.mean, self._epoch.n)
            below = min((_FIRST_LOOK if first else _LOOK) * self.limit, whole(self.limit) - 1.0)
            self._step_down(now, max(1.0, below), self._epoch.mean)
        else:
            self._move(now, self.limit)

    def _conclude(self, now: float) -> None:
        """Draw the conclusion from a step down."""
        assert self._before is not None and self._base is not None  # noqa: PT018, S101
        limit, load, mean, n = self._before
        epoch = self._epoch
        self._before = None
        fell = mean - epoch.mean
        stepped = log(max(1.0, load / epoch.load))
        error = sqrt(self._variance / epoch.n)
        apart = sqrt(self._variance * (1 / epoch.n + 1 / n))
        change = epoch.mean - self._base
        if fell > stepped / 2:
            # By Little's law throughput stayed, so a queue vanished. There may be more of it.
            self._starting = False
            if change < 0:
                self._learn_base(epoch)
            doubtful = self._base_n < _TRUSTED and change > _TOLERANCE
            if doubtful or change < -max(_GROW_BELOW, 2 * error):
                self._look(now)
            else:
                self._move(now, self.limit)
            return
        if fell < -_SURE * apart and change > _TOLERANCE:
            # The site is getting worse while we look, so the look shows nothing.
            self._cut(now, change, epoch.load)
            return
        if self._base_n >= _WELL_KNOWN and change > 0 and fell > stepped / 2 - apart:
            self._move(now, self.limit)  # too close to overrule a well-known base
            return
        # Throughput fell with the limit: there is no queue, and this is the site's own latency.
        self._learn_base(epoch)
        self._move(now, limit)

    def _grow(self, now: float, ease: float) -> None:
        """Try more in flight; ``ease`` goes from 0, close to the knee, to 1, far below it."""
        if self._starting:
            wanted = self.limit * (2.0 if self.limit < _GENTLY_FROM else 1.5)
        else:
            step = self.limit * min(_MAX_STEP, _FIRST_STEP * _STEEPER**self._steps) * ease
            wanted = self.limit + max(min(1.0, self.limit), step)
        self._steps += 1
        self._weak_cuts = 0
        if wanted > self._ceiling:
            self._epochs_at_ceiling += 1
            if self._epochs_at_ceiling >= self._wait:
                self._epochs_at_ceiling = 0
                self._ceiling += 1
            wanted = max(self.limit, min(wanted, self._ceiling))
        self._move(now, wanted)

    def _refused(self, now: float) -> bool:
        """Go below the number in flight that was refused; return False if that would not help."""
        epoch = self._epoch
        share = epoch.dropped / (epoch.n + epoch.dropped)
        # Slowly, so that drops caused by too many in flight do not become the usual share.
        self._usual_drops += 0.02 * (share - self._usual_drops)
        maximum = self._refused_at - 1
        beyond = sum(n for in_flight, n in epoch.answered.items() if in_flight > maximum)
        wanted = min(self.limit, max(self.limit / 2, maximum))
        if maximum < 1 or beyond > epoch.dropped:
            # Others were answered with as many in flight, so their number is not the cause.
            if epoch.dropped < _MANY_DROPS:
                return False
            wanted = 0.8 * self.limit
        else:
            same = abs(wanted - self._ceiling) <= 1.5
            self._wait = min(_MAX_WAIT, 2 * self._wait) if same else _MIN_WAIT
            self._ceiling = wanted
            self._epochs_at_ceiling = 0
        self._starting = False
        self._before = None
        self._move(now, wanted)
        return True

    def _step_down(self, now: float, limit: float, mean: float) -> None:
        self._steps = 0
        self._fast = 0.0
        # Requests that start now still wait behind the old queue.
        settle_s = 2 * exp(mean)
        self._settled_at = now + settle_s
        self._move(now, limit, settle_s)

    def _move(self, now: float, limit: float, settle_s: float = 0.0) -> None:
        """Change the limit; requests that end before it has settled belong to the limit before.

        Counting by the end, not by the start: otherwise the quick requests would come first.
        """
        if self._base is not None:
            settle_s = max(settle_s, _SETTLE * exp(self._base + sqrt(self._variance)))
        self.limit = self.bounds.clamp(limit)
        self._changed_at = now
        self._epoch = Epoch(now + settle_s)
        self._refused_at = inf
