"""How long to wait between two starts at a site: the longest that anybody asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.limits.permits import Permits

_ONE_AT_A_TIME_S = 1e-6  # any delay makes a site's requests go one at a time
_MAX_STARTED = 100_000


class CrawlDelays:
    """Sets the delays of ``permits``.

    robots.txt asks by origin, because http and https may have one each; the settings ask by site.
    A site's first request goes alone: any others would wait with it for robots.txt, and then not
    for the delay that robots.txt asks for.

    heeded: returns the delay to keep for a site and the one its robots.txt asks for.
    configured: the seconds that the settings ask for at a site.
    """

    def __init__(
        self,
        permits: Permits,
        configured: Callable[[str], float],
        heeded: Callable[[str, float], float] = lambda _, delay_s: delay_s,
    ) -> None:
        self._permits = permits
        self._configured = configured
        self._heeded = heeded
        self._asked: dict[str, dict[str, float]] = {}  # site → origin → seconds, where not all 0
        self._started: set[str] = set()  # sites whose first request has ended
        self._joined: dict[str, set[str]] = {}  # slot → the sites that its requests go to

    def join(self, slot: str, site: str) -> None:
        """Let the queue ``slot``, which a spider chose for requests to ``site``, obey its delay."""
        self._joined.setdefault(slot, set()).add(site)

    def asked(self, site: str) -> float:
        """Return the longest delay that a robots.txt of ``site`` asks for; 0 for none."""
        return max(self._asked.get(site, {}).values(), default=0.0)

    def of(self, site: str) -> float:
        """Return the delay of ``site`` in seconds; sites that share permits share it."""
        asked = [
            delay_s
            for member in self._permits.members(site)
            for place in (member, *self._joined.get(member, ()))
            for delay_s in self._asked.get(place, {}).values()
        ]
        return max(self._configured(site), *asked, 0.0)

    def on_robots_parsed(self, site: str, origin: str, crawl_delay_s: float | None) -> None:
        """Take note of what the robots.txt of ``origin`` asks for (signals.robots_parsed)."""
        asked = self._asked.setdefault(site, {})
        asked[origin] = self._heeded(site, crawl_delay_s or 0.0)
        if not any(asked.values()):
            del self._asked[site]
        for place in (site, *(slot for slot, sites in self._joined.items() if site in sites)):
            self._permits.set_delay(place, self.of(place))

    def renew(self, site: str) -> None:
        """Set the delay of ``site`` again, because what the settings ask for has changed."""
        self._permits.set_delay(site, self.of(site))

    def before_start(self, site: str) -> None:
        """Prepare the permits of ``site`` for a request that is about to start."""
        if site not in self._started:
            self._permits.set_delay(site, max(_ONE_AT_A_TIME_S, self.of(site)))
        elif self._asked and (delay_s := self.of(site)):
            # Every time, because permits forget a site that was idle for long.
            self._permits.set_delay(site, delay_s)

    def after_end(self, site: str) -> None:
        """Note that a request of ``site`` has ended: from now on, several may go at once."""
        if site in self._started:
            return
        if len(self._started) >= _MAX_STARTED:
            self._started.clear()
        self._started.add(site)
        self._permits.set_delay(site, self.of(site))
