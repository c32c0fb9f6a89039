"""A spider that frees large blocks and keeps a small one behind them; test_memory.py runs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Spider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIB = 1024 * 1024
BLOCKS = 64


class FreeingSpider(Spider):
    name = "freeing"

    async def start(self) -> AsyncIterator[Any]:
        before = resident_bytes()
        del [bytearray(16 * MIB)][:]
        large = [bytearray(MIB) for _ in range(BLOCKS)]
        small = bytearray(200_000)
        assert resident_bytes() - before > (BLOCKS - 2) * MIB
        large.clear()
        self.logger.info("%d bytes were kept", resident_bytes() - before - len(small))
        for request in self.start_urls:  # none
            yield request


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
