"""Downloading over HTTP: connections, phases, and the guard that keeps them on the public web.

The setting ``DOWNLOAD_HANDLERS = {"http": "crawlproj.http.DownloadHandler", "https": …}`` selects
it; Scrapy's own ``scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler`` stays selectable.
"""

from crawlproj.http.guard import Guard
from crawlproj.http.handler import DownloadHandler

__all__ = ["DownloadHandler", "Guard"]
