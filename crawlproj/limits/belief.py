"""What is believed about a site's knee and its latency without a queue. Pure."""

from __future__ import annotations

from math import exp, log, sqrt

_STEP = log(1.15)  # between two knees that are told apart
_SHARPNESS = 12.0  # of the bend of latency at the knee
_FLOOR = 0.04**2  # variance of a cohort's mean that no number of samples takes away
_KNEE_JUMPS, _KNEE_DRIFTS = 0.01, 0.05  # chance per cohort
_LATENCY_JUMPS, _JUMP, _DRIFT = 0.002, 0.7**2, 0.01**2  # chance per cohort; variances
_UNKNOWN = 9.0  # variance of a log latency
_RECALLED = 0.04
_IMPOSSIBLE = 1e-12
_EXPECTED = 4.0  # squared error, in variances, up to which no jump is considered
_FAR = 8.0


class Belief:
    """A weight for each possible knee, and with each of them a normal distribution of the latency.

    With n in flight at its start, a request takes w + g(n / K), in logs: w is the latency without a
    queue, K the knee, and g(r) = ln(1 + r^12) / 12, which is 0 below the knee and ln r above it, by
    Little's law. Knees are 12 % apart. For each of them, w is a Kalman filter, so that this is a
    Rao-Blackwellised filter (Doucet et al., UAI 2000). "The site is slower" and "the site has fewer
    workers" are both kept until what happens with another number in flight tells them apart.

    From cohort to cohort the knee may drift to a neighbour (5 %) or jump anywhere (1 %), and w may
    drift (1 %) or jump (0.2 % of the cohorts, to half or twice).

    highest: the largest limit. latency: the log of the seconds to an answer without a queue, once
    that is ``known``.
    """

    def __init__(self, highest: float) -> None:
        size = int(log(1.5 * max(1.0, highest)) / _STEP) + 2
        self._weights = [1 / size] * size
        self._means = [0.0] * size
        self._variances = [_UNKNOWN] * size
        self.known = False
        self.latency = 0.0

    @property
    def latency_sd(self) -> float:
        """The standard deviation of ``latency``."""
        return sqrt(self._spread(self.latency))

    def knee(self, share: float) -> float:
        """Return the number in flight that the knee is below with a probability of ``share``."""
        total = 0.0
        for number, weight in enumerate(self._weights):
            if total + weight >= share:
                return exp(_STEP * (number + (share - total) / weight - 0.5))
            total += weight
        return exp(_STEP * len(self._weights))

    def forget_knee(self, latency: float | None = None) -> None:
        """Hold all knees equally likely; ``latency``: what is known of it from earlier, if any."""
        size = len(self._weights)
        if latency is not None:
            mean, variance = latency, _RECALLED
            self.known = True
        else:
            mean, variance = self.latency, max(_RECALLED, self.latency_sd**2)
        self._weights = [1 / size] * size
        self._means, self._variances = [mean] * size, [variance] * size
        self.latency = mean

    def see(self, load: float, latency: float, variance: float) -> None:
        """Take in the mean log ``latency`` of a cohort that started at a log ``load`` in flight."""
        if not self.known:
            self.known = True
            self.latency = latency
            self._means = [latency] * len(self._means)
        self._pass_time()
        self._update(load, latency, variance + _FLOOR)

    def _spread(self, mean: float) -> float:
        each = zip(self._weights, self._means, self._variances, strict=True)
        return sum(p * (v + (m - mean) ** 2) for p, m, v in each)

    def _pass_time(self) -> None:
        p, m, v = self._weights, self._means, self._variances
        mean = self.latency
        spread = self._spread(mean) + mean * mean
        jump = _KNEE_JUMPS / len(p)
        first = [weight * b for weight, b in zip(p, m, strict=True)]
        second = [a * b + weight * c for weight, a, b, c in zip(p, first, m, v, strict=True)]
        weights, means, variances = [], [], []
        drifted = zip(
            _drifted(p, jump),
            _drifted(first, jump * mean),
            _drifted(second, jump * spread),
            strict=True,
        )
        for total, sum_, squares in drifted:
            mean = sum_ / total
            weights.append(total)
            means.append(mean)
            variances.append(max(0.0, squares / total - mean * mean) + _DRIFT)
        self._weights, self._means, self._variances = weights, means, variances

    def _update(self, load: float, latency: float, variance: float) -> None:
        p, m, v = self._weights, self._means, self._variances
        for k, prior in enumerate(v):
            error = latency - m[k] - _queue(load - _STEP * k)
            same = prior + variance
            off = error * error / same
            chance = exp(-0.5 * off) / sqrt(same)
            if off < _EXPECTED:  # a jump of the latency is not worth considering
                m[k] += error * prior / same
                v[k] = prior * variance / same
                p[k] *= chance
                continue
            other = same + _JUMP
            by_jump = _LATENCY_JUMPS * exp(-0.5 * error * error / other) / sqrt(other)
            if chance + by_jump < 1e-200:
                p[k] = 0.0
                continue
            share = by_jump / (chance + by_jump)
            stay, jump = error * prior / same, error * (prior + _JUMP) / other
            apart = jump - stay
            m[k] += stay + share * apart
            v[k] = (
                (1 - share) * prior * variance / same
                + share * (prior + _JUMP) * variance / other
                + share * (1 - share) * apart * apart
            )
            p[k] *= chance + by_jump
        total = sum(p)
        self._weights = [max(weight / total, _IMPOSSIBLE) for weight in p]
        self.latency = sum(weight * mean for weight, mean in zip(self._weights, m, strict=True))


def _drifted(values: list[float], jump: float) -> list[float]:
    """Return what is left at each knee, and comes from its neighbours and by jumps."""
    drift = _KNEE_DRIFTS / 2
    stay = 1 - _KNEE_JUMPS - _KNEE_DRIFTS
    below, above = [values[0], *values[:-1]], [*values[1:], values[-1]]
    return [
        stay * value + drift * (a + b) + jump
        for value, a, b in zip(values, below, above, strict=True)
    ]


def _queue(log_ratio: float) -> float:
    """Return the log of how much longer answers take at this log of load / knee."""
    x = _SHARPNESS * log_ratio
    if x > _FAR:
        return log_ratio
    if x < -_FAR:
        return 0.0
    return log(1 + exp(x)) / _SHARPNESS
