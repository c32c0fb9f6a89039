"""The only place that touches Scrapy's private surface (written against Scrapy 2.19).

``require`` checks at start-up that what is touched is there, and names what to do if it is not.
"""

from __future__ import annotations

import scrapy

from crawlproj.errors import CrawlprojError


def require(owner: object, *names: str) -> None:
    """Raise CrawlprojError unless ``owner`` has every one of ``names``."""
    for name in names:
        if not hasattr(owner, name):
            raise CrawlprojError(
                f"Scrapy {scrapy.__version__} has no {name} where crawlproj needs it: install the "
                "version of Scrapy that requirements.txt names"
            )
