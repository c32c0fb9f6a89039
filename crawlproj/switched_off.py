"""Leaves out components that a setting switches off and that are slow to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.settings import Settings

__all__ = ["SwitchedOff"]

# The setting that switches them off, the setting that lists them, and their paths.
_PATHS = frozenset({"WEB_BOT_AUTH_KEY"})  # the others are True or False
_COMPONENTS = (
    (
        "COOKIES_ENABLED",
        "DOWNLOADER_MIDDLEWARES",
        {  # import tldextract, which imports requests
            "crawlproj.downloadermiddlewares.cookies.CookiesMiddleware",
            "scrapy.downloadermiddlewares.cookies.CookiesMiddleware",
        },
    ),
    (
        "WEB_BOT_AUTH_KEY",
        "DOWNLOADER_MIDDLEWARES",
        {"crawlproj.downloadermiddlewares.signing.SigningMiddleware"},  # imports cryptography
    ),
    (
        "REMOTE_CONTROL_ENABLED",
        "EXTENSIONS",
        {"scrapy.extensions.remote_control.RemoteControl"},  # imports aiohttp's server
    ),
)


class SwitchedOff:
    """An add-on that makes a crawl start sooner, and changes nothing else.

    Scrapy imports every component that is listed, to ask it whether it is on.
    """

    def update_settings(self, settings: Settings) -> None:
        """Take what is switched off out of the project's and Scrapy's lists of components."""
        for switch, listing, components in _COMPONENTS:
            if settings.get(switch) if switch in _PATHS else settings.getbool(switch):
                continue
            for name in (listing, f"{listing}_BASE"):
                rest = {
                    path: order
                    for path, order in settings.getdict(name).items()
                    if path not in components
                }
                settings.set(name, rest, priority=settings.getpriority(name) or "addon")
