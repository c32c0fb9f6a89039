"""Keeps of a page, beyond its life in memory, what shows whether it is of a trap."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.content.entered import with_entered
from crawlproj.content.fields import telling_text_of
from crawlproj.content.moments import without_moments
from crawlproj.content.page import content_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scrapy.http import Response

    from crawlproj.items import Page
    from crawlproj.links.traps import Traps


def lesson(
    traps: Traps, response: Response, page: Page
) -> Callable[[Sequence[str]], str | None] | None:
    """Return what takes ``page`` in, given the new URLs that it leads to.

    It is ``Traps.learn``, or ``Traps.lead`` if the page is not looked at. None if nothing is to be
    learned from it.
    """
    if not traps.looks_at(page.url):
        return partial(traps.lead, page.url)
    main_text = ""
    if traps.similar is not None:
        main_text = page.text
        if (content := content_of(response)) is not None:
            main_text = telling_text_of(content, page.main_text, page.text)
    # Pages that are compared may have been fetched minutes apart.
    text = without_moments(with_entered(page.text, response))
    return partial(traps.learn, page.url, text, main=main_text)
