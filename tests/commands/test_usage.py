"""What --help shows, on terminals of any width."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules

import pytest
from scrapy.cmdline import ScrapyArgumentParser
from scrapy.commands import ScrapyCommand, ScrapyHelpFormatter
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from crawlproj import commands

HEADINGS = {"Usage", "Options", "Global Options", "Commands"}
COMMANDS = {
    name: module.Command
    for _, name, _ in iter_modules(commands.__path__)
    if hasattr(module := import_module(f"crawlproj.commands.{name}"), "Command")
}


def made(name: str) -> tuple[ScrapyCommand, ScrapyArgumentParser]:
    """Return the command and the parser that Scrapy makes for ``scrapy NAME``."""
    command: ScrapyCommand = COMMANDS[name]()
    command.settings = Settings()
    parser = ScrapyArgumentParser(
        formatter_class=ScrapyHelpFormatter,
        usage=f"scrapy {name} {command.syntax()}",
        conflict_handler="resolve",
        description=command.long_desc(),
    )
    command.add_options(parser)
    return command, parser


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrapped_text_is_no_heading_and_breaks_no_option(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, parser = made(name)
    for columns in range(60, 140, 2):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = parser.format_help().splitlines()
        underlined = {text for text, line in pairwise(lines) if line and not line.strip("=-")}
        assert underlined <= HEADINGS, columns
        assert not [line for line in lines if re.search(r"\w-$|--\w+- ", line)], columns


def refusal(name: str, *words: str) -> str:
    """Return how ``scrapy NAME`` refuses these words."""
    command, parser = made(name)
    opts, args = parser.parse_known_args(words)
    with pytest.raises(UsageError) as refused:
        command.process_options(args, opts)
    return str(refused.value)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "lab"])  # has parsers below
def test_an_option_that_a_command_does_not_have_is_refused_by_its_name(name: str) -> None:
    assert refusal(name, "--nohow", "x").startswith("there is no option --nohow")


def test_the_nearest_option_is_named() -> None:
    assert refusal("requeue", "--raeson", "timeout").endswith(": did you mean --reason?")
    assert refusal("limit", "a.test", "--dealy=3").endswith(" --dealy: did you mean --delay?")
    assert refusal("status", "--job", "x") == "there is no option --job"


def test_who_takes_an_argument_of_the_spider_for_an_option_reads_how_it_is_written() -> None:
    assert "-a NAME=VALUE" in refusal("crawl", "site", "--url", "https://a.test")


@pytest.mark.parametrize("words", [("-",), ("-3",), ("--", "--x")])
def test_words_that_are_no_options_are_arguments(words: tuple[str, ...]) -> None:
    command, parser = made("status")
    opts, args = parser.parse_known_args(words)
    command.process_options(args, opts)
    assert args == list(words)
