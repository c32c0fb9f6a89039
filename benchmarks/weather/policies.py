"""Admission policies: the project's control, and those in common use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from benchmarks.weather.autothrottle import AutoThrottle
from crawlproj.errors import ConfigError
from crawlproj.limits import LIMITS, Bounds
from crawlproj.limits.health import Health
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permit import Permit


class Control(Protocol):
    """Admission at one site, such as ``SiteControl``. Times are seconds on the caller's clock."""

    @property
    def limit(self) -> float:
        """Requests that may be in flight."""

    def free(self, now: float) -> int:
        """Return how many requests may start now."""

    def ready_at(self) -> float:
        """Return when time allows the next start."""

    def start(self, now: float) -> Permit:
        """Take a permit."""

    def end(self, permit: Permit, now: float, ending: Ending) -> None:
        """Give a permit back."""


def _knee(maximum: int, rng: random.Random) -> Control:
    return SiteControl(LIMITS["knee"](_bounds(maximum)), RateLimit(rng), Health(rng))


def _bare(limit: str) -> Callable[[int, random.Random], Control]:
    """Return a limit without rate, rests and canaries; it takes a 429 as a drop."""
    return lambda maximum, _: SiteControl(LIMITS[limit](_bounds(maximum)), None, None)


def _fixed(size: int) -> Callable[[int, random.Random], Control]:
    return lambda _, __: SiteControl(LIMITS["fixed"](_bounds(size)), None, None)


def _bounds(maximum: int) -> Bounds:
    return Bounds(start=min(Bounds().start, maximum), max=maximum)


POLICIES: dict[str, Callable[[int, random.Random], Control]] = {
    "knee": _knee,
    "fixed-1": _fixed(1),
    "fixed-8": _fixed(8),
    "fixed-16": _fixed(16),
    "fixed-64": _fixed(64),
    "aimd": _bare("aimd"),
    "gradient": _bare("gradient"),
    "vegas": _bare("vegas"),
    "throttle": lambda _, rng: AutoThrottle(rng, cap=8),
    "throttle-16": lambda _, rng: AutoThrottle(rng, cap=64, target=16.0, start_delay_s=0.0),
}
"""Policies by name. ``throttle`` is Scrapy's AutoThrottle, ``throttle-16`` the same for speed.

``policy_of`` also builds ``fixed-N`` for any N.
"""


def policy_of(name: str) -> Callable[[int, random.Random], Control]:
    """Return a policy by name. Raises ConfigError if it does not exist."""
    if name in POLICIES:
        return POLICIES[name]
    kind, _, size = name.partition("-")
    if kind == "fixed" and size.isdigit() and int(size) > 0:
        return _fixed(int(size))
    raise ConfigError(f"unknown policy {name!r}; choose from {', '.join(POLICIES)} and fixed-N")
