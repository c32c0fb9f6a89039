"""A belief about a site's knee and its latency without a queue. Pure."""

from __future__ import annotations

from math import exp, log, sqrt

_STEP = log(1.25)  # between two knees that are told apart
_SKEW = 1.6  # times the latency of the quicker half is the mean
_SOFT = 0.12  # of the knee: a queue forms by chance even a little below it
_ALIKE = 0.2  # times width^1.5 is the variance that neighbours in a queue share, with one worker
_IN_QUEUE = 0.1  # of the latency: the wait from which neighbours are alike
_FLOOR = 0.04**2  # variance of a cohort's latency that no number of samples takes away
_KNEE_JUMPS, _KNEE_DRIFTS = 0.01, 0.05  # chance per cohort
_LATENCY_JUMPS, _JUMP, _DRIFT = 0.01, 1.2**2, 0.01**2  # chance per cohort; variances
_UNKNOWN = 9.0  # variance of a log latency
_RECALLED = 0.04
_IMPOSSIBLE, _LEAST = 1e-12, 1000.0  # weight; squared error, in variances, that counts as more
_SINGLE, _DOUBT = 3, 0.2  # knees that a single worker may have: below 1.75; times their weight
_EXPECTED = 4.0  # squared error, in variances, up to which no jump is considered


