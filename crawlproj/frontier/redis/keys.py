"""Names of the keys that the frontier uses."""

from __future__ import annotations

from urllib.parse import quote

NOTES = "crawlproj:{notes}:text"  # HASH site → note
NOTED = "crawlproj:{notes}:order"  # ZSET site → the order in which it was noted
JOBS = "crawlproj:jobs"  # SET of all jobs' names


def prefix_of(job: str) -> str:
    """Return the prefix of all keys of ``job``; its braces keep them in one slot of a cluster."""
    return f"crawlproj:{{{quote(job, safe='')}}}:"
