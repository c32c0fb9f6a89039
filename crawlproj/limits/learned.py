"""Facts that a crawl learned about a site, few enough to store for very many sites. Pure."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

from crawlproj.bounded import put

if TYPE_CHECKING:
    from collections.abc import Mapping

_HIGH_HALF_LIFE_S = 600.0  # of a limit above the start: the site may have become weaker meanwhile
_LOW_HALF_LIFE_S = 3600.0  # of one below: a weak site is treated gently for longer
_RATE_KEPT_S = 3600.0
_LONGEST_REST_S = 3600.0
_MAX_SITES = 100_000
_LEAST, _MOST = 4, 7  # numbers in a note


@dataclass(frozen=True, slots=True)
class Learned:
    """A limit (requests in flight), a rate (requests/s) and when they applied (unix seconds).

    unloaded_s: seconds to the first byte when there is no queue; 0 if unknown.
    delay_s: seconds between two starts, from Crawl-delay or the settings; 0 for none.
    doubt_s: how soon to try more, in seconds, because the rate may be far too low; 0 without doubt.
    rest_until: when the site may be asked again, which it may have said itself (unix seconds).
    """

    limit: float
    rate: float
    unloaded_s: float
    at: float
    delay_s: float = 0.0
    doubt_s: float = 0.0
    rest_until: float = 0.0

    def limit_at(self, now: float, start: float) -> float:
        """Return the limit to continue from; it approaches ``start`` with age."""
        half_life_s = _HIGH_HALF_LIFE_S if self.limit > start else _LOW_HALF_LIFE_S
        kept = 0.5 ** (max(0.0, now - self.at) / half_life_s)
        return float(start + (self.limit - start) * kept)

    def rate_at(self, now: float) -> float:
        """Return the rate; infinite (unknown) once it is over an hour old."""
        return self.rate if now - self.at < _RATE_KEPT_S else inf

    def rest_at(self, now: float) -> float:
        """Return when the rest ends; 0 if there is none, or more than an hour is left.

        A crawl gives up a site that is to rest for so long, and the next one asks it again.
        """
        return self.rest_until if 0 < self.rest_until - now <= _LONGEST_REST_S else 0.0

    def data(self) -> str:
        """Return JSON: limit, rate (null if infinite), unloaded_s, at; and delay_s, doubt_s and
        rest_until up to the last one that is not 0.
        """
        rate = _rounded(self.rate) if isfinite(self.rate) else None
        found = [_rounded(self.limit), rate, _rounded(self.unloaded_s), round(self.at, 1)]
        found += [_rounded(self.delay_s), _rounded(self.doubt_s), round(self.rest_until, 1)]
        while len(found) > _LEAST and not found[-1]:
            found.pop()
        return json.dumps(found)


class LearnedSites(OrderedDict[str, Learned]):
    """Facts learned about sites that have no control, for the 100,000 used last."""

    def keep(self, learned: Mapping[str, Learned]) -> None:
        """Keep what is newer, and forget the oldest if there is too much."""
        for site, found in learned.items():
            put(self, site, found, _MAX_SITES)


def learned_from(data: str) -> Learned | None:
    """Read the output of ``Learned.data``; return None if it is malformed."""
    try:
        limit, rate, *rest = numbers = json.loads(data)
        if not _LEAST <= len(numbers) <= _MOST:
            return None
        found = Learned(float(limit), inf if rate is None else float(rate), *map(float, rest))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    others = (found.unloaded_s, found.delay_s, found.doubt_s, found.rest_until)
    is_sound = (
        all(map(isfinite, (found.limit, found.at, *others)))
        and found.limit > 0
        and found.rate > 0
        and min(others) >= 0
    )
    return found if is_sound else None


def _rounded(value: float) -> float:
    """Round ``value`` to four significant digits."""
    return float(f"{value:.4g}")
