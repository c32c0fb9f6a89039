"""The settings of what is fetched of a site at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.config import integer
from crawlproj.links.traps import Budgets

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings


def budgets_of(settings: BaseSettings) -> Budgets:
    """Return the budgets that the settings give. Raises ConfigError naming a wrong one."""
    usual = Budgets()
    return Budgets(
        pages=integer(settings, "SITE_MAX_PAGES", usual.pages),
        depth=integer(settings, "SITE_MAX_DEPTH", usual.depth),
        sitemaps=integer(settings, "SITE_MAX_SITEMAPS", usual.sitemaps),
        hosts=integer(settings, "DOMAIN_MAX_HOSTS", usual.hosts),
    )
