"""The reactor that the download handler needs."""

from __future__ import annotations

import asyncio

from scrapy.exceptions import NotConfigured
from scrapy.utils.reactor import is_asyncio_reactor_installed, is_reactor_installed

_NEEDS_ASYNCIO = (
    "crawlproj.http.DownloadHandler needs asyncio: set TWISTED_REACTOR to "
    "'twisted.internet.asyncioreactor.AsyncioSelectorReactor' (Scrapy's default), "
    "or TWISTED_REACTOR_ENABLED to False"
)


def require_asyncio() -> None:
    """Raise NotConfigured if the reactor is installed and is not an asyncio one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if is_reactor_installed() and not is_asyncio_reactor_installed():
            raise NotConfigured(_NEEDS_ASYNCIO) from None
