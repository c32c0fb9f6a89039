"""The only place that touches Scrapy's private surface.

Written for Scrapy 2.19.

``require`` checks at start-up that what is touched is there, and names what to do if it is not.
"""

from __future__ import annotations

import scrapy

from crawlproj.errors import CrawlprojError

LOWEST = (2, 19)

if scrapy.version_info[:2] < LOWEST:
    raise CrawlprojError(
        f"crawlproj needs Scrapy 2.19 or later, and {scrapy.__version__} is installed: "
        "pip install --upgrade scrapy"
    )


def require(owner: object, *names: str) -> None:
    """Raise CrawlprojError unless ``owner`` has every one of ``names``."""
    for name in names:
        if not hasattr(owner, name):
            raise CrawlprojError(
                f"Scrapy {scrapy.__version__} has no {name} where crawlproj needs it: install the "
                "version of Scrapy that requirements.txt names"
            )
