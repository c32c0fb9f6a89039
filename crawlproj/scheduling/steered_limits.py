"""The limits of each site: what the settings say, changed by what was commanded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crawlproj.limits.fixed import Fixed
from crawlproj.steering.standing import Standing

if TYPE_CHECKING:
    from crawlproj.limits.permits import Permits
    from crawlproj.limits.site import SiteControl
    from crawlproj.scheduling.crawl_delays import CrawlDelays
    from crawlproj.scheduling.site_config import ConcurrencyConfig, SiteConfig
    from crawlproj.steering.standing import Wishes


class SteeredLimits:
    """Settings by site. standing: the commands that hold; ``obey`` replaces it."""

    def __init__(self, config: ConcurrencyConfig) -> None:
        self.standing = Standing()
        self._config = config

    def of(self, site: str) -> SiteConfig:
        """Return the settings of ``site``."""
        return self._of(site, self.standing.wishes(site))

    def _of(self, site: str, wishes: Wishes) -> SiteConfig:
        config = self._config.of(site)
        if not wishes:
            return config
        changes: dict[str, Any] = {}
        if (limit := wishes.get("limit")) is not None:
            changes = {"limit": Fixed, "start": limit, "min": limit, "max": limit}
        elif (maximum := wishes.get("max")) is not None:
            changes = {"max": maximum}
        for name, field in (("rate", "rate"), ("delay", "delay_s")):
            if (value := wishes.get(name)) is not None:
                changes[field] = value
        return replace(config, **changes)

    def delay_of(self, site: str) -> float:
        """Return the seconds between two starts that the settings or a command ask for."""
        return self.of(site).delay_s

    def obey(self, standing: Standing, permits: Permits, delays: CrawlDelays) -> int:
        """Let ``standing`` hold from now on; returns how many sites have other limits now.

        Sites that are not in use yet get their limits when they are.
        """
        before, self.standing = self.standing, standing
        if not before.limits and not standing.limits:
            return 0
        changed: list[str] = []

        def renew(site: str, control: SiteControl, now: float) -> None:
            old, new = before.wishes(site), standing.wishes(site)
            if old.values == new.values:
                return
            changed.append(site)
            config = self._of(site, new)
            if any(old.get(name) != new.get(name) for name in ("limit", "max")):
                control.adopt(self._config.limit(config), now)
            if control.rate_limit is not None:
                control.rate_limit.set_maximum(config.rate)

        permits.adopt(renew)
        for site in changed:
            delays.renew(site)
        return len(changed)
