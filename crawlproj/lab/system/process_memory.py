"""Memory of a process and all its descendants, read from /proc; Linux only, None elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROC = Path("/proc")


def pss_bytes(root: int) -> int | None:
    """Return the proportional set size: pages shared by n processes count as 1/n in each.

    None where there is no such figure, or no such process any more.
    """
    sizes = [_pss(pid) for pid in descendants(dict(_parents()), root)]
    return sum(sizes) or None


def descendants(parents: Mapping[int, int], root: int) -> set[int]:
    """Return ``root`` and all that descend from it; ``parents`` is pid → parent's pid."""
    found = {root}
    waiting = dict(parents)
    while more := {pid for pid, parent in waiting.items() if parent in found}:
        found |= more
        for pid in more:
            del waiting[pid]
    return found


def parent_of(stat: str) -> int:
    """Return the parent's pid from a line of /proc/…/stat; the name before it may hold anything."""
    return int(stat.rpartition(")")[2].split()[1])


def _parents() -> Iterator[tuple[int, int]]:
    if not _PROC.is_dir():
        return
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), parent_of((folder / "stat").read_text(errors="replace"))
            except OSError:
                continue  # it has ended


def _pss(pid: int) -> int:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
