"""``scrapy lab fetch``: every model on the same pages, at rising loads, in turns.

The section it makes of the lab's document (see document.py)::

    settings   latency, latency_s (mean), page_bytes, parse_ms, in_flight [most, …], rounds, url
    models     {name: title, shows, unit, keeps, most, unavailable (why; "" if it ran)}
    cells      rows: model, in_flight, workers, parse_ms, broke (why; "" if it got through), and the
               fields of measure.Run as {median, low, high} over the rounds, null if not known
    matrix     rows like those of cells: n workers × c in flight at several costs of parsing
    reach      {model: in_flight, broke}: one look beyond the sweep
    memory     rows of memory.py
    claims     rows of claims.py
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.claims import claims
from crawlproj.lab.fetch.loads import Load, matrix, pages_for, sweep
from crawlproj.lab.fetch.memory_per_request import COMPARED, per_unit
from crawlproj.lab.fetch.models.table import MODELS, Model
from crawlproj.lab.fetch.run import Run, RunBroke, measure
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import ForeignSite, OwnSite
from crawlproj.lab.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawlproj.lab.fetch.site.latency import Latency


REACH = 2048
_PROBE = Load(1)
_PROBE_PAGES = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    seconds: of waiting that a run is to take at best; turns: see loads.pages_for; pages: a run,
    instead.
    rounds: at most; budget_s: of all; no round but the first begins that would not end within it.
    They repeat what has more than one in flight: alone nothing competes, and waiting takes long.
    matrix_in_flight: of the n × c matrix; empty leaves it out. matrix_seconds: as seconds.
    reach: in flight of the look beyond the sweep; 0 leaves it out.
    memory_in_flight: for the memory of memory.COMPARED, one more load of each: the largest of these
    that the model bears. Empty leaves it out.
    """

    models: list[Model]
    in_flight: list[int]
    latency: Latency
    cores: int
    page_bytes: int = 10_000
    parse_ms: float = 0.0
    pages: int = 0
    seconds: float = 0.4
    turns: int = 4
    rounds: int = 3
    budget_s: float = 310.0
    matrix_in_flight: tuple[int, ...] = (8, 32, 128)
    matrix_parse_ms: tuple[float, ...] = (0.0, 2.0, 10.0)
    matrix_seconds: float = 0.8
    reach: int = REACH
    memory_in_flight: tuple[int, ...] = ()


@dataclass(slots=True)
class _Cell:
    runs: list[Run] = field(default_factory=list)
    broke: str = ""
    pages: int = 0


