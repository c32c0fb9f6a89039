"""Tells our own trouble (no network, no name server, no files left) from a site's. Pure."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from ipaddress import ip_address
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawlproj.bounded import put

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 32  # places of either kind
_ASKED = 3
_PROOF_S = 1.0  # for so long, what has worked is taken to work
_MIN_PROBE_S, _MAX_PROBE_S = 1.0, 30.0
_PROBE_SHARE = 0.12  # of the time the network has been away
_NEVER_ANSWERED_S = 120.0  # the patience with a network on which nothing has answered yet


class Trouble(Enum):
    """How a request failed that may not be its site's fault; the value is for messages."""

    FILES = "this process may open no more files or sockets (see ulimit -n)"
    NAMES = "no host name can be resolved"
    ROUTES = "the network is unreachable"
    SILENCE = "no site answers"


class Blame(Enum):
    """Whose fault a failure is."""

    SITE = "the site's"
    OURS = "this machine's, or its network's"
    PAST = "ours, of an outage that is over"
    UNKNOWN = "ask the witnesses"


class Network:
    """Whether this machine's network is there, judged by what requests meet.

    A *place* is what a request connects to, a site or a proxy, as "scheme://host:port". Places that
    have answered in this run are *witnesses*: if one of them can be reached, the trouble with
    another place is that place's own. So a site that is down, or many, never stop a crawl in which
    another site answers.

    Trouble that this machine reports itself (no route, no name server, no files) needs no witness
    if there is none: a crawl of one site waits, too. The silence of a place needs one, because the
    place may be down. The caller asks the witnesses, and tells what they said.

    While the network is *away*, ``trouble`` says why, and every failure is ours. It is back with
    the first answer of any place, or when a place that is probed can be reached.

    clock: monotonic seconds. patience_s: after so long, the network is given up.
    trouble: None while the network is there. outages: how often it was away.
    """

    def __init__(self, clock: Callable[[], float], patience_s: float) -> None:
        self._clock = clock
        self._patience_s = patience_s
        self._answered: OrderedDict[str, float] = OrderedDict()  # when, by place; the latest last
        self._failed: OrderedDict[str, None] = OrderedDict()  # places, the latest last
        self._worked_at: dict[Trouble, float] = {}
        self._away_since = 0.0
        self._back_at = -inf
        self._away_before_s = 0.0
        self.trouble: Trouble | None = None
        self.outages = 0

    @property
    def away_s(self) -> float:
        """For how many seconds the network has been away, over all outages."""
        return self._away_before_s + self.outage_s

    @property
    def outage_s(self) -> float:
        """For how many seconds the network has been away now; 0 if it is there."""
        return self._clock() - self._away_since if self.trouble is not None else 0.0

    @property
    def probe_in_s(self) -> float:
        """Seconds until the next probe: a second at first, longer the longer it has been away."""
        return min(_MAX_PROBE_S, max(_MIN_PROBE_S, _PROBE_SHARE * self.outage_s))

    @property
    def given_up(self) -> bool:
        """Whether the network has been away for too long."""
        patience_s = self._patience_s
        if not self._answered:
            patience_s = min(patience_s, _NEVER_ANSWERED_S)
        return self.outage_s > patience_s

    def on_answer(self, place: str) -> None:
        """Note that ``place`` answered, with whatever status."""
        # The first answer of all is also the first sign that a name can be resolved.
        ends = self.trouble in {Trouble.ROUTES, Trouble.SILENCE} or not self._answered
        put(self._answered, place, self._clock(), _KEPT)
        if ends:
            self.on_back()

    def blame(self, place: str, trouble: Trouble, after_s: float = 0.0) -> Blame:
        """Return whose fault it is that a request to ``place`` met ``trouble``.

        after_s: how long ago the request began. It may have begun in an outage that is over.
        """
        put(self._failed, place, None, _KEPT)
        if self.trouble is not None or trouble is Trouble.FILES:
            return Blame.OURS
        if self._clock() - after_s < self._back_at:
            return Blame.PAST
        if self._works(place, trouble):
            return Blame.SITE
        if self.witnesses(place, trouble):
            return Blame.UNKNOWN
        return Blame.SITE if trouble is Trouble.SILENCE else Blame.OURS

    def witnesses(self, place: str, trouble: Trouble) -> list[str]:
        """Return the places to ask whether the ``trouble`` of ``place`` is its own."""
        return _telling([one for one in reversed(self._answered) if one != place], trouble)

    def places_to_probe(self, trouble: Trouble) -> list[str]:
        """Return the places of which one works when ``trouble`` is over."""
        answered, failed = list(reversed(self._answered)), list(reversed(self._failed))
        return [*dict.fromkeys(_telling(answered, trouble) + _telling(failed, trouble))]

    def on_works(self, trouble: Trouble) -> None:
        """Note that a witness has just shown that ``trouble`` is not everybody's."""
        self._worked_at[trouble] = self._clock()

    def on_away(self, trouble: Trouble) -> None:
        """Note that the network is away. Does nothing if it was before."""
        if self.trouble is None:
            self.trouble = trouble
            self.outages += 1
            self._away_since = self._clock()

    def on_back(self) -> None:
        """Note that the network is there. Does nothing if it was before."""
        if self.trouble is not None:
            self._away_before_s = self.away_s
            self._worked_at[self.trouble] = self._back_at = self._clock()
            self.trouble = None

    def _works(self, place: str, trouble: Trouble) -> bool:
        """Return whether what failed at ``place`` has just worked elsewhere."""
        worked_at = self._worked_at.get(trouble, -inf)
        if trouble is not Trouble.NAMES:  # who has an address needs no name server
            others = self.witnesses(place, trouble)
            worked_at = max(worked_at, self._answered[others[0]] if others else -inf)
        return self._clock() - worked_at <= _PROOF_S


def _telling(places: list[str], trouble: Trouble) -> list[str]:
    """Return the first of ``places`` that tell whether there is ``trouble``."""
    if trouble is Trouble.NAMES:  # an address says little about names, but more than nothing
        places = [place for place in places if not _is_address(place)] or places
    return places[:_ASKED]


def _is_address(place: str) -> bool:
    try:
        ip_address(urlsplit(place).hostname or "")
    except ValueError:
        return False
    return True
