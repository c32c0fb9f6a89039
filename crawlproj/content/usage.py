"""Signals of a site about the use of its pages, beyond whether they may be fetched. Pure.

Sources: Content Signals (https://contentsignals.org), AIPREF (draft-ietf-aipref-attach and -vocab),
TDMRep (https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/), robots directives.

A *signal* is a name and a value: "yes" or "no" for the uses ``search``, ``ai-input`` and
``ai-train``; 1 or 0 for ``tdm-reservation``, and a URL for ``tdm-policy``; True for ``noindex``,
``noarchive``, ``noai`` and ``noimageai``. Where two statements about a use differ, "no" counts.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from crawlproj.urls import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Signals = dict[str, Any]

USES = ("search", "ai-input", "ai-train")
DIRECTIVES = ("noindex", "noarchive", "noai", "noimageai")
RESERVATION, POLICY = "tdm-reservation", "tdm-policy"

_OF_AIPREF = {"train-ai": "ai-train", "search": "search"}
_SIGNAL = re.compile(r"\s*([a-z-]+)\s*=\s*(yes|no)\s*", re.IGNORECASE)
# A member of a dictionary of structured fields (RFC 9651 §3.2), with parameters.
_ITEM = r'(?:"(?:[^"\\]|\\.)*"|[^,;"\s]*)'
_MEMBER = re.compile(
    rf"\s*([a-z*][a-z0-9_.*-]*)(?:=({_ITEM}))?((?:\s*;\s*[a-z*][^,;\"=]*(?:={_ITEM})?)*)\s*(?:,|$)"
)
_LINE = re.compile(
    r"[ \t]*(user-agent|content-signal|content-usage|[a-z-]+)[ \t]*:[ \t]*([^#]*)", re.IGNORECASE
)
_MAX_RULES = 1_000  # of a file
_MAX_VALUE = 2_000  # characters of a Content-Usage
_MAX_POLICY = 2_000  # characters


def read_content_signal(value: str) -> Signals:
    """Return the signals of a Content-Signal, such as "search=yes, ai-train=no"."""
    found = filter(None, map(_SIGNAL.fullmatch, value.split(",")))
    return {match[1].lower(): match[2].lower() for match in found if match[1].lower() in USES}


def read_content_usage(value: str) -> Signals:
    """Return the signals of a Content-Usage, such as "train-ai=n"; none if it is malformed."""
    signals: Signals = {}
    at = 0
    if len(value) > _MAX_VALUE:
        return {}
    while at < len(value):
        member = _MEMBER.match(value, at)
        if member is None:
            return {}
        at = member.end()
        if (use := _OF_AIPREF.get(member[1])) is not None:
            signals.pop(use, None)  # the last one counts, even if it says nothing
            if member[2] in {"y", "n"}:
                signals[use] = "yes" if member[2] == "y" else "no"
    return signals


def read_tdm(reservation: str, policy: str = "") -> Signals:
    """Return the signals of TDMRep's two values; none if the first is neither 1 nor 0."""
    if reservation.strip() not in {"0", "1"}:
        return {}
    signals: Signals = {RESERVATION: int(reservation)}
    if policy := policy.strip()[:_MAX_POLICY]:
        signals[POLICY] = policy
    return signals


def read_directives(words: Iterable[str]) -> Signals:
    """Return the signals among robots directives in lower case; "none" includes noindex."""
    found = {"noindex" if word == "none" else word for word in words}
    return {name: True for name in DIRECTIVES if name in found}


def add_uses(signals: Signals, more: Mapping[str, Any]) -> None:
    """Add what another statement says about uses; "no" counts more than "yes"."""
    for use, value in more.items():
        if signals.get(use) != "no":
            signals[use] = value


def forbidding(signals: Mapping[str, Any], respected: Iterable[str]) -> str:
    """Return the first signal among the ``respected`` that says no, as "name=value"; "" if none."""
    for name in respected:
        value = signals.get(name)
        if value == "no" or (value and value != "yes"):
            return name if value is True else f"{name}={value}"
    return ""


class RobotsUsage:
    """The Content-Signal and Content-Usage rules of a robots.txt for one crawler.

    token: its product token. As for Allow, the groups that name it count, else those of all; the
    longest path that matches counts, for each of the two standards.
    """

    def __init__(self, text: str, token: str) -> None:
        by_agent: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        agents: set[str] = set()
        in_group = False
        for name, value in _fields(text):
            if name == "user-agent":
                if in_group:
                    agents, in_group = set(), False
                agents.add(value.lower())
                continue
            in_group = True
            for agent in agents:
                rules = by_agent[agent]  # a group without such rules counts, too
                if name.startswith("content-") and len(rules) < _MAX_RULES:
                    rules.append((name, value))
        rules = by_agent.get(token.lower(), by_agent.get("*", []))
        self._signals = [
            _rule(value, read_content_signal) for name, value in rules if name == "content-signal"
        ]
        self._usages = [
            _rule(value, read_content_usage) for name, value in rules if name == "content-usage"
        ]

    def __bool__(self) -> bool:
        """Whether there are any rules."""
        return bool(self._signals or self._usages)

    def of(self, url: str) -> Signals:
        """Return the signals of a page."""
        path = _path(url)
        found: Signals = {}
        for rules in (self._signals, self._usages):
            matching = [rule for rule in rules if path_matches(rule[0], path)]
            longest = max((len(pattern) for pattern, _ in matching), default=0)
            for pattern, signals in matching:
                if len(pattern) == longest:
                    add_uses(found, signals)
        return found


class TdmFile:
    """The rules of a /.well-known/tdmrep.json; none if it is malformed."""

    def __init__(self, body: bytes) -> None:
        self._rules: list[tuple[str, Signals]] = []
        try:
            rules = json.loads(body)
        except (ValueError, RecursionError):
            return
        for rule in rules[:_MAX_RULES] if isinstance(rules, list) else ():
            if isinstance(rule, dict) and isinstance(location := rule.get("location"), str):
                reservation, policy = rule.get(RESERVATION), rule.get(POLICY)
                signals = read_tdm(str(reservation), policy if isinstance(policy, str) else "")
                if signals:
                    self._rules.append((_pattern(location), signals))

    def __bool__(self) -> bool:
        """Whether there are any rules."""
        return bool(self._rules)

    def of(self, url: str) -> Signals:
        """Return the signals of a page: those of the longest pattern that matches."""
        path = _path(url)
        matching = [rule for rule in self._rules if path_matches(rule[0], path)]
        return dict(max(matching, key=lambda rule: len(rule[0]), default=("", {}))[1])


def path_matches(pattern: str, path: str) -> bool:
    """Whether a pattern of robots.txt, with "*" and a final "$", matches a path and query."""
    to_end = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for number, part in enumerate(others, 1):
        if to_end and number == len(others):
            return len(path) - len(part) >= at and path.endswith(part)
        at = path.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return not to_end or at == len(path)


def _fields(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        if (match := _LINE.match(line)) is not None:
            yield match[1].lower(), match[2].strip()


def _rule(value: str, read: Any) -> tuple[str, Signals]:
    """Return the pattern and the signals of a rule; without a path, it is for all."""
    path, rest = "/", value
    if value.startswith("/"):
        path, rest = [*value.split(maxsplit=1), ""][:2]
    return _pattern(path), read(rest)


def _pattern(path: str) -> str:
    """Return a pattern in the spelling of URLs in normal form."""
    return _path(normalize(f"http://a{path}") or "") if path.startswith("/") else path


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]
