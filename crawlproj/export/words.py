"""The options of ``scrapy export`` as users write them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from crawlproj.errors import ConfigError
from crawlproj.spans import seconds_of


def names(words: str) -> tuple[str, ...]:
    """Return what stands between commas, without spaces around it and without what is empty."""
    return tuple(name for word in words.split(",") if (name := word.strip()))


def sites(words: str) -> tuple[str, ...]:
    """Return hosts. Raises ConfigError for a URL."""
    for site in names(words):
        if "/" in site:
            raise ConfigError(f"--site takes hosts such as example.org, not {site!r}")
    return names(words)


def statuses(words: str) -> tuple[tuple[int, int], ...]:
    """Return (lowest, highest) for each of "404", "4xx" and "400-499". Raises ConfigError."""
    found: list[tuple[int, int]] = []
    for word in names(words):
        if re.fullmatch(r"[1-9]xx", word):
            found.append((int(word[0]) * 100, int(word[0]) * 100 + 99))
        elif (match := re.fullmatch(r"(\d{3})(?:-(\d{3}))?", word, re.ASCII)) and (
            int(match[1]) <= int(match[2] or match[1])
        ):
            found.append((int(match[1]), int(match[2] or match[1])))
        else:
            raise ConfigError(f"--status takes 404, 4xx or 400-499, not {word!r}")
    return tuple(found)


def moment(option: str, word: str, now: float) -> float:
    """Return unix seconds for a date, a time, or how long ago ("90m", "12h", "7d", "2w").

    A time without an offset is in UTC. Raises ConfigError naming ``option``.
    """
    if (ago_s := seconds_of(word)) is not None:
        return now - ago_s
    try:
        read = datetime.fromisoformat(word)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{option} takes a date (2026-11-28), a time (2026-11-28T14:30) or how long ago it was "
            f"(90m, 12h, 7d, 2w), not {word!r}"
        ) from None
