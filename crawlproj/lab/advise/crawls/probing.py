"""Installs the probe in crawls that are about to start."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawlproj.lab.advise.crawls.probe import FOLDER, Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.settings import BaseSettings

_PROBE = f"{Probe.__module__}.{Probe.__qualname__}"


def extensions_with_probe(settings: BaseSettings) -> str:
    """Return the setting EXTENSIONS including the probe, as a command line takes it."""
    known = {
        name if isinstance(name, str) else f"{name.__module__}.{name.__qualname__}": order
        for name, order in settings.getdict("EXTENSIONS").items()
    }
    return json.dumps({**known, _PROBE: 0})


@contextmanager
def probes_write_to(folder: str) -> Iterator[None]:
    """Make probes of crawls that start within this context write to ``folder``."""
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]
