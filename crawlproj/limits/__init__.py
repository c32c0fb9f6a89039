"""How much load each site takes: estimators, rate, health and the permit counter. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.limits.aimd import Aimd
from crawlproj.limits.base import Bounds, Limit, Outcome, Sample
from crawlproj.limits.fixed import Fixed
from crawlproj.limits.gradient import Gradient
from crawlproj.limits.knee import Knee
from crawlproj.limits.vegas import Vegas
from crawlproj.plugins import LIMITS as GROUP
from crawlproj.plugins import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LIMITS", "Bounds", "Limit", "Outcome", "Sample", "limit_named"]

LIMITS: dict[str, Callable[[Bounds], Limit]] = {
    "knee": Knee,
    "aimd": Aimd,
    "gradient": Gradient,
    "vegas": Vegas,
    "fixed": Fixed,
}
"""The estimators by the names CONCURRENCY_LIMIT accepts. To add one: one file and one line here."""

DEFAULT_LIMIT = "knee"


def limit_named(name: object, setting: str) -> Callable[[Bounds], Limit]:
    """Return the estimator that ``name``, the value of ``setting``, stands for.

    name: a key of LIMITS, the dotted path of a subclass of Limit, or the name of an entry point in
        the group crawlproj.limits.

    Raises ConfigError if there is no such estimator.
    """
    given = f"{setting} is {name!r}"
    if not isinstance(name, str):
        raise ConfigError(f"{given}: it must be text, such as {DEFAULT_LIMIT!r}")
    if name in LIMITS:
        return LIMITS[name]
    found = plugin(given, name, GROUP, LIMITS)
    if not isinstance(found, type) or not issubclass(found, Limit):
        raise ConfigError(f"{given}, which is not a subclass of {Limit.__module__}.Limit")
    return found
