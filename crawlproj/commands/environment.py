"""Lets a command read the environment in other people's projects. Not a command itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings


class ReadsEnvironment:
    """Mixed into a ScrapyCommand that has no crawler, to which no add-on is applied."""

    settings: Settings | None

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the options, and whatever neither they nor the project set from the environment."""
        # Scrapy imports every command to list them.
        from crawlproj.environment import apply_environment  # noqa: PLC0415

        super().process_options(args, opts)  # type: ignore[misc]  # of ScrapyCommand
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        apply_environment(self.settings)
