"""Counts which pages killed their workers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crawlproj.private_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KILLS = 3  # workers that a page may kill before it is not tried again
REASON = "killed-worker"


class Quarantine:
    """How many workers each page has killed in one generation of a job; kept in a file.

    Without a fleet, the only worker is the process of ``scrapy crawl``.
    """

    def __init__(self, path: Path, generation: int) -> None:
        self._path = path
        self._generation = generation
        self._kills: dict[str, int] = {}
        try:
            kept = json.loads(path.read_text("utf-8"))
            if kept["generation"] == generation:
                self._kills = {str(url): int(count) for url, count in kept["kills"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # no file, or not a readable one: count from zero

    @property
    def kills(self) -> Mapping[str, int]:
        """How many workers each page has killed, if any."""
        return self._kills

    def blame(self, url: str) -> int:
        """Count a worker that died on a page; returns how many have."""
        kills = self._kills[url] = self._kills.get(url, 0) + 1
        kept = {"generation": self._generation, "kills": self._kills}
        write_whole(self._path, json.dumps(kept, ensure_ascii=False, indent=1))
        return kills
