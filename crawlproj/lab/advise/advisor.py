"""Samples a workload, predicts its pages/s, recommends a load, and measures that load.

Its section of ``lab.json``::

    workload     what was crawled, in words
    settings     cores, free_cores [cores' worth of CPU that 1, 2, … processes got], rounds,
                 max_in_flight
    sampled      pages, latency_s (mean), latency_p50_s, latency_p90_s, latency_p99_s, and costs:
                 rows of workers, in_flight, worker_ms, support_ms (CPU per page)
    candidates   rows of workers, in_flight (over all workers), pages_per_s (predicted), bottleneck
    recommended  such a row, and rounds [{predicted_per_s, measured_per_s}], measured_per_s,
                 measured_pages, deviation (of the prediction from the measurement, as a share of
                 the latter), reasons [for a deviation of over 20 %], snippet [lines]

Of several rounds the median counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import mean, median, median_low
from typing import TYPE_CHECKING, Any

from crawlproj.lab.advise.free_cores import free_cores
from crawlproj.lab.advise.prediction.choose import candidates, recommend
from crawlproj.lab.advise.prediction.predict import Prediction, predict
from crawlproj.lab.advise.prediction.workload import Costs, Workload, site_latency_s
from crawlproj.lab.fetch.loads import Load
from crawlproj.lab.figures import round_to_4
from crawlproj.latency.histogram import Histogram

if TYPE_CHECKING:
    from crawlproj.lab.advise.crawls.base import Crawls
    from crawlproj.lab.advise.crawls.sample import Sample
    from crawlproj.lab.report.terminal import ReportProgress

TOLERANCE = 0.2
_LOW_IN_FLIGHT = 4
_NEARLY_ALL = 0.85  # share from which a difference is not worth a reason
_SHORT_PAGES = 200


@dataclass(slots=True)
class _Round:
    """free_cores: as found before each step. predictions: made before ``measured``."""

    free_cores: list[list[float]] = field(default_factory=list)
    samples: list[tuple[Load, Sample]] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    measured: Sample | None = None


class Advisor:
    """Advises on a workload.

    rounds: each takes samples, predicts from these alone, and then measures the load that the first
        round recommended.
    """

    def __init__(
        self, crawls: Crawls, cores: int, rounds: int, report_progress: ReportProgress
    ) -> None:
        self._crawls, self._cores, self._report_progress = crawls, cores, report_progress
        self._rounds = [_Round() for _ in range(rounds)]
        maximum = crawls.max_in_flight
        self._candidates = candidates(maximum, min(cores, crawls.max_workers, maximum))
        # With few in flight, a page waits for its site and hardly for the crawler.
        self._low = Load(min(_LOW_IN_FLIGHT, maximum))
        self._sampled = [self._low] if maximum <= _LOW_IN_FLIGHT else [self._low, Load(maximum)]
        self._steps_done = 0

    def run(self) -> dict[str, Any]:
        """Advise; return the section. Raises ConfigError."""
        load: Load | None = None
        for each in self._rounds:
            self._find_free_cores(each)
            for sampled in self._sampled:
                self._sample(each, sampled)
            load = load or self._choose(each)
            self._find_free_cores(each)
            workload = self._workload([each])
            each.predictions = [predict(workload, candidate) for candidate in self._candidates]
            self._report("measuring", load)
            cost = workload.costs_of(load)
            each.measured = self._crawls.measure(load, cost.worker_s + cost.support_s)
        assert load is not None  # noqa: S101 - there is at least one round
        return self._section(load)

    def _find_free_cores(self, now: _Round) -> None:
        now.free_cores.append(free_cores(self._cores))

    def _sample(self, now: _Round, load: Load) -> None:
        self._report("sampling", load)
        now.samples.append((load, self._crawls.sample(load)))

    def _choose(self, now: _Round) -> Load:
        """Return the load to recommend.

        Before it recommends several workers, it samples them: they need a shared frontier, so their
        pages cost something else.
        """
        best = self._recommend(now)
        if best.workers > 1:
            each = max(1, self._crawls.max_in_flight // best.workers)
            self._sampled.append(Load(each * best.workers, best.workers))
            self._sample(now, self._sampled[-1])
            best = self._recommend(now)
        return best

    def _recommend(self, now: _Round) -> Load:
        workload = self._workload([now])
        return recommend([predict(workload, load) for load in self._candidates]).load

    def _workload(self, rounds: list[_Round]) -> Workload:
        crawls = self._crawls
        samples = [each for one in rounds for each in one.samples]
        low = [sample for load, sample in samples if load == self._low]
        found_cores = [found for one in rounds for found in one.free_cores]
        cores = tuple(mean(each) for each in zip(*found_cores, strict=True))
        latency_s = site_latency_s(self._low, low, cores[0])
        several = [each for each in samples if each[0].workers > 1]
        return Workload(
            latency_s=latency_s,
            one_worker=Costs.of([each for each in samples if each[0].workers == 1]),
            several_workers=Costs.of(several) if several else None,
            cores=cores,
            sites_in_flight=crawls.max_in_flight if crawls.limited_by_sites else None,
            sites_per_s=median(crawls.sites_per_s(sample, latency_s) for sample in low),
        )

    def _report(self, doing: str, load: Load) -> None:
        steps = len(self._rounds) * (len(self._sampled) + 1)
        workers = "" if load.workers == 1 else f"{load.workers} workers × "
        words = f"{doing} {workers}{load.in_flight // load.workers} in flight"
        self._report_progress(words, min(1.0, self._steps_done / steps))
        self._steps_done += 1

    def _section(self, load: Load) -> dict[str, Any]:
        workload = self._workload(self._rounds)
        predicted = [
            _median([one.predictions[number] for one in self._rounds])
            for number in range(len(self._candidates))
        ]
        best = predicted[self._candidates.index(load)]
        measured = [one.measured for one in self._rounds if one.measured is not None]
        rates = [sample.pages_per_s for sample in measured]
        deviation = best.pages_per_s / median_low(rates) - 1
        off = abs(deviation) > TOLERANCE
        return {
            "settings": {
                "cores": self._cores,
                "free_cores": [round_to_4(each) for each in workload.cores],
                "rounds": len(self._rounds),
                "max_in_flight": self._crawls.max_in_flight,
            },
            "sampled": self._describe_samples(workload),
            "candidates": [_row(each) for each in predicted],
            "recommended": {
                **_row(best),
                "rounds": [
                    {"predicted_per_s": round_to_4(one), "measured_per_s": round_to_4(other)}
                    for one, other in zip(self._predicted(load), rates, strict=True)
                ],
                "measured_per_s": round_to_4(median_low(rates)),
                "measured_pages": sum(sample.pages for sample in measured),
                "deviation": round_to_4(deviation),
                "reasons": self._reasons(workload, measured) if off else [],
                "snippet": self._crawls.snippet(load),
            },
        }

    def _predicted(self, load: Load) -> list[float]:
        number = self._candidates.index(load)
        return [one.predictions[number].pages_per_s for one in self._rounds]

    def _describe_samples(self, workload: Workload) -> dict[str, Any]:
        latency = Histogram()
        samples = [each for one in self._rounds for each in one.samples]
        for load, sample in samples:
            if load == self._low:
                latency.merge(sample.latency)
        costs = [(1, cost) for cost in workload.one_worker.known]
        if workload.several_workers is not None:
            workers = self._sampled[-1].workers
            costs += [(workers, cost) for cost in workload.several_workers.known]
        return {
            "pages": sum(sample.pages for _, sample in samples),
            "latency_s": round_to_4(workload.latency_s),
            **{f"latency_p{q}_s": round_to_4(latency.quantile(q / 100)) for q in (50, 90, 99)},
            "costs": [
                {
                    "workers": workers,
                    "in_flight": cost.in_flight * workers,
                    "worker_ms": round_to_4(cost.worker_s * 1000),
                    "support_ms": round_to_4(cost.support_s * 1000),
                }
                for workers, cost in costs
            ],
        }

    def _reasons(self, workload: Workload, measured: list[Sample]) -> list[str]:
        """Return the possible reasons for a wrong prediction."""
        reasons = []
        if workload.cores[-1] < _NEARLY_ALL * self._cores:
            reasons.append(
                f"other programs use this machine: {workload.cores[-1]:.1f} of {self._cores} cores "
                "were free before the measurement, and that may have changed since"
            )
        learned = median(sum(sample.limits.values()) for sample in measured)
        maximum = self._crawls.max_in_flight
        if self._crawls.limited_by_sites and learned < _NEARLY_ALL * maximum:
            reasons.append(
                f"the crawl learned limits of {learned:.0f} in flight for its sites, less than the "
                f"{maximum} that the settings allow"
            )
        if min(sample.pages for sample in measured) < _SHORT_PAGES:
            reasons.append("the measurement was short; more pages give a better figure")
        return reasons or ["the sites, or this machine, changed from run to run: try again"]


def _median(predictions: list[Prediction]) -> Prediction:
    """Return the median by pages/s; of an even number, the lower of the two in the middle."""
    ordered = sorted(predictions, key=lambda each: each.pages_per_s)
    return ordered[(len(ordered) - 1) // 2]


def _row(prediction: Prediction) -> dict[str, Any]:
    return {
        "workers": prediction.load.workers,
        "in_flight": prediction.load.in_flight,
        "pages_per_s": round_to_4(prediction.pages_per_s),
        "bottleneck": prediction.bottleneck,
    }
