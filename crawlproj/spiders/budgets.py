"""The settings of what is fetched of a site at most, and of what counts as new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.config import integer, number
from crawlproj.errors import ConfigError
from crawlproj.links.budgets import Budgets

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawlproj.links.similar import SimilarTexts


def budgets_of(settings: BaseSettings) -> Budgets:
    """Return the budgets that the settings give. Raises ConfigError naming a wrong one."""
    usual = Budgets()
    return Budgets(
        pages=integer(settings, "SITE_MAX_PAGES", usual.pages),
        depth=integer(settings, "SITE_MAX_DEPTH", usual.depth),
        sitemaps=integer(settings, "SITE_MAX_SITEMAPS", usual.sitemaps),
        hosts=integer(settings, "DOMAIN_MAX_HOSTS", usual.hosts),
    )


def similar_texts_of(settings: BaseSettings) -> SimilarTexts | None:
    """Return the memory of similar texts; None if NEAR_DUPLICATES is 0.

    Raises ConfigError if that is not a share, or the library is missing.
    """
    share = number(settings, "NEAR_DUPLICATES", 0.0)
    if not share:
        return None
    if not 0.5 <= share <= 1:
        raise ConfigError(
            f"NEAR_DUPLICATES must be 0 (off) or a share of words from 0.5 to 1, such as 0.9, not "
            f"{share:g}"
        )
    try:
        from crawlproj.links.similar import SimilarTexts  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(
            f"NEAR_DUPLICATES needs one more package: pip install 'crawlproj[similar]' ({exc})"
        ) from None
    return SimilarTexts(share)
