"""Warns of a server that is set up to forget what it has acknowledged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoPermissionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawlproj.frontier.redis.server import RedisServer

logger = logging.getLogger(__name__)


async def warn_of_forgetting(server: RedisServer) -> None:
    """Log each setting with which the server may lose URLs; nothing if the user may not ask."""

    async def look() -> Mapping[str, Any]:
        try:
            return dict(await server.redis.info())
        except NoPermissionError:  # INFO is @dangerous
            return {}

    info = await server.ask(look)
    policy = str(info.get("maxmemory_policy", ""))
    if info.get("maxmemory") and policy.startswith("allkeys"):
        logger.warning(
            "%s deletes keys when its memory is full (maxmemory-policy %s), so URLs may be lost: "
            "set the policy to noeviction",
            server.name,
            policy,
        )
    if info.get("aof_enabled") == 0 and not info.get("connected_slaves"):
        logger.warning(
            "%s keeps no append-only file and has no replica, so if it is killed the crawl goes "
            "back to its last snapshot, or begins anew if there is none: set appendonly to yes",
            server.name,
        )
