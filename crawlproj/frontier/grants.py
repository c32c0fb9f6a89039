"""What becomes of a check that a worker wants to put, within the budget of its site."""

from __future__ import annotations

from enum import IntEnum


class Grant(IntEnum):
    """The answer to a worker. The numbers are those of ``redis/lua/spend.lua``."""

    SPENT = -1
    """The site has no checks left at the moment."""
    TAKEN = 0
    """Another worker has put this check; it counts once."""
    GIVEN = 1
    """The worker may put it."""
