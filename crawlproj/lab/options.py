"""Options that several of the lab's commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.site.latency import Latency

if TYPE_CHECKING:
    import argparse


def not_negative(opts: argparse.Namespace, *names: str) -> None:
    """Check numbers; raises ConfigError naming the option that is wrong."""
    for name in names:
        if getattr(opts, name) < 0:
            raise ConfigError(f"--{name.replace('_', '-')} must be at least 0")


def latency_of(opts: argparse.Namespace) -> Latency:
    """Read --latency; raises ConfigError."""
    try:
        latency = Latency.parse(opts.latency)
    except ConfigError as exc:
        raise ConfigError(f"--latency: {exc}") from None
    if not latency.mean_s:
        raise ConfigError("--latency: there must be something to wait for, such as fixed:1ms")
    return latency
