"""Command-line options that several commands of the lab have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


def add_models(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Add ``--models``, which ``model.choose`` reads."""
    parser.add_argument("--models", default="", metavar="A,B",
        help=f"choose from: {', '.join(names)} (default: all)")  # fmt: skip


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add ``--out``."""
    parser.add_argument("--out", default="lab-report", metavar="DIR",
        help="folder for lab.json and lab.html (default: %(default)s)")  # fmt: skip


def check_not_negative(opts: argparse.Namespace, *names: str) -> None:
    """Raise ConfigError, which names the option, if one of these numbers is below 0."""
    for name in names:
        if getattr(opts, name) < 0:
            raise ConfigError(f"--{name.replace('_', '-')} must be at least 0")
