"""The memory of a process and all its descendants, read from /proc (Linux only)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROC = Path("/proc")


def pss_bytes(root: int) -> int | None:
    """Return the proportional set size (PSS) of the process tree below ``root``, a pid.

    A page of memory that n processes share counts as 1/n in each. None if the system does not
    provide the figure, or if the process has ended.
    """
    sizes = [_pss(pid) for pid in descendants(dict(_parents()), root)]
    return sum(sizes) or None


def descendants(parents: Mapping[int, int], root: int) -> set[int]:
    """Return ``root`` and all its descendants. parents: {pid: the parent's pid}."""
    found = {root}
    remaining = dict(parents)
    while more := {pid for pid, parent in remaining.items() if parent in found}:
        found |= more
        for pid in more:
            del remaining[pid]
    return found


def parent_of(stat: str) -> int:
    """Return the parent's pid from the content of /proc/PID/stat.

    The process's name, in brackets before the pid, may contain any character.
    """
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
