"""The start URLs of a crawl, as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.spiders.arguments import ArgumentError
from crawlproj.spiders.lists import lines_of, read_line, with_scheme
from crawlproj.urls import valid_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def start_urls(text: str) -> tuple[list[str], list[str]]:
    """Return the start URLs, normalized and without repeats, and what is wrong with the others.

    text: a comma-separated list, or "@" and the path of a file with a URL per line (see lists.py).

    Raises ArgumentError if the file cannot be read.
    """
    if text.startswith("@"):
        return _listed_urls(text[1:])
    urls: list[str] = []
    errors: list[str] = []
    for url in _separate(text):
        try:
            urls.append(valid_url(with_scheme(url)))
        except ValueError as exc:
            errors.append(str(exc))
    return urls, errors


def name_of(text: str, urls: Iterable[str]) -> str:
    """Return the same name for the same start URLs: the path of their file, or ``urls``."""
    return str(Path(text[1:]).resolve()) if text.startswith("@") else ",".join(sorted(urls))


def _listed_urls(path: str) -> tuple[list[str], list[str]]:
    urls: dict[str, None] = {}
    errors: list[str] = []
    try:
        for number, line in enumerate(lines_of(Path(path)), 1):
            try:
                found = read_line(line)
                if found is not None and found[1]:
                    raise ValueError('"meta" is for the spider urls')
            except ValueError as exc:
                errors.append(f"{path}, line {number}: {exc}")
            else:
                urls.update({found[0]: None} if found is not None else {})
    except OSError as exc:
        raise ArgumentError(
            "url",
            f"=@{path} cannot be read: {exc.strerror}. Name a text file with one URL per line",
        ) from None
    return list(urls), errors


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
