"""Says why a crawl finds nothing on its start page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import TextResponse

from crawlproj.content.page import content_of
from crawlproj.plural import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from crawlproj.links.choice import Choice
    from crawlproj.links.extractor import LinkExtractor
    from crawlproj.links.scope import Scope

_NOT_FOUND = "Links that only a script adds are not found"  # see crawl-javascript-pages.md


def nothing_to_follow(
    response: Response, urls: Sequence[str], scope: Scope, choice: Choice, links: LinkExtractor
) -> str:
    """Return why no link of a start page is followed; "" if one is.

    urls: what it links to. links: the extractor that found them.
    """
    if not scope.allows(response.url):
        return (
            f"it redirects to {response.url}, which is out of scope. To crawl that site, give "
            f"-a url={response.url}"
        )
    if content_of(response) is None or not isinstance(response, TextResponse):
        label = (response.headers.get(b"Content-Type") or b"").decode("latin-1")
        return f"it is not an HTML page: its media type is {label or 'missing'!r}"
    if not links.may_follow(response):
        return (
            "its robots directives (<meta name=robots> or X-Robots-Tag) include nofollow. If "
            "you may crawl it all the same, as with an account of your own, set "
            "PAGE_NOFOLLOW_OBEY=False"
        )
    if not urls:
        return f"it has no links. {_NOT_FOUND}, and those with rel=nofollow are not followed"
    in_scope = [url for url in urls if scope.allows(url)]
    if not in_scope:
        found = counted(len(urls), "link")
        return (
            f"it has {found}, but none in scope={scope.kind}; the first one leads to {urls[0]}. "
            f"{_NOT_FOUND}"
        )
    if choice.by_url and all(map(choice.why_not, in_scope)):
        return (
            f"it has {counted(len(in_scope), 'link')} in scope, but -a include or -a exclude "
            f"leaves out each, or it would change something; the first one leads to {in_scope[0]}"
        )
    return ""
