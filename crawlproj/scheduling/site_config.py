"""The settings of concurrency per site, and the permits built from them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from crawlproj.clock import crawl_time
from crawlproj.config import boolean, integer, number, text
from crawlproj.errors import ConfigError
from crawlproj.frontier.commands import matches
from crawlproj.limits import DEFAULT_LIMIT, LIMITS, limit_named
from crawlproj.limits.base import Bounds
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.health import Health
from crawlproj.limits.permits import Permits
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy.settings import BaseSettings

    from crawlproj.limits.base import Limit
    from crawlproj.scheduling.site_groups import SiteGroups

SCOPES = ("host", "domain", "ip")


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """The settings of one site.

    limit: builds the estimator. start, min, max: requests in flight; see Bounds.
    delay_s: seconds between two starts; unless it is 0, requests run one at a time.
    rate: maximum requests/s.
    """

    limit: Callable[[Bounds], Limit] = LIMITS[DEFAULT_LIMIT]
    start: float = 1.0
    min: float = 0.1
    max: float = 8.0
    delay_s: float = 0.0
    rate: float = inf

    @property
    def bounds(self) -> Bounds:
        """The estimator's bounds; ``max`` overrides the others."""
        minimum = min(self.min, self.max)
        return Bounds(min(max(self.start, minimum), self.max), minimum, self.max)


# The keys of CONCURRENCY_SITES, and the field that each sets.
_KEYS = {
    "limit": "limit",
    "start": "start",
    "min": "min",
    "max": "max",
    "delay": "delay_s",
    "rate": "rate",
}


@dataclass(frozen=True, slots=True)
class ConcurrencyConfig:
    """The CONCURRENCY_* settings.

    enabled: CONCURRENCY_ENABLED; if off, every site has ``max`` permits, whatever it answers.
    default: the settings of sites that match no pattern in ``sites``.
    sites: CONCURRENCY_SITES as (pattern, settings); the first pattern that matches wins.
    slots: DOWNLOAD_SLOTS, Scrapy's own setting; used where no pattern matches.
    scope: CONCURRENCY_SCOPE; a site is a host (with port), a registrable domain or an IP address.
    refusals: CONCURRENCY_REFUSALS; how often a site may refuse a page (429, 503 with Retry-After,
        an outage) before the refusal counts as an attempt.
    patience_s: SITE_PATIENCE; a site that rests or is away for longer is given up.
    """

    enabled: bool = True
    default: SiteConfig = SiteConfig()
    sites: tuple[tuple[str, SiteConfig], ...] = ()
    slots: Mapping[str, SiteConfig] = field(default_factory=dict)
    scope: str = "host"
    refusals: int = 10
    patience_s: float = 3600.0
    _rng: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> ConcurrencyConfig:
        """Read and check the settings. Raises ConfigError naming the first wrong one."""
        default = SiteConfig(
            limit=limit_named(
                text(settings, "CONCURRENCY_LIMIT", DEFAULT_LIMIT), "CONCURRENCY_LIMIT"
            ),
            start=_positive(settings, "CONCURRENCY_START", 1.0),
            min=_positive(settings, "CONCURRENCY_MIN", 0.1),
            max=float(integer(settings, "CONCURRENCY_MAX_PER_SITE", 8, minimum=1)),
            delay_s=number(settings, "DOWNLOAD_DELAY", 0.0),
        )
        scope = text(settings, "CONCURRENCY_SCOPE", "host")
        if scope not in SCOPES:
            raise ConfigError(
                f"CONCURRENCY_SCOPE must be one of {', '.join(SCOPES)}, not {scope!r}"
            )
        return cls(
            enabled=boolean(settings, "CONCURRENCY_ENABLED", default=True),
            default=default,
            sites=_sites(settings, default),
            slots=_slots(settings, default),
            scope=scope,
            refusals=integer(settings, "CONCURRENCY_REFUSALS", 10),
            patience_s=number(settings, "SITE_PATIENCE", 3600.0, minimum=1.0),
        )

    def of(self, site: str) -> SiteConfig:
        """Return the settings of ``site`` (a host, with or without port, a domain, an address)."""
        host = site.rpartition(":")[0] if site.rpartition(":")[2].isdigit() else site
        for pattern, config in self.sites:
            # If sites are domains, "*.example.org" also matches example.org, with all its hosts.
            if any(matches(name, pattern) for name in (site, host, f".{host}")):
                return config
        return self.slots.get(site) or self.slots.get(host) or self.default

    def delay_of(self, site: str) -> float:
        """Return the seconds between two starts at ``site``."""
        return self.of(site).delay_s

    def permits(
        self, groups: SiteGroups, budget: float, of: Callable[[str], SiteConfig] | None = None
    ) -> Permits:
        """Return the permits of a crawl with ``budget`` requests in flight over all sites.

        of: the settings of a site, if not those of this object.
        """
        group_of = None if self.scope == "host" else groups.of
        settings = of or self.of
        return Permits(
            lambda site: self.control(site, settings(site)),
            crawl_time,
            budget=budget,
            group_of=group_of,
        )

    def control(self, site: str, config: SiteConfig | None = None) -> SiteControl:
        """Return the control of a new site, with the settings ``of`` it or with others."""
        config = config or self.of(site)
        limit = self.limit(config)
        if not self.enabled:
            control = SiteControl(limit, None, None)
        else:
            control = SiteControl(limit, RateLimit(self._rng, config.rate), Health(self._rng))
        control.set_delay(config.delay_s)
        return control

    def limit(self, config: SiteConfig) -> Limit:
        """Return the estimator of a site with these settings."""
        return config.limit(config.bounds) if self.enabled else Fixed(config.bounds)


