"""Markdown as tests look at it."""

from __future__ import annotations

from crawlproj.content.text import markdown_of
from crawlproj.content.tree import tree_of


def markdown(html: str) -> str:
    """Return the Markdown of ``html``, and check that its tree is as before."""
    page = tree_of(html.encode(), "utf-8")
    before = page.html
    found = markdown_of(page, str)
    assert page.html == before
    return found
