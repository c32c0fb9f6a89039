"""``scrapy fleet`` before its workers start."""

from __future__ import annotations

import logging
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from crawlproj.commands.fleet import Command
from crawlproj.fleet.running import FleetRun

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_of_the_job_is_there_before_workers_would_make_it_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = []

    def run(_: FleetRun) -> int:
        there.append((tmp_path / "job").is_dir())
        return 0

    monkeypatch.setattr(FleetRun, "run", run)
    monkeypatch.setattr("asyncio.run", lambda status: status)
    ours = logging.getLogger("crawlproj")
    monkeypatch.setattr(ours, "handlers", [])
    monkeypatch.setattr(ours, "level", logging.INFO)
    fleet = Command()
    fleet.settings = Settings(
        {
            "SPIDER_MODULES": ["crawlproj.spiders"],
            "JOBDIR": str(tmp_path / "job"),
            "FLEET_DIR": str(tmp_path / "fleet"),
        }
    )
    given = Namespace(workers=1, spargs=["url=http://a.test/"], serve=False, set=[], loglevel="")
    fleet.run(["site"], given)
    for handler in ours.handlers:
        handler.close()
    assert there == [True]


def test_a_folder_that_cannot_be_made_is_one_line_that_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fleet = Command()
    fleet.settings = Settings(
        {"SPIDER_MODULES": ["crawlproj.spiders"], "FLEET_DIR": str(tmp_path / "file/fleet")}
    )
    given = Namespace(workers=1, spargs=["url=http://a.test/"], serve=False, set=[], loglevel="")
    with pytest.raises(UsageError, match=r"file/fleet cannot be written .* set FLEET_DIR"):
        fleet.run(["site"], given)
