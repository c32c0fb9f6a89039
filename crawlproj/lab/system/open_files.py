"""The limit of open files of a process."""

from __future__ import annotations

import resource

_MAX_FILES = 65_536


def allow_many_open_files() -> None:
    """Raise the soft limit, often 1,024, to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
