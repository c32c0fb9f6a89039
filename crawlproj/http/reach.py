"""Asks whether a place can be reached, to find out whose fault a failure is."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from scrapy.exceptions import UnsupportedURLSchemeError

from crawlproj.errors import AddressRefused
from crawlproj.http import wire
from crawlproj.limits.network import Trouble

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

_PATIENCE_S = 5.0


async def works(resolver: AbstractResolver, place: str, trouble: Trouble) -> bool:
    """Return whether what fails with ``trouble`` works at ``place`` ("scheme://host:port").

    Looks the name up and opens a connection, but sends no request: a place that refuses the
    connection was reached, too. For names, the lookup is enough; for files, opening one.
    """
    if trouble is Trouble.FILES:
        return _may_open_files()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            origin, _ = wire.split(place)
            url = origin.url
            addresses = await resolver.resolve(url.raw_host or "", url.port or 0)
            return trouble is Trouble.NAMES or await _connects(addresses[0]["host"], url.port or 0)
    except (AddressRefused, ConnectionRefusedError):
        return True
    except (OSError, TimeoutError, UnsupportedURLSchemeError):
        return False


def _may_open_files() -> bool:
    try:
        socket.socket().close()
    except OSError:
        return False
    return True


async def _connects(address: str, port: int) -> bool:
    _, writer = await asyncio.open_connection(address, port)
    writer.close()
    return True
