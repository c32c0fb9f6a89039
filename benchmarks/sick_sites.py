"""The cost of sick sites to healthy ones that share a budget: ``python -m benchmarks.sick_sites``.

In virtual time, with the permits of a crawl: 17 sites of 4 workers that take 0.4 s (median), alone
and beside two that are 50 times slower and one that never answers. With 64 in flight, the budget is
what bounds the healthy sites; with 512, it is not. Prints the pages of the healthy sites as a share
of those without the sick ones. Takes a minute.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from benchmarks.weather.client import Client
from benchmarks.weather.policies import policy_of
from benchmarks.weather.scenario import Scenario
from crawlproj.demo.weather import Weather
from crawlproj.limits.permits import Permits
from crawlproj.limits.site import SiteControl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.weather.client import SiteRun
    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permit import Permit

_HEALTHY, _SLOW, _DURATION_S = 17, 2, 300.0
_BUDGETS, _TIMEOUTS_S = (64, 512), (20.0, 60.0)


class SharingClient(Client):
    """A client whose sites share its budget as those of a crawl do."""

    heartbeat_s = 0.25  # as often as shares are computed

    def __init__(self, scenario: Scenario, seed: int) -> None:
        super().__init__(scenario, policy_of("knee"), seed)
        self._time = 0.0
        self._permits = Permits(self._control, lambda: self._time, budget=scenario.in_flight)

    def _control(self, name: str) -> SiteControl:
        control = self._sites[int(name)].control
        assert isinstance(control, SiteControl)
        return control

    def _free(self, number: int, now: float) -> int:
        self._time = now
        return self._permits.free(str(number))

    def _ready_at(self, number: int) -> float:
        return self._permits.wake_at(str(number))

    def _take(self, number: int, now: float) -> Permit:
        self._time = now
        return self._permits.take(str(number))

    def _give_back(self, number: int, permit: Permit, now: float, ending: Ending) -> None:  # noqa: ARG002 - the permit knows its site
        self._time = now
        self._permits.give_back(permit, ending)


def main() -> int:
    """Simulate, and print a line for each budget and timeout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sick_sites")
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(1, parser.parse_args().seeds + 1)
    print("in flight  timeout  healthy pages kept: min, median  permits of a slow, the silent site")
    for budget in _BUDGETS:
        for timeout_s in _TIMEOUTS_S:
            beside, alone = _scenarios(budget, timeout_s)
            kept, slow, silent = [], [], []
            for seed in seeds:
                runs = SharingClient(beside, seed).run()
                kept.append(_pages(runs) / _pages(SharingClient(alone, seed).run()))
                slow.append(fmean(fmean(run.in_flight) for run in runs[_HEALTHY:-1]))
                silent.append(fmean(runs[-1].in_flight))
            print(
                f"{budget:9}  {timeout_s:5.0f} s  {min(kept):24.3f}, {median(kept):.3f}"
                f"  {median(slow):20.1f}, {median(silent):.1f}"
            )
    return 0


def _pages(runs: Sequence[SiteRun]) -> int:
    return sum(run.ok[-1] for run in runs[:_HEALTHY])


def _scenarios(budget: int, timeout_s: float) -> tuple[Scenario, Scenario]:
    """Return the healthy sites beside the sick ones, and alone."""
    usual = {"workers": 4, "service_s": 0.4, "sigma": 0.8, "network_s": 0.03}
    healthy = (Weather.from_dict(usual),) * _HEALTHY
    slow = (Weather.from_dict({**usual, "service_s": 20}),) * _SLOW
    silent = Weather.from_dict({**usual, "outages": [[0, 2 * _DURATION_S, "hang"]]})
    alone = Scenario(
        "sick", "held-out", "", _DURATION_S, healthy, in_flight=budget, timeout_s=timeout_s
    )
    return replace(alone, sites=(*healthy, *slow, silent)), alone


if __name__ == "__main__":
    sys.exit(main())
