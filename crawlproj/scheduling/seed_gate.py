"""Makes producers of seeds wait while the frontier has enough."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class SeedGate:
    """Open while ``crowded()`` is False; closed for good once no more seeds are wanted."""

    def __init__(self, crowded: Callable[[], bool]) -> None:
        self._crowded = crowded
        self._wanted = True
        self._look = asyncio.Event()

    async def wait(self) -> bool:
        """Wait until there is room; False: put no more seeds."""
        while self._wanted and self._crowded():
            self._look.clear()
            await self._look.wait()
        return self._wanted

    def update(self) -> None:
        """Let those who wait go on if there is room now."""
        if not self._crowded():
            self._look.set()

    def close(self) -> None:
        """Want no more seeds."""
        self._wanted = False
        self._look.set()