class Fetching:
    """A measurement of a plan. say: told what is done next, and how much of the round that is."""

    def __init__(
        self,
        plan: Plan,
        target: OwnSite | ForeignSite,
        say: Callable[[str, float], None],
    ) -> None:
        self._plan = plan
        self._target = target
        self._say = say
        self._latency_s = plan.latency.mean_s
        self._unavailable = {model.name: model.missing() for model in plan.models}
        self._models = [model for model in plan.models if not self._unavailable[model.name]]
        self._cells: defaultdict[tuple[str, Load], _Cell] = defaultdict(_Cell)
        self._matrix: list[Load] = []
        if MODELS["workers"] in self._models:
            self._matrix = matrix(plan.cores, plan.matrix_in_flight, plan.matrix_parse_ms)
        self._for_memory = [
            (model, Load(max(bearable)))
            for model in self._models
            if model.name in COMPARED
            and (bearable := [n for n in plan.memory_in_flight if n <= (model.most or n)])
        ]
        self._reach: dict[str, str] = {}
        self._rounds = 0

    def run(self) -> dict[str, Any]:
        """Measure, and return the section. Raises ConfigError if the site does not answer."""
        if isinstance(self._target, ForeignSite):
            self._probe(self._target)
        began = time.monotonic()
        turns = list(self._turns())
        took = self._round(turns)
        again = [turn for turn in turns if turn[1].in_flight > 1] or turns
        again_s = sum(seconds for turn, seconds in zip(turns, took, strict=True) if turn in again)
        if self._plan.reach > max(self._plan.in_flight):
            self._look_beyond()
        end = began + self._plan.budget_s
        while self._rounds < self._plan.rounds and time.monotonic() + again_s <= end:
            self._round(again)
        return self._section()

    def _round(self, turns: Sequence[tuple[Model, Load]]) -> list[float]:
        """Measure each of ``turns``; returns the seconds that each took."""
        self._rounds += 1
        took = []
        for done, (model, load) in enumerate(turns):
            workers = f"{load.workers} × " if model.unit == "workers" else ""
            parse = f", parsing {load.parse_ms:g} ms" if load.parse_ms else ""
            self._say(
                f"round {self._rounds}: {model.title}, {workers}"
                f"{load.in_flight // load.workers} in flight{parse}",
                done / len(turns),
            )
            began = time.monotonic()
            self._turn(model, load)
            took.append(time.monotonic() - began)
        return took

    def _turns(self) -> Iterator[tuple[Model, Load]]:
        """In turns by load, so that what the machine does meanwhile meets all models alike."""
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

    def _turn(self, model: Model, load: Load) -> None:
        cell = self._cells[model.name, load]
        if self._broken_below(model, load):
            cell.broke = "it broke at fewer in flight"
        if cell.broke:
            return
        cell.pages = cell.pages or self._plan.pages or self._pages(model, load)
        try:
            cell.runs.append(measure(model, load, max(cell.pages, 1), self._target))
        except RunBroke as exc:
            cell.broke = str(exc)

    def _pages(self, model: Model, load: Load) -> int:
        """As many as seem to take the time; what a page costs is known from smaller loads."""
        costs = [
            run.cpu_ms / 1000
            for (name, known), cell in self._cells.items()
            if name == model.name and known.parse_ms == load.parse_ms
            for run in cell.runs
        ]
        plan = self._plan
        # Longer, where processes are compared: at the end of a run not all have pages left. That
        # goes for all models at such a load, as short runs have fewer pages/s.
        seconds = plan.matrix_seconds if load in self._matrix else plan.seconds
        return pages_for(
            load, self._latency_s, seconds, plan.cores, plan.turns, min(costs, default=None)
        )

    def _broken_below(self, model: Model, load: Load) -> bool:
        return any(
            cell.broke
            for (name, known), cell in self._cells.items()
            if name == model.name
            and known.in_flight < load.in_flight
            and known.parse_ms == load.parse_ms
            and known.workers == load.workers
        )

    def _look_beyond(self) -> None:
        reach = self._plan.reach
        models = [model for model in self._models if not model.most]
        for done, model in enumerate(models):
            if any(cell.broke for (name, _), cell in self._cells.items() if name == model.name):
                continue
            self._say(f"beyond: {model.title}, {reach} in flight", done / len(models))
            workers = self._plan.cores if model.unit == "workers" else 1
            try:
                measure(model, Load(reach, workers), reach, self._target)
                self._reach[model.name] = ""
            except RunBroke as exc:
                self._reach[model.name] = str(exc)

    def _probe(self, target: ForeignSite) -> None:
        """Find out how long the user's site takes to answer, one page at a time."""
        self._say("asking the site how long it takes", 0.0)
        target.latency_s = self._latency_s = 1.0
        run = measure(MODELS["serial"], _PROBE, _PROBE_PAGES, target)
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
                "latency": "" if isinstance(self._target, ForeignSite) else str(plan.latency),
                "latency_s": self._latency_s,
                "page_bytes": plan.page_bytes,
                "parse_ms": plan.parse_ms,
                "in_flight": plan.in_flight,
                "rounds": self._rounds,
                "cores": plan.cores,
                "url": self._target.prefix if isinstance(self._target, ForeignSite) else "",
            },
            "models": {model.name: self._described(model) for model in plan.models},
            "cells": [rows[key] for key in swept],
            "matrix": [rows["workers", load] for load in self._matrix],
            "reach": {
                name: {"in_flight": plan.reach, "broke": broke}
                for name, broke in self._reach.items()
            },
        }
        more = [rows[model.name, load] for model, load in self._for_memory]
        section["memory"] = per_unit(section["models"], [*section["cells"], *more])
        section["claims"] = [asdict(claim) for claim in claims(section)]
        return section

    def _described(self, model: Model) -> dict[str, Any]:
        return {
            "title": model.title,
            "shows": model.shows,
            "unit": model.unit,
            "keeps": model.keeps,
            "most": model.most,
            "unavailable": self._unavailable[model.name],
        }


def measured(plan: Plan, url: str, say: Callable[[str, float], None]) -> dict[str, Any]:
    """Measure on the lab's own site, or on ``url`` if it is not "" (see targets.ForeignSite)."""
    if url:
        try:
            return Fetching(plan, ForeignSite(url), say).run()
        except RunBroke as exc:
            raise ConfigError(f"--url {url}: the site cannot be measured: {exc}") from None
    with LabSite() as site:
        return Fetching(plan, OwnSite(site, plan.latency, plan.page_bytes), say).run()


def _row(name: str, load: Load, cell: _Cell) -> dict[str, Any]:
    row: dict[str, Any] = {"model": name, **asdict(load), "broke": cell.broke}
    for each in (*(each.name for each in fields(Run)), "cpu_ms"):
        figure = Figure.of(getattr(run, each) for run in cell.runs)
        row[each] = figure and {key: _short(value) for key, value in asdict(figure).items()}
    return row


def _short(value: float) -> float:
    return float(f"{value:.4g}")
