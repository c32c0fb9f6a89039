"""The HTTP download handler, and the guard that keeps its connections on the public web.

Select it with ``DOWNLOAD_HANDLERS = {"http": "crawlproj.http.DownloadHandler", "https": …}``, or
Scrapy's own with ``scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler``.
"""

from crawlproj.http.guard import Guard
from crawlproj.http.handler import DownloadHandler

__all__ = ["DownloadHandler", "Guard"]
