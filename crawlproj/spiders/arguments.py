"""What people write after -a: checked, and explained where it is wrong."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.urls import valid_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy import Spider


def refuse_unknown(spider: Spider, names: Iterable[str]) -> None:
    """Raise ConfigError if ``spider`` has no use for an argument, with the nearest right name.

    A subclass may take more arguments, in its ``__init__`` or as attributes of the class. Names
    that begin with an underscore are a server's, such as scrapyd's ``_job``.
    """
    known = {
        name
        for owner in type(spider).__mro__
        if "__init__" in vars(owner)
        for name, parameter in inspect.signature(owner).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    } - {"name"}
    for name in names:
        if name in known or name.startswith("_") or hasattr(type(spider), name):
            continue
        near = get_close_matches(name, known, 1)
        meant = f": did you mean {near[0]}?" if near else ""
        raise ConfigError(
            f"-a {name}: the spider {spider.name!r} has no such argument{meant} "
            f"(it has {', '.join(sorted(known))})"
        )


def start_urls(text: str) -> tuple[list[str], list[str]]:
    """Return the URLs in a comma-separated list, normalized, and what is wrong with the others."""
    urls: list[str] = []
    errors: list[str] = []
    for url in _separate(text):
        try:
            urls.append(valid_url(with_scheme(url)))
        except ValueError as exc:
            errors.append(str(exc))
    return urls, errors


def with_scheme(url: str) -> str:
    """Return ``url`` with https:// if it has no scheme."""
    return url if "://" in url else f"https://{url}"


def _separate(text: str) -> Iterator[str]:
    """Yield the parts of a comma-separated list; a path or query may contain commas itself."""
    url = ""
    for part in text.split(","):
        in_path = "/" in url.rpartition("://")[2] or "?" in url
        in_password = "@" in part.partition("/")[0]
        if url and (in_path or in_password) and "://" not in part and not part.startswith(" "):
            url += f",{part}"
            continue
        if url:
            yield url
        url = part.strip()
    if url:
        yield url
