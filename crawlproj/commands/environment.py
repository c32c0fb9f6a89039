"""The settings of a command, as its user gave them. Not a command itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crawlproj.commands.usage import KnowsItsOptions

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import BaseSettings, Settings


class ReadsEnvironment(KnowsItsOptions):
    """Mixed into a ScrapyCommand whose own settings count, because no add-on is applied to them.

    Reads the environment, which in other people's projects only the add-on would do.
    """

    settings: Settings | None
    requires_crawler_process: bool  # whether it is a crawl

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options, and whatever neither they nor the project set from the environment."""
        # Scrapy imports every command to list them.
        from crawlproj.environment import apply_environment  # noqa: PLC0415

        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        apply_environment(self.settings)
        if not self.requires_crawler_process:
            warn_of_misspelt(self.settings)


def warn_of_misspelt(settings: BaseSettings) -> None:
    """Print which names of settings are misspelt; a crawl logs them."""
    from crawlproj.setting_names import misspelt  # noqa: PLC0415 - as above

    for warning in misspelt(settings):
        print(f"scrapy: warning: {warning}", file=sys.stderr)
