"""How commands show and check their options. Not a command itself."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyHelpFormatter
from scrapy.exceptions import UsageError

from crawlproj.errors import nearest

if TYPE_CHECKING:
    import argparse

_OPTION = re.compile(r"--?[A-Za-z][\w-]*")


class Usage(ScrapyHelpFormatter):
    """Lays out as Scrapy does, but breaks no word at its hyphens, so that options can be copied."""

    def format_part_strings(self, part_strings: list[str]) -> list[str]:
        """Underline the headings.

        Scrapy takes any line with a colon at its end for one, and where the text of an option is
        wrapped depends on the terminal. But only such texts are indented.
        """
        if part_strings and part_strings[0].startswith(" "):
            return part_strings
        return super().format_part_strings(part_strings)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = self._split_lines(text, width - len(indent))
        return "\n".join(indent + line for line in lines)


class KnowsItsOptions:
    """Mixed into a ScrapyCommand: lays its help out, and refuses options that it does not have.

    Scrapy takes them for arguments, so that a command would complain of these, or try them.
    """

    _parser: argparse.ArgumentParser

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add Scrapy's options."""
        super().add_options(parser)  # type: ignore[misc]  # of ScrapyCommand
        parser.formatter_class = Usage
        self._parser = parser

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Raise UsageError for an unknown option, with the nearest one; else read the options."""
        for word in args:
            if word == "--":
                break
            if (option := _OPTION.match(word)) is not None:
                raise UsageError(self._unknown(option[0], opts), print_help=False)
        super().process_options(args, opts)  # type: ignore[misc]  # of ScrapyCommand

    def _unknown(self, option: str, opts: argparse.Namespace) -> str:
        known = re.findall(r"--([A-Za-z][\w-]*)", self._parser.format_help())
        meant = ""
        if near := nearest(option.lstrip("-"), known):
            meant = f": did you mean --{near}?"
        elif hasattr(opts, "spargs"):
            meant = " (arguments of the spider are written -a NAME=VALUE, settings -s NAME=VALUE)"
        return f"there is no option {option}{meant}"
