"""Samples a workload, predicts, recommends, and measures what is recommended.

The section it makes of the lab's document (see document.py)::

    workload     what was asked for, in words
    settings     cores, spare [cores that 1, 2, … processes got], rounds, most_in_flight
    sampled      pages, latency_s (mean), latency_p50_s, latency_p90_s, latency_p99_s, and costs:
                 rows of workers, in_flight, worker_ms, beside_ms (CPU a page)
    candidates   rows of workers, in_flight (over all workers), pages_per_s (predicted), bound
    recommended  such a row, and rounds [{predicted_per_s, measured_per_s}], measured_per_s,
                 measured_pages, deviation (of the prediction from what was measured, as a share of
                 that), reasons [why it may be off, where it is by over 20 %], snippet [lines]

Of several rounds the median counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import mean, median, median_low
from typing import TYPE_CHECKING, Any

from crawlproj.lab.advise.free_cores import spare_cores
from crawlproj.lab.advise.prediction.choose import candidates, recommended
from crawlproj.lab.advise.prediction.predict import Prediction, predict
from crawlproj.lab.advise.prediction.workload import Costs, Workload, latency_s
from crawlproj.lab.fetch.loads import Load
from crawlproj.latency.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.lab.advise.crawls.runs import Runs
    from crawlproj.lab.advise.crawls.sample import Sample

TOLERANCE = 0.2
_LOW = 4
_FREE = 0.85  # share from which there is no difference worth naming
_MANY = 200  # pages


@dataclass(slots=True)
class _Round:
    """spare: looks at what others leave of the machine. predictions: made before measured was."""

    spare: list[list[float]] = field(default_factory=list)
    samples: list[tuple[Load, Sample]] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    measured: Sample | None = None


class Advising:
    """Advises on a workload. say: told what is done next, and how much of all that is.

    rounds: each samples, predicts from that alone, and then measures what the first recommended.
    """

    def __init__(
        self, runs: Runs, cores: int, rounds: int, say: Callable[[str, float], None]
    ) -> None:
        self._runs, self._cores, self._say = runs, cores, say
        self._rounds = [_Round() for _ in range(rounds)]
        most = runs.most_in_flight
        self._candidates = candidates(most, min(cores, runs.most_workers, most))
        # Few in flight: a page waits for its site, and hardly for the crawler.
        self._low = Load(min(_LOW, most))
        self._loads = [self._low] if most <= _LOW else [self._low, Load(most)]
        self._done = 0

    def run(self) -> dict[str, Any]:
        """Do it, and return the section. Raises ConfigError."""
        load: Load | None = None
        for each in self._rounds:
            self._look_at_cores(each)
            for sampled in self._loads:
                self._sample(each, sampled)
            load = load or self._choose(each)
            self._look_at_cores(each)
            workload = self._workload([each])
            each.predictions = [predict(workload, candidate) for candidate in self._candidates]
            self._tell("measuring", load)
            cost = workload.costs_of(load)
            each.measured = self._runs.measure(load, cost.worker_s + cost.beside_s)
        assert load is not None  # noqa: S101 - there is a round at least
        return self._section(load)

    def _look_at_cores(self, now: _Round) -> None:
        now.spare.append(spare_cores(self._cores))

    def _sample(self, now: _Round, load: Load) -> None:
        self._tell("sampling", load)
        now.samples.append((load, self._runs.sample(load)))

    def _choose(self, now: _Round) -> Load:
        """Return the load to recommend; where that is of several workers, these are sampled first.

        Their frontier is another one, and so are their costs.
        """
        best = self._recommended(now)
        if best.workers > 1:
            each = max(1, self._runs.most_in_flight // best.workers)
            self._loads.append(Load(each * best.workers, best.workers))
            self._sample(now, self._loads[-1])
            best = self._recommended(now)
        return best

    def _recommended(self, now: _Round) -> Load:
        workload = self._workload([now])
        return recommended([predict(workload, load) for load in self._candidates]).load

    def _workload(self, rounds: list[_Round]) -> Workload:
        runs = self._runs
        samples = [each for one in rounds for each in one.samples]
        looks = [look for one in rounds for look in one.spare]
        low = [sample for load, sample in samples if load == self._low]
        cores = tuple(mean(each) for each in zip(*looks, strict=True))
        seconds = latency_s(self._low, low, cores[0])
        shared = [each for each in samples if each[0].workers > 1]
        return Workload(
            latency_s=seconds,
            alone=Costs.of([each for each in samples if each[0].workers == 1]),
            shared=Costs.of(shared) if shared else None,
            cores=cores,
            sites_in_flight=runs.most_in_flight if runs.limited else None,
            sites_per_s=median(runs.sites_per_s(sample, seconds) for sample in low),
        )

    def _tell(self, doing: str, load: Load) -> None:
        steps = len(self._rounds) * (len(self._loads) + 1)
        workers = "" if load.workers == 1 else f"{load.workers} workers × "
        words = f"{doing} {workers}{load.in_flight // load.workers} in flight"
        self._say(words, min(1.0, self._done / steps))
        self._done += 1

    def _section(self, load: Load) -> dict[str, Any]:
        workload = self._workload(self._rounds)
        predicted = [
            _middle([one.predictions[number] for one in self._rounds])
            for number in range(len(self._candidates))
        ]
        best = predicted[self._candidates.index(load)]
        measured = [one.measured for one in self._rounds if one.measured is not None]
        rates = [sample.pages_per_s for sample in measured]
        deviation = best.pages_per_s / median_low(rates) - 1
        return {
            "settings": {
                "cores": self._cores,
                "spare": [_short(each) for each in workload.cores],
                "rounds": len(self._rounds),
                "most_in_flight": self._runs.most_in_flight,
            },
            "sampled": self._sampled(workload),
            "candidates": [_row(each) for each in predicted],
            "recommended": {
                **_row(best),
                "rounds": [
                    {"predicted_per_s": _short(one), "measured_per_s": _short(other)}
                    for one, other in zip(self._predicted(load), rates, strict=True)
                ],
                "measured_per_s": _short(median_low(rates)),
                "measured_pages": sum(sample.pages for sample in measured),
                "deviation": _short(deviation),
                "reasons": (
                    [] if abs(deviation) <= TOLERANCE else self._reasons(workload, measured)
                ),
                "snippet": self._runs.snippet(load),
            },
        }

    def _predicted(self, load: Load) -> list[float]:
        number = self._candidates.index(load)
        return [one.predictions[number].pages_per_s for one in self._rounds]

    def _sampled(self, workload: Workload) -> dict[str, Any]:
        latency = Histogram()
        samples = [each for one in self._rounds for each in one.samples]
        for load, sample in samples:
            if load == self._low:
                latency.merge(sample.latency)
        costs = [(1, cost) for cost in workload.alone.known]
        if workload.shared is not None:
            workers = self._loads[-1].workers
            costs += [(workers, cost) for cost in workload.shared.known]
        return {
            "pages": sum(sample.pages for _, sample in samples),
            "latency_s": _short(workload.latency_s),
            **{f"latency_p{q}_s": _short(latency.quantile(q / 100)) for q in (50, 90, 99)},
            "costs": [
                {
                    "workers": workers,
                    "in_flight": cost.in_flight * workers,
                    "worker_ms": _short(cost.worker_s * 1000),
                    "beside_ms": _short(cost.beside_s * 1000),
                }
                for workers, cost in costs
            ],
        }

    def _reasons(self, workload: Workload, measured: list[Sample]) -> list[str]:
        """Return what may have made the prediction wrong."""
        found = []
        if workload.cores[-1] < _FREE * self._cores:
            found.append(
                f"others use this machine: {workload.cores[-1]:.1f} of {self._cores} cores were "
                "free before, and it may have been more or fewer since"
            )
        learnt = median(sum(sample.limits.values()) for sample in measured)
        if self._runs.limited and learnt < _FREE * self._runs.most_in_flight:
            found.append(
                f"the crawl learnt that its sites bear {learnt:.0f} in "
                f"flight, not the {self._runs.most_in_flight} that they may have"
            )
        if min(sample.pages for sample in measured) < _MANY:
            found.append("the measurement was short: more pages say more")
        return found or ["the sites, or this machine, were not the same from run to run: try again"]


def _middle(predictions: list[Prediction]) -> Prediction:
    """Return the median by pages/s, of two in the middle the lower one."""
    ordered = sorted(predictions, key=lambda each: each.pages_per_s)
    return ordered[(len(ordered) - 1) // 2]


def _row(prediction: Prediction) -> dict[str, Any]:
    return {
        "workers": prediction.load.workers,
        "in_flight": prediction.load.in_flight,
        "pages_per_s": _short(prediction.pages_per_s),
        "bound": prediction.bound,
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")