class Belief:
    """A weight for each possible knee, and with each of them a normal distribution of the latency.

    The latency is the log of what the quicker half of a cohort took: w without a queue. With n in
    flight and a knee of K, everybody waits (n / K - 1) times the *mean* latency (Little's law),
    which is about 1.6 times that of the quicker half, so it is w + ln(1 + 1.6 (n / K - 1)). With
    few workers the wait varies and the quicker half waits less: 1 instead of 1.6 with one worker.

    In a queue, neighbours wait behind the same expensive page: a whole cohort is slow or
    quick, however many requests it has. So a knee below the load explains an odd cohort more
    easily than one above. Without this, a few expensive pages look like lost workers. How alike
    was measured in simulated queues: a variance of 0.2 · width^1.5 / √K.

    Knees are 25 % apart. For each of them, w is a Kalman filter, so this is a Rao-Blackwellised
    filter (Doucet et al., UAI 2000). "The site is slower" and "the site has fewer workers" are both
    kept until what happens with another number in flight tells them apart. From cohort to cohort
    the knee may drift to a neighbour (5 %) or jump anywhere (1 %), and w may drift (1 %) or jump
    (1 % of the cohorts, by a factor of three or so): a crawl comes from one section of a site to
    the next, whose pages may be ten times as expensive.

    highest: the largest limit. latency: w, once that is ``known``.
    """

    def __init__(self, highest: float) -> None:
        size = int(log(1.5 * max(1.0, highest)) / _STEP) + 2
        self._weights = [1 / size] * size
        self._means = [0.0] * size
        self._variances = [_UNKNOWN] * size
        shares = [exp(-_STEP * number) for number in range(size)]
        self._constants = [  # of each knee: 1 / K, the skew that shows, how alike neighbours are
            (share, _SKEW - (_SKEW - 1) * sqrt(share), _ALIKE * sqrt(share)) for share in shares
        ]
        self.known = False
        self.latency = 0.0

    @property
    def latency_sd(self) -> float:
        """The standard deviation of ``latency``."""
        return sqrt(self._spread())

    def knee(self, share: float) -> float:
        """Return the number in flight that the knee is below with a probability of ``share``."""
        total = 0.0
        for number, weight in enumerate(self._weights):
            if total + weight >= share:
                return exp(_STEP * (number + (share - total) / weight - 0.5))
            total += weight
        return exp(_STEP * len(self._weights))

    def chance_of_one(self) -> float:
        """Return the probability that the site has a single worker: a knee below 1.4."""
        return self._weights[0] + self._weights[1]

    def doubt_single(self) -> None:
        """Hold a single worker five times less likely, because the order of the answers denies it.

        Not impossible: one that serves several requests in turns answers in any order, too.
        """
        self.favour_single(_DOUBT)

    def favour_single(self, times: float) -> None:
        """Hold a single worker so many times likelier, compared with several."""
        weights = [weight * times for weight in self._weights[:_SINGLE]] + self._weights[_SINGLE:]
        total = sum(weights)
        self._weights = [max(weight / total, _IMPOSSIBLE) for weight in weights]
        self._estimate()

    def forget_knee(self, latency: float | None = None, *, several: bool = False) -> None:
        """Hold all knees equally likely.

        latency: what is known of it from earlier, if any. several: whether the site had several
        workers; a single one is then as unlikely as after two groups that denied it.
        """
        size = len(self._weights)
        if latency is not None:
            mean, variance = latency, _RECALLED
            self.known = True
        else:
            mean, variance = self.latency, max(_RECALLED, self._spread())
        self._weights = [1 / size] * size
        self._means, self._variances = [mean] * size, [variance] * size
        self.latency = mean
        if several:
            self.doubt_single()
            self.doubt_single()

    def see(self, load: float, latency: float, variance: float, width: float) -> None:
        """Take in the log ``latency`` of a cohort that started with ``load`` requests in flight.

        variance: of that latency, by chance. width: mean square of the distance of the logs of all
        latencies from that of the quicker half.
        """
        if not self.known:
            self.known = True
            self.latency = latency
            self._means = [latency] * len(self._means)
        p, means, variances = self._weights, self._means, self._variances
        anywhere = self.latency
        jump = _KNEE_JUMPS / len(p)
        jump_squares = jump * (self._spread() + anywhere * anywhere)
        stay, drift = 1 - _KNEE_JUMPS - _KNEE_DRIFTS, _KNEE_DRIFTS / 2
        first = [weight * mean for weight, mean in zip(p, means, strict=True)]
        second = [a * b + c * d for a, b, c, d in zip(first, means, p, variances, strict=True)]
        variance += _FLOOR
        shared = width**1.5
        weights = []
        total = 0.0
        last = len(p) - 1
        for k, (per_knee, skew, alike) in enumerate(self._constants):
            # The knee may have moved here, with a latency that fits where it was before.
            a, b = max(0, k - 1), min(last, k + 1)
            weight = stay * p[k] + drift * (p[a] + p[b]) + jump
            mean = (stay * first[k] + drift * (first[a] + first[b]) + jump * anywhere) / weight
            squares = stay * second[k] + drift * (second[a] + second[b]) + jump_squares
            prior = max(0.0, squares / weight - mean * mean) + _DRIFT
            # The time that a queue would have added, and how well that explains the cohort.
            beyond = load * per_knee - 1
            wait = (beyond + sqrt(beyond * beyond + _SOFT * _SOFT)) / 2
            noise = variance + alike * shared * wait / (wait + _IN_QUEUE)
            error = latency - mean - log(1 + skew * wait)
            same = prior + noise
            off = error * error / same
            chance = exp(-0.5 * min(off, _LEAST)) / sqrt(same)
            if off < _EXPECTED:  # a jump of the latency is not worth considering
                means[k] = mean + error * prior / same
                variances[k] = prior * noise / same
            else:
                jumped = same + _JUMP
                by_jump = _LATENCY_JUMPS * exp(-0.5 * error * error / jumped) / sqrt(jumped)
                chance += by_jump
                share = by_jump / chance
                if_same, if_jumped = error * prior / same, error * (prior + _JUMP) / jumped
                apart = if_jumped - if_same
                means[k] = mean + if_same + share * apart
                variances[k] = (
                    (1 - share) * prior * noise / same
                    + share * (prior + _JUMP) * noise / jumped
                    + share * (1 - share) * apart * apart
                )
            weight *= chance
            weights.append(weight)
            total += weight
        self._weights = [max(weight / total, _IMPOSSIBLE) for weight in weights]
        self._estimate()

    def _estimate(self) -> None:
        self.latency = sum(a * b for a, b in zip(self._weights, self._means, strict=True))

    def _spread(self) -> float:
        mean = self.latency
        each = zip(self._weights, self._means, self._variances, strict=True)
        return sum(p * (v + (m - mean) ** 2) for p, m, v in each)
