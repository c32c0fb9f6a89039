"""Facts that the pages of a site share, learned by looking through all of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.refresh.hints import Trust, likely_with
from crawlproj.refresh.rates import UNKNOWN, likelihoods, prior_of, weighed
from crawlproj.store.revisions import checks_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from crawlproj.store.base import Checked

_SAMPLE = 200  # pages whose histories are kept while a site is learned, about 20 KB


class SiteFacts:
    """How often pages of a site change, and whether its dates are believed.

    Pass pages to ``note``, then ask for ``chances`` and ``trust``.
    """

    def __init__(self, random: Random) -> None:
        self.trust = Trust()
        self._random = random
        self._sample: list[str] = []
        self._noted = 0
        self._prior: Sequence[float] | None = None

    def note(self, page: Checked) -> None:
        """Take in a page."""
        self.trust.note(page)
        if not page.history or not checks_in(page.history):
            return
        self._noted += 1
        if len(self._sample) < _SAMPLE:
            self._sample.append(page.history)
        elif (place := self._random.randrange(self._noted)) < _SAMPLE:
            self._sample[place] = page.history

    def chances(self, page: Checked) -> list[float]:
        """Return the probability of each of RATES that ``page`` may have."""
        if self._prior is None:
            known = [likelihoods(checks_in(history)) for history in self._sample]
            self._prior = prior_of(known) if known else UNKNOWN
            self._sample = []
        checks = checks_in(page.history)
        # Most pages of a new store have no checks, so no evidence changes the prior.
        chances = weighed(self._prior, likelihoods(checks)) if checks else list(self._prior)
        if page.changefreq and all(t < 0 for t in checks):
            chances = weighed(chances, likely_with(page.changefreq))
        return chances
