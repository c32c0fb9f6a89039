"""How much load each site takes: estimators, rate, health and the permit counter. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.limits.aimd import Aimd
from crawlproj.limits.base import Bounds, Limit, Outcome, Sample
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.gradient import Gradient
from crawlproj.limits.health import Health
from crawlproj.limits.knee import Knee
from crawlproj.limits.rate import RateLimit
from crawlproj.limits.site import SiteControl
from crawlproj.limits.vegas import Vegas

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

__all__ = ["LIMITS", "Bounds", "Limit", "Outcome", "Sample", "control"]

LIMITS: dict[str, Callable[[Bounds], Limit]] = {
    "knee": Knee,
    "aimd": Aimd,
    "gradient": Gradient,
    "vegas": Vegas,
    "fixed": Fixed,
}
"""The estimators by the names CONCURRENCY_LIMIT accepts. To add one: one file and one line here."""

DEFAULT_LIMIT = "knee"


def control(bounds: Bounds, rng: random.Random, limit: str = DEFAULT_LIMIT) -> SiteControl:
    """Return the control of a new site: the named estimator, a rate limit and a health check."""
    return SiteControl(LIMITS[limit](bounds), RateLimit(rng), Health(rng))
