"""The answers to a worker that asks for checks from the budget of a site."""

from __future__ import annotations

from enum import IntEnum


class Grant(IntEnum):
    """Whether a worker may put a check. ``redis/lua/spend.lua`` has the same numbers."""

    SPENT = -1
    """The site has no checks left at the moment."""
    TAKEN = 0
    """Another worker has put this check; it counts once."""
    GIVEN = 1
    """The worker may put it."""
