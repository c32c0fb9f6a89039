"""Sites and reasons in a command that the job does not have, which are most often misspelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import among, did_you_mean
from crawlproj.frontier.commands import Verb, matches
from crawlproj.steering.standing import ALL, site_of
from crawlproj.urls import registrable_domain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crawlproj.frontier.command_log import Controls
    from crawlproj.frontier.commands import Command, Selection

_OF_SITES = frozenset({Verb.PAUSE, Verb.RESUME, Verb.DRAIN, Verb.LIMIT})


def of_command(command: Command, known: Collection[str]) -> str:
    """Return a sentence that names the nearest site if none is meant by ``command``; else "".

    known: the sites of the job. A registrable domain counts as known, because limits may be shared
    by one (CONCURRENCY_SCOPE).
    """
    site = site_of(command)
    if command.verb not in _OF_SITES or site == ALL or site in map(registrable_domain, known):
        return ""
    doubt = _of_site(site, known)
    return f"{doubt} The command waits for such a site." if doubt else ""


async def why_nothing(controls: Controls, selection: Selection) -> list[str]:
    """Return what may be misspelt in a selection that selects nothing."""
    sites, reasons = await controls.known_sites(), await controls.known_reasons()
    return list(of_selection(selection, sites, reasons))


def of_selection(
    selection: Selection, sites: Collection[str], reasons: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each word of ``selection`` for which it selects nothing.

    sites: of the job. reasons: why its URLs failed.
    """
    if selection.site and (doubt := _of_site(selection.site, sites)):
        yield doubt
    if selection.reason and selection.reason not in reasons:
        yield f"No URL failed with the reason {selection.reason}{among(selection.reason, reasons)}"


def _of_site(site: str, known: Collection[str]) -> str:
    if any(matches(one, site) for one in known):
        return ""
    return f"The job has no site {site}{did_you_mean(site, sorted(known)) or '.'}"
