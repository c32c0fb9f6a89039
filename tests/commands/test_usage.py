"""What --help shows, on terminals of any width."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules

import pytest
from scrapy.cmdline import ScrapyArgumentParser
from scrapy.commands import ScrapyCommand, ScrapyHelpFormatter
from scrapy.settings import Settings

from crawlproj import commands

HEADINGS = {"Usage", "Options", "Global Options", "Commands"}
COMMANDS = {
    name: module.Command
    for _, name, _ in iter_modules(commands.__path__)
    if hasattr(module := import_module(f"crawlproj.commands.{name}"), "Command")
}


def parser_of(name: str) -> ScrapyArgumentParser:
    """Return the parser that Scrapy makes for ``scrapy NAME``."""
    command: ScrapyCommand = COMMANDS[name]()
    command.settings = Settings()
    parser = ScrapyArgumentParser(
        formatter_class=ScrapyHelpFormatter,
        usage=f"scrapy {name} {command.syntax()}",
        conflict_handler="resolve",
        description=command.long_desc(),
    )
    command.add_options(parser)
    return parser


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrapped_text_is_no_heading_and_breaks_no_option(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = parser_of(name)
    for columns in range(60, 140, 2):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = parser.format_help().splitlines()
        underlined = {text for text, line in pairwise(lines) if line and not line.strip("=-")}
        assert underlined <= HEADINGS, columns
        assert not [line for line in lines if re.search(r"\w-$|--\w+- ", line)], columns
