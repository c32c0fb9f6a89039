"""How much of a site or a domain is fetched at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much of a site or a domain is fetched at most; 0 for no limit.

    pages, sitemaps: of a site. depth: links followed to a page. hosts: of a registrable domain.
    """

    pages: int = 1_000_000
    depth: int = 1_000
    sitemaps: int = 10_000
    hosts: int = 1_000
