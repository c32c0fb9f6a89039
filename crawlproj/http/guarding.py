"""Whether what a crawl downloads goes through the address guard at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.misc import load_object

from crawlproj.errors import ConfigError
from crawlproj.http.config import HttpConfig

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

_OURS = "crawlproj.http.DownloadHandler"


def check_guarded(settings: BaseSettings) -> None:
    """Raise ConfigError if there is to be a guard, and another handler than ours downloads."""
    if HttpConfig.from_settings(settings).guard is None:
        return
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    for scheme in ("http", "https"):
        handler = handlers.get(scheme)
        if handler in (None, _OURS) or issubclass(load_object(handler), load_object(_OURS)):
            continue
        raise ConfigError(
            f"DOWNLOAD_HANDLERS: {handler} downloads {scheme} URLs, and GUARD_ENABLED has no "
            "effect on it. Leave it out, name it in DOWNLOAD_HANDLERS_BY_META, or set "
            "GUARD_ENABLED = False if this crawl may connect to any address"
        )
