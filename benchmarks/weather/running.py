"""Runs scenarios with policies and seeds in several processes, and collects the figures."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.weather.client import Client
from benchmarks.weather.measures import endings_of, estimate, figures_of
from benchmarks.weather.policies import policy_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.weather.measures import Estimate, Figures
    from benchmarks.weather.scenario import Scenario

_AT_ONCE = 5  # seeds per task of a process


@dataclass(slots=True)
class Result:
    """A scenario with a policy: the figures by seed, and the number of requests by ending."""

    scenario: Scenario
    policy: str
    figures: list[Figures] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)

    def __getitem__(self, name: str) -> Estimate:
        """Return the mean of a figure over the seeds."""
        return estimate([figures[name] for figures in self.figures])


@dataclass(frozen=True, slots=True)
class _Task:
    scenario: Scenario
    policy: str
    seeds: range


def run_all(
    scenarios: Sequence[Scenario], policies: Sequence[str], seeds: int, jobs: int
) -> Iterator[Result]:
    """Yield a result for each scenario and policy, in that order, over seeds 1 to ``seeds``."""
    tasks = [
        _Task(scenario, policy, range(first, min(seeds, first + _AT_ONCE - 1) + 1))
        for scenario in scenarios
        for policy in policies
        for first in range(1, seeds + 1, _AT_ONCE)
    ]
    if jobs == 1:
        yield from _gather(tasks, map(_run, tasks), seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from _gather(tasks, pool.map(_run, tasks), seeds)


def _gather(
    tasks: Sequence[_Task], done: Iterator[list[tuple[Figures, Counter[str]]]], seeds: int
) -> Iterator[Result]:
    result: Result | None = None
    for task, runs in zip(tasks, done, strict=True):
        if result is None:
            result = Result(task.scenario, task.policy)
        for figures, endings in runs:
            result.figures.append(figures)
            result.endings.update(endings)
        if len(result.figures) == seeds:
            yield result
            result = None


def _run(task: _Task) -> list[tuple[Figures, Counter[str]]]:
    make = policy_of(task.policy)
    done = []
    for seed in task.seeds:
        runs = Client(task.scenario, make, seed).run()
        done.append((figures_of(task.scenario, runs), endings_of(runs)))
    return done
