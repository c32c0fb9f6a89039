"""A spider with a contract that it does not keep, for tests/test_runs.py."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scrapy import Spider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response


class Shop(Spider):
    name = "shop"

    def parse(self, response: Response) -> Iterator[dict[str, str | None]]:
        yield {"title": response.css("title::text").get()}

    parse.__doc__ = f"""Yield one item a page.

    @url {os.environ.get("BASE", "")}
    @returns items 5 5
    """
