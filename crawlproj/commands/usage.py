"""How ``scrapy COMMAND --help`` is laid out. Not a command itself."""

from __future__ import annotations

import textwrap

from scrapy.commands import ScrapyHelpFormatter


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
