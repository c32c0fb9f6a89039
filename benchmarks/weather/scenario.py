"""Scenarios: the sites of a run and the limits of its client, read from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from crawlproj.demo.weather import Weather, capacity, change_times
from crawlproj.demo.weather_fields import value_at
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Half = Literal["tuned", "held-out"]
FOLDER = Path(__file__).parent / "scenarios"

_BOUNDS = ("in_flight", "max_per_site", "timeout_s", "page_cpu_s", "hog_s")
_FIELDS = {"about", "duration_s", "site", *_BOUNDS}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A simulation.

    about: a description in one line.
    duration_s: virtual seconds.
    sites: the weather of each site.
    in_flight: the client's maximum of requests over all sites; max_per_site: at one site.
    timeout_s: seconds after which the client gives up a request.
    page_cpu_s: seconds for which each answer keeps the client's event loop busy.
    hog_s: mean seconds of a callback that blocks the event loop, about once a second.
    """

    name: str
    half: Half
    about: str
    duration_s: float
    sites: tuple[Weather, ...]
    in_flight: int = 128
    max_per_site: int = 64
    timeout_s: float = 10.0
    page_cpu_s: float = 0.0
    hog_s: float = 0.0


def load(path: Path, half: Half) -> Scenario:
    """Read a scenario. Raises ConfigError with the file and the mistake."""
    try:
        with path.open("rb") as file:
            return checked(_read(path.stem, half, tomllib.load(file)))
    except (ConfigError, tomllib.TOMLDecodeError, KeyError, TypeError) as exc:
        raise ConfigError(f"{path.name}: {exc}") from exc


def load_half(half: Half) -> list[Scenario]:
    """Read all scenarios of a half, sorted by name."""
    folder = FOLDER / half.replace("-", "_")
    return [load(path, half) for path in sorted(folder.glob("*.toml"))]


def load_all() -> list[Scenario]:
    """Read all scenarios, the tuned half first."""
    return [scenario for half in get_args(Half) for scenario in load_half(half)]


def capacity_at(weather: Weather, t: float) -> float:
    """Return the oracle's requests/s at ``t`` seconds from the start."""
    return capacity(weather, t, t + 1e-3) / 1e-3


def useful_in_flight(weather: Weather, t: float) -> float:
    """Return the requests in flight that keep the site just busy: Little's law, L = λ · W."""
    service_s = value_at(weather.service_s, t) * weather.mean_factor
    return capacity_at(weather, t) * (service_s + weather.trip_s + weather.network_s)


def _read(name: str, half: Half, data: Mapping[str, object]) -> Scenario:
    unknown = data.keys() - _FIELDS
    if unknown:
        raise ConfigError(f"unknown field {min(unknown)!r}; known: {', '.join(sorted(_FIELDS))}")
    tables = data["site"]
    if not isinstance(tables, list) or not tables:
        raise ConfigError("there must be at least one [[site]]")
    sites: list[Weather] = []
    for table in tables:
        fields = dict(table)
        count = fields.pop("count", 1)
        sites.extend([Weather.from_dict(fields)] * count)
    given = {key: data[key] for key in _BOUNDS if key in data}
    return Scenario(
        name=name,
        half=half,
        about=str(data["about"]),
        duration_s=float(str(data["duration_s"])),
        sites=tuple(sites),
        **given,  # type: ignore[arg-type]  # checked() checks them
    )


def checked(scenario: Scenario) -> Scenario:
    """Refuse scenarios whose oracle no client could reach: goodput 1.0 must be possible."""
    total = 0
    for site in scenario.sites:
        if site.network_s <= 0 and site.trip_s <= 0:
            raise ConfigError("network_s or trip_s must be above 0, because no answer is instant")
        times = [0.0, *change_times(site)]
        useful = max(ceil(useful_in_flight(site, t) - 1e-6) for t in times)
        if useful > scenario.max_per_site:
            raise ConfigError(
                f"a site needs {useful} in flight, above max_per_site = {scenario.max_per_site}"
            )
        total += useful
    if total > scenario.in_flight:
        raise ConfigError(
            f"the sites need {total} in flight, above in_flight = {scenario.in_flight}"
        )
    return scenario
