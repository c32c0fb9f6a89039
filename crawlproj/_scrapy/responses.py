"""What Scrapy's responses do not say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.http import Response


def given_encoding(response: Response) -> str:
    """Return the encoding that ``response`` was built with; "" if it is left to the content."""
    return getattr(response, "_encoding", None) or ""
