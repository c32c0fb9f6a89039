"""Scrapy's command is known, however it was started."""

from __future__ import annotations

import runpy
import sys
from typing import TYPE_CHECKING

import pytest
from scrapy import cmdline
from scrapy.commands import version

from crawlproj._scrapy.command import running_command

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize(
    "start",
    [cmdline.execute, lambda: runpy.run_module("scrapy.cmdline", run_name="__main__")],
    ids=["scrapy", "python -m scrapy.cmdline"],
)
def test_the_command_is_known_however_it_was_started(
    start: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    monkeypatch.setattr(version.Command, "run", lambda *_: names.append(running_command()))
    monkeypatch.setattr(sys, "argv", ["scrapy", "version"])
    with pytest.raises(SystemExit):
        start()
    assert names == ["version"]
    assert running_command() == ""
