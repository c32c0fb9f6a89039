"""What is compared: the sites of a scenario, who crawls them, and what ours must reach."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawlproj.demo import SiteSpec
from crawlproj.demo.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "scenarios"
OURS = "ours"
MAX_PER_SITE = 64
"""Requests in flight at one site, at most, where the side's name says no other number."""

_ENDLESS = 10_000_000  # pages of a site: more than anybody fetches in a minute


@dataclass(frozen=True, slots=True)
class Group:
    """Sites alike.

    judged: whether fairness and the least site's goodput are about them.
    """

    name: str
    weather: dict[str, object]
    count: int = 1
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Require:
    """What ours must reach; None: nothing.

    goodput: pages served over what all sites could have served, at least.
    site_goodput: the same of the judged site that fares worst.
    errors: share of the requests that ended without a page, at most.
    p99_ratio: p99 latency of the pages over that of one request at a time at full capacity.
    recovery_s: seconds from the end of an outage to 90 % of the capacity.
    probes_per_s: requests per second while a site is away.
    jain: fairness over the judged sites, at least.
    of_stock: pages served over those of the best of stock's sides, at least.
    """

    goodput: float | None = None
    site_goodput: float | None = None
    errors: float | None = None
    p99_ratio: float | None = None
    recovery_s: float | None = None
    probes_per_s: float | None = None
    jain: float | None = None
    of_stock: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file of ``scenarios/``.

    duration_s: from the first request of a page.
    in_flight: CONCURRENT_REQUESTS of every side.
    sides: who crawls, see Side.
    light: those sides whose crawls take so little CPU that they may run beside each other.
    download_timeout_s: of every side; None leaves each its own.
    """

    name: str
    about: str
    duration_s: float
    in_flight: int
    sides: tuple[str, ...]
    groups: tuple[Group, ...]
    require: Require
    light: tuple[str, ...] = ()
    download_timeout_s: float | None = None

    @classmethod
    def load(cls, path: Path) -> Scenario:
        """Read a file."""
        data = tomllib.loads(path.read_text())
        groups = tuple(Group(**group) for group in data.pop("sites"))
        require = Require(**data.pop("require"))
        for key in ("sides", "light"):
            data[key] = tuple(data.get(key, ()))
        return cls(path.stem, groups=groups, require=require, **data)

    def sites(self) -> Iterator[tuple[str, Group]]:
        """Yield every site's name and group."""
        for group in self.groups:
            for n in range(group.count):
                yield (f"{group.name}-{n}" if group.count > 1 else group.name), group

    def specs(self) -> list[SiteSpec]:
        """Return what the demo web is to serve."""
        return [
            SiteSpec(name, "small", pages=_ENDLESS, weather=group.weather)
            for name, group in self.sites()
        ]

    def weathers(self) -> dict[str, Weather]:
        """Return every site's weather."""
        return {name: Weather.from_dict(group.weather) for name, group in self.sites()}

    def as_json(self) -> dict[str, Any]:
        """Return the fields, those of its parts included."""
        return asdict(self)


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by name."""
    return {path.stem: Scenario.load(path) for path in sorted(FOLDER.glob("*.toml"))}


@dataclass(frozen=True, slots=True)
class Side:
    """A crawler with its settings.

    name: "ours"; "stock-8": Scrapy with so many requests in flight a site; "autothrottle": with
        AutoThrottle as it comes; "autothrottle-16": aiming at so many, starting without delay.

    Raises ValueError on another name.
    """

    name: str
    settings: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", self._settings())

    @property
    def ours(self) -> bool:
        """Whether it is crawlproj."""
        return self.name == OURS

    @property
    def fixed(self) -> int | None:
        """The number of requests in flight at a site that Scrapy is set to; None: it is not."""
        return int(self.name.removeprefix("stock-")) if self.name.startswith("stock-") else None

    def _settings(self) -> dict[str, str]:
        if self.ours:
            return {
                "CONCURRENCY_MAX_PER_SITE": str(MAX_PER_SITE),
                "GUARD_ALLOW": "127.0.0.0/8",
                "STORE_URL": "",
            }
        found = re.fullmatch(r"(stock|autothrottle)(?:-([1-9]\d*))?", self.name)
        if not found or self.name == "stock":
            raise ValueError(
                f"no such side: {self.name!r}; there are {OURS}, stock-N, autothrottle and "
                "autothrottle-N, N a number of requests in flight"
            )
        kind, number = found.groups()
        if kind == "stock":
            return {"CONCURRENT_REQUESTS_PER_DOMAIN": number}
        if number is None:
            return {"AUTOTHROTTLE_ENABLED": "1", "CONCURRENT_REQUESTS_PER_DOMAIN": "8"}
        return {
            "AUTOTHROTTLE_ENABLED": "1",
            "AUTOTHROTTLE_START_DELAY": "0",
            "AUTOTHROTTLE_TARGET_CONCURRENCY": number,
            "CONCURRENT_REQUESTS_PER_DOMAIN": str(MAX_PER_SITE),
        }
