"""The measurement of ``scrapy lab fetch``: every model fetches the same pages, at rising loads.

Its section of ``lab.json``::

    settings   latency, latency_s (mean), page_bytes, parse_ms, in_flight [of each load], rounds,
               cores, url
    models     {name: the fields of its row, and unavailable (why it did not run, or "")}
    cells      rows: model, in_flight, workers, parse_ms, failure (why it did not finish, or ""),
               and the figures of run.Run as {median, low, high} over the rounds, null if unknown
    matrix     rows like those of cells: n workers × c in flight at several costs of parsing
    stress     {model: in_flight, failure}: one run far beyond the loads of the cells
    memory     rows of memory_per_request.py
    claims     rows of claims.py
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.claims import claims
from crawlproj.lab.fetch.loads import Load, matrix, page_count, sweep
from crawlproj.lab.fetch.memory_per_request import COMPARED, memory_per_request
from crawlproj.lab.fetch.models.table import MODELS, FetchModel
from crawlproj.lab.fetch.recommendation import recommendation
from crawlproj.lab.fetch.run import Run, RunFailed, run_model
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import LabTarget, UrlTarget
from crawlproj.lab.figures import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawlproj.lab.fetch.site.latency import Latency
    from crawlproj.lab.report.terminal import ReportProgress


_STRESS_IN_FLIGHT = 2048
_PROBE = Load(1)
_PROBE_PAGES = 10
_FIGURES = (*(each.name for each in fields(Run)), "cpu_ms")


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice of what to measure.

    pages: of each run; 0 for as many as take about ``seconds``. min_reuse: see loads.page_count.
    rounds: the maximum; budget_s: no round but the first starts if it would end later than that.
    After the first round, loads of one request in flight are left out: they take long, and nothing
    competes there.
    matrix_in_flight: of the n × c matrix; empty for no matrix. matrix_seconds: see seconds.
    stress_in_flight: of one run per model beyond ``in_flight``; 0 for none.
    memory_in_flight: of each model of memory_per_request.COMPARED, one more load: the largest of
    these that the model allows. Empty for none.
    """

    models: list[FetchModel]
    in_flight: list[int]
    latency: Latency
    cores: int
    page_bytes: int = 10_000
    parse_ms: float = 0.0
    pages: int = 0
    seconds: float = 0.4
    min_reuse: int = 4
    rounds: int = 3
    budget_s: float = 310.0
    matrix_in_flight: tuple[int, ...] = (8, 32, 128)
    matrix_parse_ms: tuple[float, ...] = (0.0, 2.0, 10.0)
    matrix_seconds: float = 0.8
    stress_in_flight: int = _STRESS_IN_FLIGHT
    memory_in_flight: tuple[int, ...] = ()


@dataclass(slots=True)
class _Cell:
    """The runs of a model on a load."""

    runs: list[Run] = field(default_factory=list)
    failure: str = ""
    pages: int = 0


