"""The TLS settings of Scrapy's own download handlers."""

from __future__ import annotations

from ssl import SSLError
from typing import TYPE_CHECKING

from scrapy.utils import ssl as scrapy_ssl

from crawlproj._scrapy import require
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

    from scrapy.settings import BaseSettings

_CHOSEN = ("DOWNLOAD_TLS_MIN_VERSION", "DOWNLOAD_TLS_MAX_VERSION", "DOWNLOADER_CLIENT_TLS_CIPHERS")


def ssl_context(settings: BaseSettings) -> SSLContext:
    """Return the context that the settings of Scrapy's for TLS describe.

    Raises ConfigError if one of them is wrong, CrawlprojError if this Scrapy is built differently.
    """
    require(scrapy_ssl, "_make_ssl_context")
    try:
        return scrapy_ssl._make_ssl_context(settings)
    except (ValueError, SSLError) as exc:
        given = ", ".join(f"{name}={settings[name]!r}" for name in _chosen(settings))
        raise ConfigError(
            f"{given}: {exc}; versions are TLSv1.0, TLSv1.1, TLSv1.2 and TLSv1.3, "
            "ciphers a list of OpenSSL's"
        ) from None


def check_tls(settings: BaseSettings) -> None:
    """Raise ConfigError if a setting of TLS is wrong."""
    if _chosen(settings):  # a context takes time to make: it reads every trusted certificate
        ssl_context(settings)


def _chosen(settings: BaseSettings) -> list[str]:
    return [name for name in _CHOSEN if settings[name] not in {None, "DEFAULT"}]
