"""Whether a command names a site that the job does not have, which is most often misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import did_you_mean
from crawlproj.frontier.commands import Verb, matches
from crawlproj.steering.standing import ALL, site_of
from crawlproj.urls import registrable_domain

if TYPE_CHECKING:
    from collections.abc import Collection

    from crawlproj.frontier.commands import Command

_OF_SITES = frozenset({Verb.PAUSE, Verb.RESUME, Verb.DRAIN, Verb.LIMIT})


def unknown_site(command: Command, known: Collection[str]) -> str:
    """Return a sentence that names the nearest site if none is meant by ``command``; else "".

    known: the sites of the job. A registrable domain counts as known, because limits may be shared
    by one (CONCURRENCY_SCOPE).
    """
    site = site_of(command)
    if command.verb not in _OF_SITES or site == ALL:
        return ""
    if any(matches(one, site) for one in known) or site in map(registrable_domain, known):
        return ""
    meant = did_you_mean(site, sorted(known)) or "."
    return f"The job has no site {site}{meant} The command waits for such a site."
