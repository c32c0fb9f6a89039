"""Commands that steer a job: how they are written into the frontier, chosen, and answered. Pure.

A command is appended to the job's log by any process, and read by every worker. Some commands are
*standing*: pauses and limits hold until another command or their time ends them. The others
*change entries*: they are applied once, by one worker, in steps that each count what they changed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from crawlproj.url_patterns import UrlPatterns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "CHANGING",
    "MAX_COMMANDS",
    "PREVIEW_GONE",
    "SKIPPED_BY_COMMAND",
    "Command",
    "Preview",
    "Record",
    "Result",
    "Selection",
    "Verb",
    "matches",
]

MAX_COMMANDS = 10_000
"""How many commands of a job are kept."""

SKIPPED_BY_COMMAND = "skipped-by-command"
"""The reason of URLs that the verb ``skip`` left out."""

_EXAMPLES = 10


class Verb(StrEnum):
    """The effect of a command."""

    PAUSE = "pause"
    """Start no request at some sites, and let the crawl wait."""
    RESUME = "resume"
    """End pauses and drains."""
    DRAIN = "drain"
    """Start no request at some sites in this run, or end a worker, and leave the rest for later."""
    LIMIT = "limit"
    """Change the limits of some sites."""
    SKIP = "skip"
    """Skip URLs, also those that are found later in the generation."""
    REQUEUE = "requeue"
    """Put failed URLs back to pending."""
    ADD = "add"
    """Put new URLs."""
    PRIORITIZE = "prioritize"
    """Change the priority of pending URLs."""


CHANGING = frozenset({Verb.SKIP, Verb.REQUEUE, Verb.ADD, Verb.PRIORITIZE})
"""The verbs that change entries: one worker applies such a command, once."""


PREVIEW_GONE = "there is no such preview, or it is over a day old: make another one"
"""The note of a REQUEUE whose token stands for nothing."""


def matches(site: str, pattern: str) -> bool:
    """Return whether ``pattern``, a site or a glob, takes ``site``.

    The name of a site takes that site, also where it could be read as a glob: ``[::1]:8080``.
    """
    return site == pattern or fnmatchcase(site, pattern)


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries, by why they failed, by site and by URL. An empty field selects all.

    reason: why entries failed, such as "timeout"; pending ones have none, and are selected by the
    other fields alone. site: a glob over sites, such as ``*.example.org``. pattern: of URLs, such
    as ``*/calendar/*``; see url_patterns.py.
    """

    reason: str = ""
    site: str = ""
    pattern: str = ""

    def takes_site(self, site: str) -> bool:
        """Return whether entries of ``site`` may be selected."""
        return not self.site or matches(site, self.site)

    def url_matcher(self) -> Callable[[str], bool]:
        """Return a function that tells whether a URL is selected."""
        if not self.pattern:
            return lambda _: True
        try:
            return UrlPatterns([self.pattern]).match
        except ValueError:  # an older release took it
            return lambda _: False

    @property
    def words(self) -> str:
        """The selection in words: "URLs of a.test that match */calendar/*"."""
        chosen = f"what failed as {self.reason}" if self.reason else "URLs"
        site = f" of {self.site}" if self.site else ""
        return f"{chosen}{site}{f' that match {self.pattern}' if self.pattern else ''}"

    def data(self) -> dict[str, str]:
        """Return the fields that are not empty."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Selection:
        """Return the selection in the arguments of a command."""
        return cls(*(str(arguments.get(name, "")) for name in ("reason", "site", "pattern")))


@dataclass(frozen=True, slots=True)
class Command:
    """A command in the log of a job.

    arguments: data, as steering/verbs.py makes it. who: the user who gave it. at: unix seconds.
    token: of the preview whose URLs it is to change; required for REQUEUE.
    id: its place in the log, from 1. generation: of the job when it was appended. The frontier
        sets both.
    """

    verb: Verb
    arguments: Mapping[str, Any] = field(default_factory=dict)
    who: str = ""
    at: float = 0.0
    token: str = ""
    id: int = 0
    generation: int = 0

    @property
    def changes(self) -> bool:
        """Whether it changes entries, and is applied once."""
        return self.verb in CHANGING

    @property
    def selection(self) -> Selection:
        """The entries that it is about."""
        return Selection.of(self.arguments)

    @property
    def reopens(self) -> bool:
        """Whether a finished job has work again because of it."""
        return self.verb in {Verb.REQUEUE, Verb.ADD}

    @property
    def trace(self) -> str:
        """Who selected entries, when, and which: "by ann@desk at …: URLs that match */x/*"."""
        when = datetime.fromtimestamp(self.at, UTC)
        return f"by {self.who} at {when:%Y-%m-%d %H:%M:%S} UTC: {self.selection.words}"

    def data(self) -> str:
        """Return its arguments as JSON."""
        return json.dumps(dict(self.arguments), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a command at one worker.

    command: its id. worker: the name of the worker. at: unix seconds.
    urls: how many URLs it changed. note: what the worker has to say about it, for people.
    """

    command: int
    worker: str
    at: float
    urls: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A command with its results, oldest first; none as long as no worker has applied it."""

    command: Command
    results: Sequence[Result] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """The URLs that a selection selects now.

    token: stands for these very URLs, for a day. urls: how many. examples: the first ones.
    sites: how many URLs of each site.
    """

    token: str
    urls: int
    examples: Sequence[str]
    sites: Mapping[str, int]


class Sampler:
    """Counts selected URLs for a preview. keys: of the entries, if ``keep``."""

    def __init__(self, *, keep: bool) -> None:
        self.keys: list[int] = []
        self.urls = 0
        self._keep = keep
        self._examples: list[str] = []
        self._sites: dict[str, int] = {}

    def add(self, key: int, site: str, url: str) -> None:
        """Count an entry."""
        self.urls += 1
        self._sites[site] = self._sites.get(site, 0) + 1
        if len(self._examples) < _EXAMPLES:
            self._examples.append(url)
        if self._keep:
            self.keys.append(key)

    def preview(self, token: str) -> Preview:
        """Return what was counted."""
        sites = sorted(self._sites.items(), key=lambda site: (-site[1], site[0]))
        return Preview(token, self.urls, tuple(self._examples), dict(sites))