class FetchMeasurement:
    """The measurement of a plan."""

    def __init__(
        self, plan: Plan, target: LabTarget | UrlTarget, report_progress: ReportProgress
    ) -> None:
        self._plan = plan
        self._target = target
        self._report_progress = report_progress
        self._latency_s = plan.latency.mean_s
        self._described = {model.name: model.describe() for model in plan.models}
        self._models = [
            model for model in plan.models if not self._described[model.name]["unavailable"]
        ]
        self._cells: defaultdict[tuple[str, Load], _Cell] = defaultdict(_Cell)
        self._matrix: list[Load] = []
        if MODELS["workers"] in self._models:
            self._matrix = matrix(plan.cores, plan.matrix_in_flight, plan.matrix_parse_ms)
        self._for_memory = [
            (model, Load(max(allowed)))
            for model in self._models
            if model.name in COMPARED
            and (allowed := [n for n in plan.memory_in_flight if n <= (model.max_in_flight or n)])
        ]
        self._stress: dict[str, str] = {}
        self._rounds = 0

    def run(self) -> dict[str, Any]:
        """Measure; return the section. Raises ConfigError if the site does not answer."""
        if isinstance(self._target, UrlTarget):
            self._measure_latency(self._target)
        began = time.monotonic()
        turns = list(self._turns())
        took = self._round(turns)
        repeated = [turn for turn in turns if turn[1].in_flight > 1] or turns
        repeated_s = sum(
            seconds for turn, seconds in zip(turns, took, strict=True) if turn in repeated
        )
        if self._plan.stress_in_flight > max(self._plan.in_flight):
            self._run_stress()
        end = began + self._plan.budget_s
        while self._rounds < self._plan.rounds and time.monotonic() + repeated_s <= end:
            self._round(repeated)
        return self._section()

    def _round(self, turns: Sequence[tuple[FetchModel, Load]]) -> list[float]:
        """Measure each turn; return the seconds that each took."""
        self._rounds += 1
        took = []
        for done, (model, load) in enumerate(turns):
            workers = f"{load.workers} × " if model.unit == "workers" else ""
            parse = f", parsing {load.parse_ms:g} ms" if load.parse_ms else ""
            self._report_progress(
                f"round {self._rounds}: {model.title}, {workers}"
                f"{load.in_flight // load.workers} in flight{parse}",
                done / len(turns),
            )
            began = time.monotonic()
            self._turn(model, load)
            took.append(time.monotonic() - began)
        return took

    def _turns(self) -> Iterator[tuple[FetchModel, Load]]:
        """Yield models by turns at each load, so that a busy spell of the machine hits them all."""
        plan = self._plan
        loads = {
            model.name: sweep(model, plan.in_flight, plan.cores, plan.parse_ms)
            for model in self._models
        }
        for step in range(max((len(each) for each in loads.values()), default=0)):
            for model in self._models:
                if step < len(loads[model.name]):
                    yield model, loads[model.name][step]
        for load in self._matrix:
            if load not in loads["workers"]:
                yield MODELS["workers"], load
        for model, load in self._for_memory:
            if load not in loads[model.name]:
                yield model, load

    def _turn(self, model: FetchModel, load: Load) -> None:
        cell = self._cells[model.name, load]
        if self._failed_below(model, load):
            cell.failure = "it failed with fewer in flight"
        if cell.failure:
            return
        cell.pages = cell.pages or self._plan.pages or self._page_count(model, load)
        try:
            cell.runs.append(run_model(model, load, max(cell.pages, 1), self._target))
        except RunFailed as exc:
            cell.failure = str(exc)

    def _page_count(self, model: FetchModel, load: Load) -> int:
        """Return how many pages take the planned time, by the CPU of a page at smaller loads."""
        costs = [
            run.cpu_ms / 1000
            for (name, known), cell in self._cells.items()
            if name == model.name and known.parse_ms == load.parse_ms
            for run in cell.runs
        ]
        plan = self._plan
        # The matrix takes longer runs, because at the end of a run some processes have no pages
        # left. All models get those at its loads, because short runs have fewer pages/s.
        seconds = plan.matrix_seconds if load in self._matrix else plan.seconds
        return page_count(
            load, self._latency_s, seconds, plan.cores, plan.min_reuse, min(costs, default=None)
        )

    def _failed_below(self, model: FetchModel, load: Load) -> bool:
        return any(
            cell.failure
            for (name, known), cell in self._cells.items()
            if name == model.name
            and known.in_flight < load.in_flight
            and known.parse_ms == load.parse_ms
            and known.workers == load.workers
        )

    def _run_stress(self) -> None:
        """Run each model that has no maximum of its own once, far beyond the planned loads."""
        in_flight = self._plan.stress_in_flight
        models = [model for model in self._models if not model.max_in_flight]
        for done, model in enumerate(models):
            if any(cell.failure for (name, _), cell in self._cells.items() if name == model.name):
                continue
            self._report_progress(
                f"stress: {model.title}, {in_flight} in flight", done / len(models)
            )
            workers = self._plan.cores if model.unit == "workers" else 1
            try:
                run_model(model, Load(in_flight, workers), in_flight, self._target)
                self._stress[model.name] = ""
            except RunFailed as exc:
                self._stress[model.name] = str(exc)

    def _measure_latency(self, target: UrlTarget) -> None:
        """Measure how long the user's site takes to answer, one page at a time."""
        self._report_progress("measuring the site's latency", 0.0)
        target.latency_s = self._latency_s = 1.0
        run = run_model(MODELS["serial"], _PROBE, _PROBE_PAGES, target)
        target.latency_s = self._latency_s = run.wall_s / run.pages

    def _section(self) -> dict[str, Any]:
        plan = self._plan
        rows = {key: _row(*key, cell) for key, cell in self._cells.items()}
        swept = [
            (model.name, load)
            for model in self._models
            for load in sweep(model, plan.in_flight, plan.cores, plan.parse_ms)
        ]
        section: dict[str, Any] = {
            "settings": {
                "latency": "" if isinstance(self._target, UrlTarget) else str(plan.latency),
                "latency_s": self._latency_s,
                "page_bytes": plan.page_bytes,
                "parse_ms": plan.parse_ms,
                "in_flight": plan.in_flight,
                "rounds": self._rounds,
                "cores": plan.cores,
                "url": self._target.prefix if isinstance(self._target, UrlTarget) else "",
            },
            "models": self._described,
            "cells": [rows[key] for key in swept],
            "matrix": [rows["workers", load] for load in self._matrix],
            "stress": {
                name: {"in_flight": plan.stress_in_flight, "failure": failure}
                for name, failure in self._stress.items()
            },
        }
        more = [rows[model.name, load] for model, load in self._for_memory]
        section["memory"] = memory_per_request(section["models"], [*section["cells"], *more])
        section["recommendation"] = recommendation(section)
        section["claims"] = [asdict(claim) for claim in claims(section)]
        return section


def measure(plan: Plan, url: str, report_progress: ReportProgress) -> dict[str, Any]:
    """Measure on the lab's own site, or on ``url`` (see UrlTarget) unless it is "".

    Returns the section. Raises ConfigError.
    """
    if url:
        try:
            return FetchMeasurement(plan, UrlTarget(url), report_progress).run()
        except RunFailed as exc:
            raise ConfigError(f"--url {url}: the site cannot be measured: {exc}") from None
    with LabSite() as site:
        target = LabTarget(site, plan.latency, plan.page_bytes)
        return FetchMeasurement(plan, target, report_progress).run()


def _row(name: str, load: Load, cell: _Cell) -> dict[str, Any]:
    figures = summarize(_FIGURES, cell.runs)
    return {"model": name, **asdict(load), "failure": cell.failure, **figures}
