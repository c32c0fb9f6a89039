"""The limit of open files of a process, which bounds its connections."""

from __future__ import annotations

import resource

_MAX_FILES = 65_536
_OTHERS = 32  # the frontier, the store, logs, pipes, the event loop
_PER_REQUEST = 2  # a connection, and the socket of a name lookup


def allow_many_open_files() -> None:
    """Raise the soft limit, often 1,024, to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def requests_allowed() -> int:
    """Return for how many requests at a time the limit leaves room; at least 1."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = _MAX_FILES
    return max(1, (soft - _OTHERS) // _PER_REQUEST)
