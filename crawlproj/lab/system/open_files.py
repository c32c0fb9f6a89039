"""What the system allows a process of the lab."""

from __future__ import annotations

import resource

_MOST_FILES = 65_536


def open_many_files() -> None:
    """Raise the soft limit of open files, often 1,024, to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
