"""A scenario of one site, for tests of the simulator."""

from __future__ import annotations

from benchmarks.weather.scenario import Scenario
from crawlproj.demo.weather import Weather

PLAIN = Weather(workers=((0, 8),), service_s=((0, 0.2),), sigma=0.7, network_s=0.02)


def scenario_of(*sites: Weather, duration_s: float = 120, in_flight: int = 128) -> Scenario:
    return Scenario("test", "tuned", "a test", duration_s, sites, in_flight)
