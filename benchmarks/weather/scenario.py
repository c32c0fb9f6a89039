"""Scenarios: the sites of a run and the means of its client, read from TOML."""

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

_FIELDS = {"about", "duration_s", "in_flight", "most", "timeout_s", "site"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated.

    about: one line for the reader.
    duration_s: virtual seconds.
    sites: the weather of each.
    in_flight: the client's requests at once, over all sites; most: at one site, whatever the limit.
    timeout_s: after which the client gives a request up.
    """

    name: str
    half: Half
    about: str
    duration_s: float
    sites: tuple[Weather, ...]
    in_flight: int = 128
    most: int = 64
    timeout_s: float = 10.0


def load(path: Path, half: Half) -> Scenario:
    """Read a scenario; raises ConfigError naming the file and what is wrong in it."""
    try:
        with path.open("rb") as file:
            return _checked(_read(path.stem, half, tomllib.load(file)))
    except (ConfigError, tomllib.TOMLDecodeError, KeyError, TypeError) as exc:
        raise ConfigError(f"{path.name}: {exc}") from exc


def load_half(half: Half) -> list[Scenario]:
    """Read all scenarios of a half, by name."""
    folder = FOLDER / half.replace("-", "_")
    return [load(path, half) for path in sorted(folder.glob("*.toml"))]


def load_all() -> list[Scenario]:
    """Read every scenario, the tuned half first."""
    return [scenario for half in get_args(Half) for scenario in load_half(half)]


def capacity_at(weather: Weather, t: float) -> float:
    """Return the oracle's requests/s at ``t`` seconds from the start."""
    return capacity(weather, t, t + 1e-3) / 1e-3


def useful_in_flight(weather: Weather, t: float) -> float:
    """Return the requests in flight that keep the site just busy: Little's law, L = λ · W."""
    service_s = value_at(weather.service_s, t) * weather.mean_factor
    return capacity_at(weather, t) * (service_s + weather.network_s)


def _read(name: str, half: Half, data: Mapping[str, object]) -> Scenario:
    unknown = data.keys() - _FIELDS
    if unknown:
        raise ConfigError(f"unknown: {', '.join(sorted(unknown))}; known: {sorted(_FIELDS)}")
    tables = data["site"]
    if not isinstance(tables, list) or not tables:
        raise ConfigError("there must be at least one [[site]]")
    sites: list[Weather] = []
    for table in tables:
        fields = dict(table)
        count = fields.pop("count", 1)
        sites.extend([Weather.from_dict(fields)] * count)
    means = {key: data[key] for key in ("in_flight", "most", "timeout_s") if key in data}
    return Scenario(
        name=name,
        half=half,
        about=str(data["about"]),
        duration_s=float(str(data["duration_s"])),
        sites=tuple(sites),
        **means,  # type: ignore[arg-type]  # checked by what follows
    )


def _checked(scenario: Scenario) -> Scenario:
    """Refuse scenarios whose oracle no client could reach, so that 1.0 means what it says."""
    most = 0
    for site in scenario.sites:
        if site.network_s <= 0:
            raise ConfigError("network_s must be above 0: no answer comes at once")
        times = [0.0, *change_times(site)]
        useful = max(ceil(useful_in_flight(site, t) - 1e-6) for t in times)
        if useful > scenario.most:
            raise ConfigError(f"a site needs {useful} in flight, over most = {scenario.most}")
        most += useful
    if most > scenario.in_flight:
        raise ConfigError(f"the sites need {most} in flight, over {scenario.in_flight}")
    return scenario
