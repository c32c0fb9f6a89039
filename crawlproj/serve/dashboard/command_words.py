"""Commands in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.commands import Verb
from crawlproj.plural import counted
from crawlproj.serve.dashboard import words
from crawlproj.steering.standing import ALL, site_of, until_of

if TYPE_CHECKING:
    from crawlproj.frontier.commands import Command, Result

_LIMITS = {
    "limit": "{:g} in flight",
    "max": "at most {:g} in flight",
    "rate": "at most {:g} requests/s",
    "delay": "{:g} s between two starts",
}


def in_words(command: Command) -> str:
    """Return what a command asks for: "pause a.test until 2026-11-28 15:30:00 UTC"."""
    until = until_of(command)
    ends = f" until {words.moment(until)}" if until < float("inf") else ""
    return f"{command.verb} {_what(command)}{ends}"


def _what(command: Command) -> str:
    arguments, chosen = command.arguments, command.selection
    match command.verb:
        case Verb.ADD:
            urls = arguments.get("urls", [])
            shown = " ".join(urls[:3]) + " …" * (len(urls) > 3)
            return f"{counted(len(urls), 'URL')}: {shown}"
        case Verb.SKIP | Verb.REQUEUE | Verb.PRIORITIZE:
            to = f" to {arguments['priority']}" if "priority" in arguments else ""
            return f"{chosen.words}{to}"
        case _:
            where = (
                f"the worker {arguments['worker']}" if "worker" in arguments else _where(command)
            )
            values = [
                _LIMITS[name].format(arguments[name]) for name in _LIMITS if name in arguments
            ]
            if arguments.get("reset"):
                values.insert(0, "as the settings say")
            return f"{where}{': ' * bool(values)}{', '.join(values)}"


def _where(command: Command) -> str:
    site = site_of(command)
    return "the crawl" if site == ALL else site


def obeyed(result: Result, command: Command) -> str:
    """Return what became of a command: "obeyed by desk:4120 after 0.6 s: 12 URLs"."""
    urls = f": {counted(result.urls, 'URL')}" if command.changes else ""
    note = f" ({result.note})" if result.note else ""
    return f"obeyed by {result.worker} after {max(0.0, result.at - command.at):.1f} s{urls}{note}"