def _sites(settings: BaseSettings, default: SiteConfig) -> tuple[tuple[str, SiteConfig], ...]:
    try:
        patterns = settings.getdict("CONCURRENCY_SITES")
    except (TypeError, ValueError):
        raise ConfigError(
            "CONCURRENCY_SITES must be a dict of patterns, such as "
            '{"*.example.org": {"max": 2}}, not ' + repr(settings.get("CONCURRENCY_SITES"))
        ) from None
    return tuple(
        (str(pattern).lower(), _site(str(pattern), values, default))
        for pattern, values in patterns.items()
    )


def _slots(settings: BaseSettings, default: SiteConfig) -> dict[str, SiteConfig]:
    """Return the settings that DOWNLOAD_SLOTS has for slots; its jitter is left to Scrapy."""
    slots: dict[str, SiteConfig] = {}
    for slot, values in settings.getdict("DOWNLOAD_SLOTS").items():
        name = f"DOWNLOAD_SLOTS[{slot!r}]"
        if not isinstance(values, dict):
            raise ConfigError(f'{name} must be a dict such as {{"delay": 2}}, not {values!r}')
        changes: dict[str, Any] = {
            target: _checked(name, key, values[key])
            for key, target in (("concurrency", "max"), ("delay", "delay_s"))
            if key in values
        }
        slots[slot] = replace(default, **changes)
    return slots


def _site(pattern: str, values: Any, default: SiteConfig) -> SiteConfig:
    name = f"CONCURRENCY_SITES[{pattern!r}]"
    if not isinstance(values, dict) or not values.keys() <= _KEYS.keys():
        raise ConfigError(
            f"{name} must be a dict whose keys are among {', '.join(_KEYS)}, not {values!r}"
        )
    changes: Mapping[str, Any] = {
        _KEYS[key]: limit_named(value, f"{name}['limit']")
        if key == "limit"
        else _checked(name, key, value)
        for key, value in values.items()
    }
    return replace(default, **changes)


def _checked(name: str, key: str, value: Any) -> float:
    minimum = {"delay": 0.0, "max": 1.0, "concurrency": 1.0}.get(key, 1e-6)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or value < minimum
    ):
        raise ConfigError(
            f"{name}[{key!r}] must be a number of at least {minimum:g}, not {value!r}"
        )
    return float(value)


def _positive(settings: BaseSettings, name: str, default: float) -> float:
    value = number(settings, name, default)
    if not value:
        raise ConfigError(f"{name} must be more than 0")
    return value
