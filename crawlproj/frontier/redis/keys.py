"""What the keys of a job begin with."""

from __future__ import annotations

from urllib.parse import quote

NOTES = "crawlproj:{notes}:text"  # HASH site → note
NOTED = "crawlproj:{notes}:order"  # ZSET site → the order in which it was noted
JOBS = "crawlproj:jobs"  # SET of the names of all jobs


def prefix_of(job: str) -> str:
    """Return what the keys of ``job`` begin with; the braces keep them in one slot of a cluster."""
    return f"crawlproj:{{{quote(job, safe='')}}}:"
