"""The scenarios: sites, crawlers to compare, and requirements on ours."""

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
"""Maximum of requests in flight at one site, unless the name of the side has another number."""

_ENDLESS = 10_000_000  # pages of a site: more than any crawler fetches in a minute


@dataclass(frozen=True, slots=True)
class Group:
    """Sites with the same weather.

    judged: whether they count in fairness and in the goodput of the worst site.
    """

    name: str
    weather: dict[str, object]
    count: int = 1
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Require:
    """The requirements on ours; None for no requirement.

    goodput: minimum of pages served divided by the capacity of all sites.
    site_goodput: minimum of the same for the worst judged site.
    errors: maximum share of requests that end without a page.
    p99_ratio: maximum of the pages' p99 latency divided by that of one request at a time.
    recovery_s: maximum of seconds from the end of an outage to 90 % of the capacity.
    probes_per_s: maximum of requests per second during an outage.
    jain: minimum fairness over the judged sites.
    of_stock: minimum of pages served divided by those of the best side of stock.
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

    duration_s: seconds from the first request of a page.
    in_flight: CONCURRENT_REQUESTS of every side.
    sides: the crawlers; see Side.
    light: sides whose crawls take so little CPU that they may run in parallel.
    download_timeout_s: DOWNLOAD_TIMEOUT of every side; None leaves the default of each.
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
        """Return the sites for the demo web."""
        return [
            SiteSpec(name, "small", pages=_ENDLESS, weather=group.weather)
            for name, group in self.sites()
        ]

    def weathers(self) -> dict[str, Weather]:
        """Return the weather of every site."""
        return {name: Weather.from_dict(group.weather) for name, group in self.sites()}

    def as_json(self) -> dict[str, Any]:
        """Return all fields, nested ones included."""
        return asdict(self)


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios by name."""
    return {path.stem: Scenario.load(path) for path in sorted(FOLDER.glob("*.toml"))}


@dataclass(frozen=True, slots=True)
class Side:
    """A crawler with its settings.

    name: "ours"; "stock-8": Scrapy with eight requests in flight per site; "autothrottle": with
        AutoThrottle's defaults; "autothrottle-16": with a target of 16 and no start delay.

    Raises ValueError for any other name.
    """

    name: str
    settings: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", self._settings())

    @property
    def ours(self) -> bool:
        """Whether this side is crawlproj."""
        return self.name == OURS

    @property
    def fixed(self) -> int | None:
        """The fixed number of requests in flight per site; None if the side has none."""
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
                f"unknown side {self.name!r}; choose from {OURS}, stock-N, autothrottle and "
                "autothrottle-N, where N is a number of requests in flight"
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
